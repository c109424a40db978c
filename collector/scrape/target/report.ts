import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBuilder } from '#core/sample.ts'
import { type Labels, METRIC_NAME } from '#core/series.ts'

const NO_BOUNDS = new Float64Array(0)

/** What is told of every scrape, as Prometheus does. */
const SERIES = [
  ['up', '', 'Whether the target was scraped.'],
  ['scrape_duration_seconds', 's', 'How long the scrape took.'],
  ['scrape_samples_scraped', '', 'Samples that the target exposed.'],
  ['scrape_samples_post_metric_relabeling', '', 'Samples that metric_relabel_configs left.'],
  ['scrape_series_added', '', 'Series that were not on the scrape before.'],
] as const

export interface ScrapeReport {
  readonly up: boolean
  readonly duration_s: number
  readonly scraped: number
  readonly kept: number
  readonly added: number
}

/** The series that tell of a target's scrapes. */
export class ReportSeries {
  readonly #labels: Labels
  #ids: readonly number[] = []
  #writer: SeriesWriter | undefined
  #generation: number | undefined

  constructor(labels: Labels) {
    this.#labels = labels
  }

  /** Throws `ServiceError('too_large')` where the store has no room for them. */
  write(time_ms: number, report: ScrapeReport, writer: SeriesWriter, builder: SampleBuilder): void {
    const { up, duration_s, scraped, kept, added } = report
    const values = [up ? 1 : 0, duration_s, scraped, kept, added]
    for (const [i, id] of this.#resolved(writer).entries()) builder.float(id, time_ms, values[i]!)
  }

  /** The target is gone. */
  end(time_ms: number, writer: SeriesWriter, builder: SampleBuilder): void {
    if (this.#writer !== writer || this.#generation !== writer.generation) return
    for (const id of this.#ids) builder.float(id, time_ms, NaN, true)
  }

  #resolved(writer: SeriesWriter): readonly number[] {
    if (this.#writer === writer && this.#generation === writer.generation) return this.#ids
    this.#ids = SERIES.map(([name, unit, help]) => {
      const labels = this.#labels.with(METRIC_NAME, name)
      return writer.resolve({ labels, type: 'gauge', unit, help, kind: 'float', bounds: NO_BOUNDS })
    })
    this.#writer = writer
    this.#generation = writer.generation
    return this.#ids
  }
}
