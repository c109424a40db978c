import { ServiceError } from '#core/errors.ts'
import type { QueryResult, QueryStats, ResultSeries } from '#core/ports/query-engine.ts'
import type { Labels } from '#core/series.ts'

import { type Notes, TRUNCATED } from './envelope.ts'
import { histogramPoint } from './histogram.ts'
import type { JsonBytes } from './json-bytes.ts'
import { formatPlain, formatSeconds } from './number.ts'

export interface ResultLimits {
  /** Series asked for by the client, Infinity for all. */
  readonly series: number
  /** Points over all series that are written into one answer. */
  readonly points: number
}

type Histograms = NonNullable<ResultSeries['histograms']>

/** Label names and values as JSON: a result repeats them. */
class LabelsJson {
  readonly #known = new Map<string, string>()

  write(json: JsonBytes, labels: Labels): void {
    let separator = '{'
    for (const [name, value] of labels) {
      json.text(separator)
      json.text(this.#quoted(name))
      json.text(':')
      json.text(this.#quoted(value))
      separator = ','
    }
    json.text(separator === '{' ? '{}' : '}')
  }

  #quoted(text: string): string {
    let quoted = this.#known.get(text)
    if (quoted === undefined) {
      quoted = JSON.stringify(text)
      this.#known.set(text, quoted)
    }
    return quoted
  }
}

function* seriesPieces(json: JsonBytes, shown: readonly ResultSeries[], matrix: boolean): Generator<undefined, void> {
  const metrics = new LabelsJson()
  for (const [index, { labels, time_ms, value, histograms = [] }] of shown.entries()) {
    yield
    json.text(index === 0 ? '{"metric":' : ',{"metric":')
    metrics.write(json, labels)
    if (matrix) {
      if (time_ms.length > 0 || histograms.length === 0) yield* valuePieces(json, time_ms, value)
      if (histograms.length > 0) yield* histogramPieces(json, histograms)
      json.text('}')
    } else if (histograms.length > 0) {
      json.text(`,"histogram":${histogramPoint(histograms[0]!.time_ms, histograms[0]!.value)}}`)
    } else {
      json.text(',"value":')
      json.point(time_ms[0] ?? 0, value[0] ?? Number.NaN)
      json.text('}')
    }
  }
}

/** Points of one series that are written at once. */
const AT_ONCE = 12_000

function* valuePieces(json: JsonBytes, time_ms: Float64Array, value: Float64Array): Generator<undefined, void> {
  json.text(',"values":[')
  if (time_ms.length <= AT_ONCE) json.points(time_ms, value)
  else {
    for (let from = 0; from < time_ms.length; from += AT_ONCE) {
      if (from > 0) json.text(',')
      json.points(time_ms.subarray(from, from + AT_ONCE), value.subarray(from, from + AT_ONCE))
      yield
    }
  }
  json.text(']')
}

function* histogramPieces(json: JsonBytes, histograms: Histograms): Generator<undefined, void> {
  for (const [i, { time_ms, value }] of histograms.entries()) {
    json.text(i === 0 ? ',"histograms":[' : ',')
    json.text(histogramPoint(time_ms, value))
    if (i % 100 === 99) yield
  }
  json.text(']')
}

/** A histogram weighs a point, and one more for each bucket. */
function pointsOf(histograms: Histograms): number {
  return histograms.reduce((sum, { value }) => sum + 1 + value.buckets.length, 0)
}

/** What of a result is shown. */
export interface Shown {
  readonly series: readonly ResultSeries[]
  /** Some were left out, as the client wished. */
  readonly truncated: boolean
  readonly points: number
}

/** Throws `execution` above `limits.points`. */
export function shownOf(result: QueryResult, limits: ResultLimits): Shown {
  if (result.type === 'scalar' || result.type === 'string') return { series: [], truncated: false, points: 1 }
  const truncated = result.series.length > limits.series
  const series = truncated ? result.series.slice(0, limits.series) : result.series
  const points = series.reduce((sum, { time_ms, histograms = [] }) => sum + time_ms.length + pointsOf(histograms), 0)
  if (points <= limits.points) return { series, truncated, points }
  throw new ServiceError(
    'execution',
    `the result has ${points} points, more than ${limits.points} go into one answer (limits.query_points); ask for fewer series or a longer step`,
  )
}

/** Of a value in memory: its time and its number, as Prometheus counts samples. */
const SAMPLE_BYTES = 16

const seconds = (ms: number): number => ms / 1000

function statsJson({ preparing_ms, evaluating_ms, sorting_ms, samples, peak_bytes }: QueryStats): string {
  const total = seconds(preparing_ms + evaluating_ms + sorting_ms)
  const timings = {
    evalTotalTime: total,
    resultSortTime: seconds(sorting_ms),
    queryPreparationTime: seconds(preparing_ms),
    innerEvalTime: seconds(evaluating_ms),
    execQueueTime: 0,
    execTotalTime: total,
  }
  const counted = { totalQueryableSamples: samples, peakSamples: Math.ceil(peak_bytes / SAMPLE_BYTES) }
  return `,"stats":${JSON.stringify({ timings, samples: counted })}`
}

/** Writes a result as the `data` of the API, a series or less between two yields; returns its notes. */
export function* resultPieces(
  json: JsonBytes,
  result: QueryResult,
  shown: Shown,
  stats?: QueryStats,
): Generator<undefined, Notes> {
  if (result.type === 'scalar') {
    json.text(`{"resultType":"scalar","result":[${formatSeconds(result.time_ms)},"${formatPlain(result.value)}"]`)
  } else if (result.type === 'string') {
    json.text(`{"resultType":"string","result":[${formatSeconds(result.time_ms)},${JSON.stringify(result.value)}]`)
  } else {
    json.text(`{"resultType":"${result.type}","result":[`)
    yield* seriesPieces(json, shown.series, result.type === 'matrix')
    json.text(']')
  }
  if (stats !== undefined) json.text(statsJson(stats))
  json.text('}')
  return shown.truncated ? { warnings: [...result.warnings, TRUNCATED], infos: result.infos } : result
}
