import type { HistogramShape } from '#core/exponential.ts'

import { FIXED64, ProtoWriter, VARINT } from './proto-writer.ts'

/** `Histogram.ResetHint`. */
const GAUGE = 3

/** Deltas in zigzag are exact below this. */
const EXACT = 2 ** 51

/** A sample of a native row. `buckets` in the order of `bucketCount` (core/exponential.ts). */
export interface NativeSample {
  readonly shape: HistogramShape
  /** It may go down. */
  readonly gauge: boolean
  readonly time_ms: number
  readonly sum: number
  readonly count: number
  readonly buckets: Float64Array
  readonly stale: boolean
}

interface Side {
  /** Spans as pairs: buckets left out since the span before (Prometheus' index at the first), length. */
  readonly spans: readonly (readonly [offset: number, length: number])[]
  readonly counts: readonly number[]
}

/** The buckets that hold something; the first is that of Prometheus' index `first`. */
function sideOf(buckets: Float64Array, start: number, count: number, first: number): Side {
  const spans: [number, number][] = []
  const counts: number[] = []
  let end = 0
  for (let i = 0; i < count; i++) {
    const value = buckets[start + i]!
    if (value === 0) continue
    const index = first + i
    const last = spans.at(-1)
    if (last !== undefined && index === end) last[1]++
    else spans.push([index - end, 1])
    end = index + 1
    counts.push(value)
  }
  return { spans, counts }
}

const isWhole = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < EXACT

const scratch = new ProtoWriter()

function packed(out: ProtoWriter, field: number, values: readonly number[], write: (value: number) => void): void {
  if (values.length === 0) return
  scratch.clear()
  for (const value of values) write(value)
  out.bytes(field, scratch.view())
}

function writeSide(out: ProtoWriter, { spans, counts }: Side, first: number, whole: boolean): void {
  for (const [offset, length] of spans) {
    scratch.clear()
    scratch.tag(1, VARINT)
    scratch.sint64(offset)
    scratch.tag(2, VARINT)
    scratch.varint(length)
    out.bytes(first, scratch.view())
  }
  if (whole) {
    const deltas = counts.map((value, i) => value - (counts[i - 1] ?? 0))
    packed(out, first + 1, deltas, (value) => scratch.sint64(value))
  } else packed(out, first + 2, counts, (value) => scratch.double(value))
}

/**
 * The fields of `Histogram`, the same in remote write 1.0 and 2.0: whole counts as integers with deltas, others as
 * floats. A stale one has nothing but the stale bits for its sum.
 */
export function writeNativeHistogram(out: ProtoWriter, sample: NativeSample): void {
  const { shape, gauge, time_ms, sum, count, buckets, stale } = sample
  const whole = stale || (isWhole(count) && buckets.every(isWhole))
  if (whole) {
    out.tag(1, VARINT)
    out.varint(stale ? 0 : count)
  } else {
    out.tag(2, FIXED64)
    out.double(count)
  }
  out.tag(3, FIXED64)
  if (stale) out.staleNaN()
  else out.double(sum)
  out.tag(4, VARINT)
  out.sint64(shape.schema)
  out.tag(5, FIXED64)
  out.double(shape.zero_threshold)
  const zero = stale ? 0 : buckets[0]!
  if (whole) {
    out.tag(6, VARINT)
    out.varint(zero)
  } else {
    out.tag(7, FIXED64)
    out.double(zero)
  }
  if (!stale) {
    // Of powers Prometheus' bucket k + 1 is our k.
    const further = shape.custom_bounds === undefined ? 1 : 0
    const { positive_count, positive_offset, negative_count, negative_offset } = shape
    const negative = sideOf(buckets, 1 + positive_count, negative_count, negative_offset + further)
    const positive = sideOf(buckets, 1, positive_count, positive_offset + further)
    writeSide(out, negative, 8, whole)
    writeSide(out, positive, 11, whole)
  }
  if (gauge) {
    out.tag(14, VARINT)
    out.varint(GAUGE)
  }
  out.tag(15, VARINT)
  out.int64(time_ms)
  if (shape.custom_bounds !== undefined) packed(out, 16, [...shape.custom_bounds], (bound) => scratch.double(bound))
}
