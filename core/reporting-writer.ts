import type { MetricMetadata } from './ports/series-reader.ts'
import type { AppendResult, NewestExponential, NewestSample, Pulse, SeriesWriter } from './ports/series-writer.ts'
import type { SampleOrigin, StoredSamples } from './ports/stored-samples.ts'
import type { SampleBatch } from './sample.ts'
import type { Labels, SeriesDefinition, SeriesId } from './series.ts'

/** A writer that tells of what it has stored. */
export class ReportingWriter implements SeriesWriter {
  readonly #writer: SeriesWriter
  readonly #listener: StoredSamples
  readonly #origin: SampleOrigin

  constructor(writer: SeriesWriter, listener: StoredSamples, origin: SampleOrigin) {
    this.#writer = writer
    this.#listener = listener
    this.#origin = origin
  }

  resolve(definition: SeriesDefinition): SeriesId {
    return this.#writer.resolve(definition)
  }

  describe(metadata: MetricMetadata): void {
    this.#writer.describe?.(metadata)
  }

  definition(id: SeriesId): SeriesDefinition {
    return this.#writer.definition(id)
  }

  newest(id: SeriesId): NewestSample | undefined {
    return this.#writer.newest(id)
  }

  pulse(id: SeriesId): Pulse | undefined {
    return this.#writer.pulse?.(id)
  }

  newestExponential(labels: Labels): NewestExponential | undefined {
    return this.#writer.newestExponential?.(labels)
  }

  get generation(): number | undefined {
    return this.#writer.generation
  }

  isLive(id: SeriesId): boolean {
    return this.#writer.isLive?.(id) ?? true
  }

  onRemoved(listener: (ids: readonly SeriesId[]) => void): void {
    this.#writer.onRemoved?.(listener)
  }

  append(batch: SampleBatch): AppendResult {
    const result = this.#writer.append(batch)
    this.#listener.stored(batch, result, this.#origin)
    return result
  }
}
