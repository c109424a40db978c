import type { DerivedSamples } from '#core/derived.ts'
import { type ExponentialSample, exponentialSample } from '#core/exponential-sample.ts'
import { bucketCount } from '#core/exponential.ts'
import type { ResultSeries } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import type { Results } from './runner.ts'

const ABOUT = { type: 'histogram', unit: '', help: 'Recorded by a rule' } as const

/** A series of native histograms, and the shape that it had last. */
interface Present extends Pick<ExponentialSample, 'kind' | 'bounds'> {
  readonly labels: Labels
}

/** Of bounds that are no shape, in which they are listed, a last element says so. */
export type SavedHistograms = readonly (readonly [
  labels: Readonly<Record<string, string>>,
  bounds: readonly number[],
  kind?: 'custom',
])[]

/** Whether a result has a value at a step, of either sort. */
export function isThere(result: ResultSeries | undefined, step_ms: number): boolean {
  if (result === undefined) return false
  return result.time_ms.includes(step_ms) || (result.histograms?.some(({ time_ms }) => time_ms === step_ms) ?? false)
}

/** Writes those results of a rule that are native histograms; marks those stale that have gone. */
export class RecordedHistograms {
  readonly #derived: DerivedSamples
  /** Series of the last step, by their labels as written. */
  #present = new Map<string, Present>()

  constructor(derived: DerivedSamples) {
    this.#derived = derived
  }

  get size(): number {
    return this.#present.size
  }

  /** `written`: results under the labels as written. How many have no form in which they could be stored: bounds of their own, which a peer did not tell. */
  take(
    written: ReadonlyMap<string, ResultSeries>,
    { from_ms, to_ms, interval_ms, again }: Omit<Results, 'series'>,
  ): number {
    const present = new Map<string, Present>()
    let strange = 0
    if (!again) {
      for (const [key, one] of this.#present) if (!isThere(written.get(key), from_ms)) this.#stale(one, from_ms)
    }
    for (const [key, result] of written) {
      const { labels, histograms = [] } = result
      for (const { time_ms, value } of histograms) {
        const { count, sum, buckets, custom_bounds } = value
        const sample = exponentialSample({ time_ms, count, sum, buckets, custom_bounds })
        if (sample === undefined) {
          strange++
          continue
        }
        this.#derived.histogram(ABOUT, labels, sample)
        const next_ms = time_ms + interval_ms
        const { kind, bounds } = sample
        if (time_ms === to_ms) present.set(key, { labels, kind, bounds })
        else if (!isThere(result, next_ms)) this.#stale({ labels, kind, bounds }, next_ms)
      }
    }
    if (!again) this.#present = present
    return strange
  }

  end(time_ms: number): void {
    for (const one of this.#present.values()) this.#stale(one, time_ms)
    this.#present.clear()
  }

  save(): SavedHistograms {
    return [...this.#present.values()].map(({ labels, kind, bounds }) => {
      const saved = [labels.toJSON(), [...bounds]] as const
      return kind === 'custom' ? ([...saved, kind] as const) : saved
    })
  }

  load(saved: SavedHistograms): void {
    const all = saved.map(([pairs, bounds, kind]): Present => {
      return { labels: Labels.of(pairs), kind: kind ?? 'exponential', bounds: Float64Array.from(bounds) }
    })
    this.#present = new Map(all.map((one) => [one.labels.key, one]))
  }

  #stale({ labels, kind, bounds }: Present, time_ms: number): void {
    const buckets = new Float64Array(bucketCount({ kind, bounds }))
    const none: ExponentialSample = { kind, bounds, time_ms, sum: 0, count: 0, buckets }
    this.#derived.histogram(ABOUT, labels, none, true)
  }
}
