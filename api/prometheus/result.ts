import { ServiceError } from '#core/errors.ts'
import type { QueryResult, ResultSeries } from '#core/ports/query-engine.ts'
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

/** Points that are written between two turns of others: some milliseconds. A series costs as much as so many. */
const WRITTEN_AT_ONCE = 50_000
const SERIES_COST = 5

async function writeSeries(json: JsonBytes, shown: readonly ResultSeries[], matrix: boolean): Promise<void> {
  const metrics = new LabelsJson()
  let written = 0
  for (const [index, { labels, time_ms, value, histograms = [] }] of shown.entries()) {
    written += time_ms.length + pointsOf(histograms) + SERIES_COST
    if (written >= WRITTEN_AT_ONCE) {
      written = 0
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    json.text(index === 0 ? '{"metric":' : ',{"metric":')
    metrics.write(json, labels)
    if (matrix) {
      if (time_ms.length > 0 || histograms.length === 0) writeValues(json, time_ms, value)
      if (histograms.length > 0) writeHistograms(json, histograms)
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

function writeValues(json: JsonBytes, time_ms: Float64Array, value: Float64Array): void {
  json.text(',"values":[')
  json.points(time_ms, value)
  json.text(']')
}

function writeHistograms(json: JsonBytes, histograms: Histograms): void {
  for (const [i, { time_ms, value }] of histograms.entries()) {
    json.text(i === 0 ? ',"histograms":[' : ',')
    json.text(histogramPoint(time_ms, value))
  }
  json.text(']')
}

/** A histogram weighs a point, and one more for each bucket. */
function pointsOf(histograms: Histograms): number {
  return histograms.reduce((sum, { value }) => sum + 1 + value.buckets.length, 0)
}

/**
 * Writes a result as the `data` of the API, a long one in turns with others; returns its notes. Throws `execution` above `limits.points`: one answer must fit into memory.
 */
export async function writeResult(json: JsonBytes, result: QueryResult, limits: ResultLimits): Promise<Notes> {
  if (result.type === 'scalar') {
    json.text(`{"resultType":"scalar","result":[${formatSeconds(result.time_ms)},"${formatPlain(result.value)}"]}`)
    return result
  }
  if (result.type === 'string') {
    const text = `[${formatSeconds(result.time_ms)},${JSON.stringify(result.value)}]`
    json.text(`{"resultType":"string","result":${text}}`)
    return result
  }
  const shown = result.series.length > limits.series ? result.series.slice(0, limits.series) : result.series
  const count = shown.reduce((sum, { time_ms, histograms = [] }) => sum + time_ms.length + pointsOf(histograms), 0)
  if (count > limits.points) {
    throw new ServiceError(
      'execution',
      `the result has ${count} points, more than ${limits.points} go into one answer; ask for fewer series or a longer step`,
    )
  }
  json.text(`{"resultType":"${result.type}","result":[`)
  await writeSeries(json, shown, result.type === 'matrix')
  json.text(']}')
  const warnings = shown === result.series ? result.warnings : [...result.warnings, TRUNCATED]
  return { warnings, infos: result.infos }
}
