import type { Samples } from './chunk-codec.ts'
import { SampleBuffer } from './sample-buffer.ts'

/** Columns of a rollup. The last value's time, as ms behind the beginning of the bucket, decides between parts of one bucket. */
export const MIN = 0
export const MAX = 1
export const SUM = 2
export const COUNT = 3
export const LAST = 4
export const LAST_AT = 5
export const ROLLUP_COLUMNS = 6

/** Parts of buckets: a bucket may come in several, in any order. Its time is its beginning. */
export class RollupBuffer extends SampleBuffer {
  constructor() {
    super()
    this.reset(ROLLUP_COLUMNS)
  }

  /** Adds floats of a range; stale ones and NaN are left out. They are in order of time. */
  addSamples({ time_ms, columns: [values], stale }: Samples, from: number, to: number, step_ms: number): void {
    let [begin_ms, end_ms] = [0, -Infinity]
    let [min, max, sum, count, last, last_ms] = [0, 0, 0, 0, 0, 0]
    for (let i = from; i < to; i++) {
      const value = values![i]!
      if (stale[i] === 1 || Number.isNaN(value)) continue
      const at_ms = time_ms[i]!
      if (at_ms >= end_ms) {
        if (count > 0) this.#add(begin_ms, min, max, sum, count, last, last_ms - begin_ms)
        begin_ms = Math.floor(at_ms / step_ms) * step_ms
        end_ms = begin_ms + step_ms
        min = max = value
        sum = count = 0
      }
      if (value < min) min = value
      if (value > max) max = value
      sum += value
      count++
      last = value
      last_ms = at_ms
    }
    if (count > 0) this.#add(begin_ms, min, max, sum, count, last, last_ms - begin_ms)
  }

  /** Adds parts of finer buckets. */
  addParts({ time_ms, columns }: Samples, from: number, to: number, step_ms: number): void {
    const [min, max, sum, count, last, last_at] = columns
    for (let i = from; i < to; i++) {
      const bucket_ms = Math.floor(time_ms[i]! / step_ms) * step_ms
      const at = time_ms[i]! + last_at![i]! - bucket_ms
      this.#add(bucket_ms, min![i]!, max![i]!, sum![i]!, count![i]!, last![i]!, at)
    }
  }

  clear(): void {
    this.length = 0
  }

  #add(bucket_ms: number, min: number, max: number, sum: number, count: number, last: number, at: number): void {
    const end = this.length - 1
    const columns = this.columns
    if (end >= 0 && this.time_ms[end] === bucket_ms) {
      columns[MIN]![end] = Math.min(columns[MIN]![end]!, min)
      columns[MAX]![end] = Math.max(columns[MAX]![end]!, max)
      columns[SUM]![end] = columns[SUM]![end]! + sum
      columns[COUNT]![end] = columns[COUNT]![end]! + count
      if (at >= columns[LAST_AT]![end]!) {
        columns[LAST]![end] = last
        columns[LAST_AT]![end] = at
      }
      return
    }
    this.reserve(1)
    const next = this.length++
    this.time_ms[next] = bucket_ms
    this.stale[next] = 0
    // In order of the columns' numbers; `reserve` may have replaced them in place.
    columns[MIN]![next] = min
    columns[MAX]![next] = max
    columns[SUM]![next] = sum
    columns[COUNT]![next] = count
    columns[LAST]![next] = last
    columns[LAST_AT]![next] = at
  }
}

function isAscending({ time_ms, length }: SampleBuffer): boolean {
  for (let i = 1; i < length; i++) if (time_ms[i]! <= time_ms[i - 1]!) return false
  return true
}

/** Makes parts of a buffer into one a bucket, in order of time. */
export function compact(buffer: SampleBuffer): void {
  if (isAscending(buffer)) return
  const order = Array.from({ length: buffer.length }, (_, i) => i)
  const { time_ms } = buffer
  order.sort((a, b) => time_ms[a]! - time_ms[b]!)
  const whole = new RollupBuffer()
  // A step of 1 keeps every beginning as it is.
  for (const i of order) whole.addParts(buffer, i, i + 1, 1)
  buffer.length = 0
  buffer.reserve(whole.length)
  buffer.time_ms.set(whole.time_ms.subarray(0, whole.length))
  buffer.stale.fill(0, 0, whole.length)
  for (const [i, column] of whole.columns.entries()) buffer.columns[i]!.set(column.subarray(0, whole.length))
  buffer.length = whole.length
}
