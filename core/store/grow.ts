type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array

/** The column when it has room for `length` entries, else a copy at least twice as long, zeros behind. */
export function grown<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column
  const larger = new (column.constructor as new (length: number) => T)(Math.max(length, column.length * 2))
  larger.set(column)
  return larger
}
