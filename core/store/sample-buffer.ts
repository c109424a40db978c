import type { Samples } from './chunk-codec.ts'
import { grown } from './grow.ts'

/** One sample apart from the columns: late, or being compared. */
export interface LooseSample {
  readonly time_ms: number
  /** One number a value column. */
  readonly values: Float64Array
  readonly stale: number
}

/** Memory for so many samples as each of its columns has. */
export interface SampleRoom {
  readonly time_ms: Float64Array<ArrayBuffer>
  readonly columns: readonly Float64Array<ArrayBuffer>[]
  readonly stale: Uint8Array<ArrayBuffer>
}

/** Where samples of one series are gathered; used again for the next. */
export class SampleBuffer implements Samples {
  readonly #home: SampleRoom | undefined
  time_ms: Float64Array<ArrayBuffer>
  columns: Float64Array<ArrayBuffer>[] = []
  stale: Uint8Array<ArrayBuffer>
  length = 0

  /** `home`: memory that it has first, and again whenever it is emptied. */
  constructor(home?: SampleRoom) {
    this.#home = home
    this.time_ms = home?.time_ms ?? new Float64Array(256)
    this.stale = home?.stale ?? new Uint8Array(256)
  }

  /** Whether all that it has lies in its home. */
  get isAtHome(): boolean {
    const home = this.#home
    return home !== undefined && this.time_ms === home.time_ms && this.columns.length <= home.columns.length
  }

  /** Empties the buffer and gives it this many value columns. */
  reset(columns: number): void {
    this.length = 0
    const home = this.#home
    if (home !== undefined && this.time_ms !== home.time_ms) {
      this.time_ms = home.time_ms
      this.stale = home.stale
      this.columns = []
    }
    while (this.columns.length < columns) {
      this.columns.push(home?.columns[this.columns.length] ?? new Float64Array(this.time_ms.length))
    }
    // Even to set the length that it has is dear.
    if (this.columns.length > columns) this.columns.length = columns
  }

  /** Makes room for so many samples more. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.time_ms.length && this.#fits(needed)) return
    this.time_ms = grown(this.time_ms, needed)
    this.stale = grown(this.stale, needed)
    for (const [i, column] of this.columns.entries()) {
      if (column.length < needed) this.columns[i] = grown(column, this.time_ms.length)
    }
  }

  #fits(needed: number): boolean {
    if (needed > this.stale.length) return false
    for (let i = 0; i < this.columns.length; i++) if (this.columns[i]!.length < needed) return false
    return true
  }

  /** Merges samples that are in order, from `from` to before `to`. Where a time is here as well, they take its place. */
  merge(late: Samples, from: number, to: number, wanted: readonly number[]): void {
    this.reserve(to - from)
    const end = this.length + to - from
    let own = this.length - 1
    let at = end - 1
    for (let i = to - 1; i >= from; at--) {
      const time_ms = late.time_ms[i]!
      if (own >= 0 && this.time_ms[own]! > time_ms) {
        this.time_ms[at] = this.time_ms[own]!
        this.stale[at] = this.stale[own]!
        for (const column of this.columns) column[at] = column[own]!
        own--
        continue
      }
      if (own >= 0 && this.time_ms[own] === time_ms) own--
      this.time_ms[at] = time_ms
      this.stale[at] = late.stale[i]!
      for (const [column, want] of wanted.entries()) this.columns[column]![at] = late.columns[want]![i]!
      i--
    }
    // What was replaced left room between those that stayed in place and the others.
    const replaced = at - own
    if (replaced > 0)
      for (const part of [this.time_ms, this.stale, ...this.columns]) part.copyWithin(own + 1, at + 1, end)
    this.length = end - replaced
  }
}

/** Index of the first time that is not below `time_ms`, `length` when there is none. */
export function lowerBound(times: Float64Array, length: number, time_ms: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! < time_ms) low = middle + 1
    else high = middle
  }
  return low
}

/** True when the sample of that index is this one: stale both, or the same numbers. */
export function sameSample(samples: Samples, index: number, sample: LooseSample): boolean {
  if (samples.stale[index] !== sample.stale) return false
  if (sample.stale === 1) return true
  return samples.columns.every((column, i) => Object.is(column[index], sample.values[i]))
}
