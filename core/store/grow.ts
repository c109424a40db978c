type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array

/** The column when it has room for `length` entries, else a copy at least twice as long, zeros behind. */
export function grown<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column
  const larger = new (column.constructor as new (length: number) => T)(Math.max(length, column.length * 2))
  larger.set(column)
  return larger
}

/** The same in memory that a worker can read in place, half as long again: such columns are large. */
export function grownShared(column: Uint32Array, length: number): Uint32Array {
  if (length <= column.length) return column
  const larger = sharedColumn(Math.max(length, column.length + (column.length >>> 1)))
  larger.set(column)
  return larger
}

export function sharedColumn(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4))
}
