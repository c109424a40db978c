function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

/** A field of a protobuf message, numbered up to 15: a number, or bytes. */
export function field(number: number, value: number | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.from([number * 8, ...varint(value)])
  return Buffer.concat([Buffer.from([number * 8 + 2, ...varint(value.length)]), value])
}
