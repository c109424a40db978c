/** What a gzip member says at its end of its own length (RFC 1952, modulo 2^32); of several, the last one's. */
export function gzipSize(packed: Buffer): number {
  return packed.length < 18 ? 0 : packed.readUInt32LE(packed.length - 4)
}

/** What a zstd frame says at its head (RFC 8878, 3.1.1.1); undefined where it says nothing, as streams do. */
export function zstdSize(packed: Buffer): number | undefined {
  if (packed.length < 14) return undefined
  const head = packed[4]!
  const single = (head & 32) !== 0
  const from = 5 + (single ? 0 : 1) + [0, 1, 2, 4][head & 3]!
  switch (head >> 6) {
    case 0:
      return single ? packed[from] : undefined
    case 1:
      return packed.readUInt16LE(from) + 256
    case 2:
      return packed.readUInt32LE(from)
    default:
      return undefined
  }
}
