import { ServiceError } from '#core/errors.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { SampleBuilder } from '#core/sample.ts'
import type { Verdict } from '#core/score.ts'
import { METRIC_NAME, type SeriesId } from '#core/series.ts'

import type { RowAbout } from './row-table.ts'

/** Takes each verdict on a series of an ordinary rule (not `evidence`) as it is made. */
export interface ScoreSink {
  scored(about: RowAbout, time_ms: number, verdict: Readonly<Verdict>): void
}

const PARTS = [
  ['score', 'How unusual the newest value is; anomalous from 1.'],
  ['expected', 'The value that was expected.'],
  ['lower', 'Lower end of the band.'],
  ['upper', 'Upper end of the band.'],
] as const

/** Series of a row; null where the store is full. */
interface Kept {
  readonly ids: readonly SeriesId[] | null
  readonly generation: number | undefined
}

/** Writes scores and bands back into the store as `barograph_score`, `_expected`, `_lower` and `_upper`. */
export class BandWriter implements ScoreSink {
  readonly #writer: SeriesWriter
  readonly #refused
  readonly #samples = new SampleBuilder()
  readonly #kept = new WeakMap<RowAbout, Kept>()

  constructor(writer: SeriesWriter, meter: Meter) {
    this.#writer = writer
    this.#refused = meter.counter('barograph.detectors.bands_refused', {
      description: 'Series whose score and band could not be written back because the store is full.',
    })
  }

  scored(about: RowAbout, time_ms: number, { score, expected, lower, upper }: Readonly<Verdict>): void {
    const ids = this.#idsOf(about)
    if (ids === null) return
    for (const [i, value] of [score, expected, lower, upper].entries()) {
      if (value === value) this.#samples.float(ids[i]!, time_ms, value)
    }
  }

  /** Hands what was collected to the store. */
  flush(): void {
    if (this.#samples.length === 0) return
    this.#writer.append(this.#samples.batch())
    this.#samples.clear()
  }

  /** As they were made, for as long as all of them live. */
  #idsOf(about: RowAbout): readonly SeriesId[] | null {
    const { generation } = this.#writer
    let kept = this.#kept.get(about)
    if (kept?.generation !== generation || kept === undefined) {
      const same = kept?.ids?.every((id) => this.#writer.isLive?.(id) ?? true) === true
      kept = { ids: same ? kept!.ids : this.#resolve(about), generation }
      this.#kept.set(about, kept)
    }
    return kept.ids
  }

  #resolve(about: RowAbout): readonly SeriesId[] | null {
    const labels = about.labels.with('rule', about.rule).with('metric', about.metric)
    try {
      return PARTS.map(([part, help]) =>
        this.#writer.resolve({
          labels: labels.with(METRIC_NAME, `barograph_${part}`),
          type: 'gauge',
          unit: part === 'score' ? '' : about.unit,
          help,
          kind: 'float',
          bounds: new Float64Array(),
        }),
      )
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      this.#refused.add(1)
      return null
    }
  }
}
