import { ServiceError } from '#core/errors.ts'
import { exponentialSample } from '#core/exponential-sample.ts'
import type { Signals } from '#core/ports/decoder.ts'
import type { SamplesInput } from '#core/ports/intake.ts'
import type { MetricMetadata } from '#core/ports/series-reader.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { SampleBuilder } from '#core/sample.ts'
import type { Labels, SeriesDefinition } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

import type { AnsweredSeries, ShownHistogram } from '../client/answer.ts'

const NO_BOUNDS = new Float64Array(0)
/** Series that are taken in one step. */
const STEP = 64

/** Fetched samples of one series, cut to a span of time. */
export interface Piece {
  readonly labels: Labels
  readonly time_ms: Float64Array
  readonly value: Float64Array
  readonly histograms: readonly ShownHistogram[]
}

/** The samples of a series with `from_ms` < time ≤ `to_ms`. */
export function pieceOf({ labels, time_ms, value, histograms }: AnsweredSeries, from_ms: number, to_ms: number): Piece {
  let first = 0
  while (first < time_ms.length && time_ms[first]! <= from_ms) first++
  let end = first
  while (end < time_ms.length && time_ms[end]! <= to_ms) end++
  return {
    labels,
    time_ms: time_ms.subarray(first, end),
    value: value.subarray(first, end),
    histograms: histograms.filter((one) => one.time_ms > from_ms && one.time_ms <= to_ms),
  }
}

/** History on its way into the engine: all series over one short span of time. */
export class HistoryInput implements SamplesInput {
  readonly kind = 'samples'
  readonly source = 'backfill'
  readonly #pieces: readonly Piece[]
  readonly #metadata: ReadonlyMap<string, MetricMetadata>
  /** Native histograms that have no form here. */
  skipped = 0

  constructor(pieces: readonly Piece[], metadata: ReadonlyMap<string, MetricMetadata>) {
    this.#pieces = pieces
    this.#metadata = metadata
  }

  *decode(writer: SeriesWriter): Steps<Signals> {
    const builder = new SampleBuilder()
    let [rejected, message] = [0, '']
    this.skipped = 0
    for (const [i, piece] of this.#pieces.entries()) {
      if (i % STEP === STEP - 1) yield
      try {
        this.#add(piece, writer, builder)
      } catch (error) {
        // A limit of series or labels: the others are kept.
        if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
        rejected += piece.time_ms.length + piece.histograms.length
        message ||= error.message
      }
    }
    return { samples: builder.batch(), logs: [], spans: [], rejected, message }
  }

  #add({ labels, time_ms, value, histograms }: Piece, writer: SeriesWriter, builder: SampleBuilder): void {
    const about = definitionOf(labels, this.#metadata)
    if (time_ms.length > 0) {
      const series = writer.resolve({ ...about, kind: 'float', bounds: NO_BOUNDS })
      for (let i = 0; i < time_ms.length; i++) builder.float(series, time_ms[i]!, value[i]!)
    }
    for (const shown of histograms) {
      const sample = exponentialSample(shown)
      if (sample === undefined) this.skipped++
      else {
        const series = writer.resolve({ ...about, kind: sample.kind, bounds: sample.bounds })
        builder.histogram({ series, ...sample })
      }
    }
  }
}

/** Endings of the series of a family, and the type that such a series has by itself. */
const PARTS = [
  ['_total', undefined],
  ['_bucket', 'counter'],
  ['_count', 'counter'],
  ['_sum', 'counter'],
] as const

/** What the upstream knows of the metric, or of the family that it is a part of. */
function definitionOf(
  labels: Labels,
  metadata: ReadonlyMap<string, MetricMetadata>,
): Pick<SeriesDefinition, 'labels' | 'type' | 'unit' | 'help'> {
  const { name } = labels
  const own = metadata.get(name)
  if (own !== undefined) return { labels, type: own.type, unit: own.unit, help: own.help }
  for (const [ending, type] of PARTS) {
    const family = name.endsWith(ending) ? metadata.get(name.slice(0, -ending.length)) : undefined
    if (family !== undefined) return { labels, type: type ?? family.type, unit: family.unit, help: family.help }
  }
  return { labels, type: 'unknown', unit: '', help: '' }
}
