import { assert } from '../assert.ts'
import { columnLimit, decodeColumn, encodeColumn } from './column-codec.ts'
import { PieceKernel } from './piece-kernel.ts'
import { SampleBuffer } from './sample-buffer.ts'
import { varintLength, writeVarint } from './scaled-column.ts'

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
export interface PieceTarget {
  readonly samples: Samples
  readonly wanted: readonly number[]
  /** How many the series has. */
  readonly columns: number
  readonly at: number
  /** Values of a piece that lies outside as a whole are not decoded. */
  readonly range?: { readonly from_ms: number; readonly to_ms: number }
}

/** Whether a piece whose times were decoded lies outside of the range of its target. */
export function isOutside({ samples: { time_ms }, at, range }: PieceTarget, count: number): boolean {
  return range !== undefined && (time_ms[at + count - 1]! < range.from_ms || time_ms[at]! > range.to_ms)
}

/** Bits of the first byte: stale flags follow; lengths are varints (in format 1 of the store they are three bytes). */
const STALE = 1
const VARINTS = 2
const LENGTH_LIMIT = 5
let scratch = new Uint8Array(4096)

/** Bytes that a piece of this size never exceeds. */
export function pieceLimit(columns: number, count: number): number {
  return 8 + Math.ceil(count / 8) + (columns + 1) * (LENGTH_LIMIT + columnLimit(count))
}

function writeFlags({ samples, from, to }: SampleRange, out: Uint8Array, at: number): number {
  let any = 0
  for (let i = from; i < to; i++) any |= samples.stale[i]!
  out[at] = any === 0 ? VARINTS : VARINTS | STALE
  if (any === 0) return at + 1
  const bytes = Math.ceil((to - from) / 8)
  out.fill(0, at + 1, at + 1 + bytes)
  for (let i = from; i < to; i++) if (samples.stale[i] === 1) out[at + 1 + ((i - from) >> 3)]! |= 1 << ((i - from) & 7)
  return at + 1 + bytes
}

const kernel = PieceKernel.begin()

/** A buffer that pieces are best written from; the same for all. */
export const desk = kernel?.desk ?? new SampleBuffer()

/**
 * Lossless, sealed samples: their number, stale flags, then times, then each column with its length, so that unwanted ones are
 * jumped over. A chunk is one or more of these, one behind the other. A view, valid until the next call.
 */
export function encodePiece(range: SampleRange): Uint8Array {
  const { samples, from, to } = range
  const count = to - from
  assert(count > 0, 'a piece holds at least one sample')
  const isForKernel =
    kernel !== undefined && count <= kernel.most && pieceLimit(samples.columns.length, count) <= kernel.room
  return isForKernel ? kernel.encode(range) : encodeInScript(range)
}

/** The same in JavaScript: for what the kernel has no room for, and where there is none. Kernels write what it writes, byte for byte. */
export function encodeInScript(range: SampleRange): Uint8Array {
  const { samples, from, to } = range
  const limit = pieceLimit(samples.columns.length, to - from)
  if (scratch.length < limit) scratch = new Uint8Array(limit * 2)
  let at = writeFlags(range, scratch, writeVarint(to - from, scratch, 0))
  for (let column = -1; column < samples.columns.length; column++) {
    const values = column < 0 ? samples.time_ms : samples.columns[column]!
    // Most columns are so short that their length takes a byte.
    const start = at + 1
    const end = encodeColumn({ values, from, to }, scratch, start)
    if (end - start < 128) {
      scratch[at] = end - start
      at = end
    } else at = moved(start, end)
  }
  return scratch.subarray(0, at)
}

/** Makes room for the length of the column in `[start, end)`, whose first byte stands before it; returns where it ends then. */
function moved(start: number, end: number): number {
  const length = end - start
  const to = start - 1 + varintLength(length)
  scratch.copyWithin(to, start, end)
  writeVarint(length, scratch, start - 1)
  return to + length
}

let read = 0
/** A varint of less than 2^31; where it ends is left in `read`. */
function varint(bytes: Uint8Array, at: number): number {
  let value = bytes[at]!
  read = at + 1
  if (value < 128) return value
  value &= 127
  for (let shift = 7; shift < 31; shift += 7) {
    const byte = bytes[read++]!
    value |= (byte & 127) << shift
    if (byte < 128) break
  }
  return value
}

/** The number of samples in the piece that begins at `start`. */
export function pieceCount(bytes: Uint8Array, start: number): number {
  return varint(bytes, start)
}

const firstTime_ms = new Float64Array(1)

/** Time of the first sample of the piece that begins at `start`, without decoding the others. */
export function pieceFrom_ms(bytes: Uint8Array, start: number): number {
  const count = varint(bytes, start)
  const flags = bytes[read]!
  let at = read + 1
  if ((flags & STALE) !== 0) at += Math.ceil(count / 8)
  if ((flags & VARINTS) === 0) at += 3
  else {
    varint(bytes, at)
    at = read
  }
  decodeColumn(bytes, at, { values: firstTime_ms, to: 0, count: 1 })
  return firstTime_ms[0]!
}

/** Decodes the piece at `start`; returns where it ends. The bytes must be ours. */
export function decodePiece(bytes: Uint8Array, start: number, target: PieceTarget): number {
  const { samples, wanted, columns, at: to } = target
  const count = varint(bytes, start)
  let at = read
  const flags = bytes[at++]!
  if ((flags & STALE) === 0) samples.stale.fill(0, to, to + count)
  else {
    for (let i = 0; i < count; i++) samples.stale[to + i] = (bytes[at + (i >> 3)]! >> (i & 7)) & 1
    at += Math.ceil(count / 8)
  }
  let next = 0
  for (let column = -1; column < columns; column++) {
    const length = (flags & VARINTS) === 0 ? threeBytes(bytes, at) : varint(bytes, at)
    at = read
    if (column < 0) {
      decodeColumn(bytes, at, { values: samples.time_ms, to, count })
      if (isOutside(target, count)) next = wanted.length
    } else if (wanted[next] === column) decodeColumn(bytes, at, { values: samples.columns[next++]!, to, count })
    at += length
  }
  return at
}

function threeBytes(bytes: Uint8Array, at: number): number {
  read = at + 3
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
}
