import { ServiceError } from '../errors.ts'
import type { SeriesWriter } from '../ports/series-writer.ts'
import { type SampleBatch, SampleBuilder } from '../sample.ts'
import type { SeriesDefinition, SeriesId } from '../series.ts'
import type { ReadSignals } from './record-codec.ts'

/** Turns samples read from a journal into samples with the ids of a store. */
export class SegmentSamples {
  readonly #writer: SeriesWriter
  readonly #builder = new SampleBuilder()
  #definitions: readonly SeriesDefinition[] = []
  /** By number of the segment; undefined where the store's limits refuse the series now. */
  #ids: (SeriesId | undefined)[] = []
  #generation: number | undefined
  #refused = 0

  constructor(writer: SeriesWriter) {
    this.#writer = writer
  }

  /** Samples left out so far, because limits have become lower since they were written. */
  get refused(): number {
    return this.#refused
  }

  /** Views, valid until the next call. Entries are to be given in the order of the journal. */
  batch({ definitions, samples: { floats, histograms } }: ReadSignals): SampleBatch {
    const { generation } = this.#writer
    if (definitions !== this.#definitions) {
      this.#definitions = definitions
      this.#ids = []
    } else if (generation !== this.#generation) {
      this.#ids = this.#ids.map((id, number) => (this.#isLive(id) ? id : this.#resolve(definitions[number]!)))
    }
    this.#generation = generation
    for (const definition of definitions.slice(this.#ids.length)) this.#ids.push(this.#resolve(definition))
    this.#builder.clear()
    for (let i = 0; i < floats.length; i++) {
      const id = this.#ids[floats.series[i]!]
      if (id === undefined) this.#refused++
      else this.#builder.float(id, floats.time_ms[i]!, floats.value[i]!, floats.stale[i] === 1)
    }
    for (let i = 0; i < histograms.length; i++) {
      const series = this.#ids[histograms.series[i]!]
      if (series === undefined) {
        this.#refused++
        continue
      }
      this.#builder.histogram({
        series,
        time_ms: histograms.time_ms[i]!,
        sum: histograms.sum[i]!,
        count: histograms.count[i]!,
        buckets: histograms.buckets.subarray(histograms.start[i], histograms.start[i + 1]),
        stale: histograms.stale[i] === 1,
      })
    }
    return this.#builder.batch()
  }

  #isLive(id: SeriesId | undefined): boolean {
    return id !== undefined && this.#writer.isLive?.(id) !== false
  }

  #resolve(definition: SeriesDefinition): SeriesId | undefined {
    try {
      return this.#writer.resolve(definition)
    } catch (error) {
      if (error instanceof ServiceError) return undefined
      throw error
    }
  }
}
