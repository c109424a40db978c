import type { Labels } from '#core/series.ts'

const MASK = (1n << 64n) - 1n
const P1 = 0x9e37_79b1_85eb_ca87n
const P2 = 0xc2b2_ae3d_27d4_eb4fn
const P3 = 0x1656_67b1_9e37_79f9n
const P4 = 0x85eb_ca77_c2b2_ae63n
const P5 = 0x27d4_eb2f_1656_67c5n

const rotated = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK
const round = (sum: bigint, input: bigint): bigint => (rotated((sum + input * P2) & MASK, 31n) * P1) & MASK

/** XXH64 with seed 0 (method: the specification of xxHash). */
export function xxh64(bytes: Buffer): bigint {
  let at = 0
  let hash = P5
  if (bytes.length >= 32) {
    const sums = [(P1 + P2) & MASK, P2, 0n, -P1 & MASK]
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) sums[i] = round(sums[i]!, bytes.readBigUInt64LE(at + i * 8))
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, by, i) => sum + rotated(sums[i]!, by), 0n) & MASK
    for (const sum of sums) hash = ((hash ^ round(0n, sum)) * P1 + P4) & MASK
  }
  hash = (hash + BigInt(bytes.length)) & MASK
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotated(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * P1 + P4) & MASK
  }
  if (at + 4 <= bytes.length) {
    hash = (rotated(hash ^ ((BigInt(bytes.readUInt32LE(at)) * P1) & MASK), 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < bytes.length; at++) hash = (rotated(hash ^ ((BigInt(bytes[at]!) * P5) & MASK), 11n) * P1) & MASK
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return hash ^ (hash >> 32n)
}

/** The hash that Prometheus has of a label set: of its names and values in order, each behind its length (its `stringlabels`, the default build). */
export function hashOf(labels: Labels): bigint {
  const parts: Buffer[] = []
  for (const text of [...labels].flat()) {
    const bytes = Buffer.from(text)
    const { length } = bytes
    parts.push(
      Buffer.from(length < 255 ? [length] : [255, length & 255, (length >> 8) & 255, (length >> 16) & 255]),
      bytes,
    )
  }
  return xxh64(Buffer.concat(parts))
}
