import { assert } from '../assert.ts'
import { columnLimit, decodeColumn, encodeColumn } from './column-codec.ts'

/** Samples of one series as columns; a float has one value column, a histogram row its sum, its count and its buckets. */
export interface Samples {
  readonly time_ms: Float64Array
  readonly columns: readonly Float64Array[]
  readonly stale: Uint8Array
}

/** A range of samples: `from` included, `to` not. */
export interface SampleRange {
  readonly samples: Samples
  readonly from: number
  readonly to: number
}

/** Where decoded samples go, and which columns are wanted: `columns[i]` receives column `wanted[i]`, ascending. */
export interface ChunkTarget {
  readonly samples: Samples
  readonly wanted: readonly number[]
  readonly at: number
}

/** Three bytes of length before each column, so that unwanted ones are jumped over. */
const LENGTH_BYTES = 3
let scratch = new Uint8Array(4096)

/** Bytes that a chunk of this size never exceeds. */
export function chunkLimit(columns: number, count: number): number {
  return 1 + Math.ceil(count / 8) + (columns + 1) * (LENGTH_BYTES + columnLimit(count))
}

function writeFlags(range: SampleRange, out: Uint8Array): number {
  const { samples, from, to } = range
  const any = samples.stale.subarray(from, to).includes(1)
  out[0] = any ? 1 : 0
  if (!any) return 1
  const bytes = Math.ceil((to - from) / 8)
  out.fill(0, 1, 1 + bytes)
  for (let i = from; i < to; i++) if (samples.stale[i] === 1) out[1 + ((i - from) >> 3)]! |= 1 << ((i - from) & 7)
  return 1 + bytes
}

/** Lossless, sealed samples: stale flags, then times, then each column. A view, valid until the next call. */
export function encodeChunk(range: SampleRange): Uint8Array {
  const { samples, from, to } = range
  assert(to > from, 'a chunk holds at least one sample')
  const limit = chunkLimit(samples.columns.length, to - from)
  if (scratch.length < limit) scratch = new Uint8Array(limit * 2)
  let at = writeFlags(range, scratch)
  for (let column = -1; column < samples.columns.length; column++) {
    const values = column < 0 ? samples.time_ms : samples.columns[column]!
    const start = at + LENGTH_BYTES
    const end = encodeColumn({ values, from, to }, scratch, start)
    const length = end - start
    scratch[at] = length
    scratch[at + 1] = length >> 8
    scratch[at + 2] = length >> 16
    at = end
  }
  return scratch.subarray(0, at)
}

/** Decodes `count` samples from `bytes` at `start`. The bytes must be ours. */
export function decodeChunk(bytes: Uint8Array, start: number, count: number, target: ChunkTarget): void {
  const { samples, wanted, at: to } = target
  let at = start + 1
  if (bytes[start] === 1) {
    for (let i = 0; i < count; i++) samples.stale[to + i] = (bytes[at + (i >> 3)]! >> (i & 7)) & 1
    at += Math.ceil(count / 8)
  } else samples.stale.fill(0, to, to + count)
  decodeColumn(bytes, at + LENGTH_BYTES, { values: samples.time_ms, to, count })
  at += LENGTH_BYTES + lengthAt(bytes, at)
  let column = 0
  for (const [i, want] of wanted.entries()) {
    for (; column < want; column++) at += LENGTH_BYTES + lengthAt(bytes, at)
    decodeColumn(bytes, at + LENGTH_BYTES, { values: samples.columns[i]!, to, count })
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
}
