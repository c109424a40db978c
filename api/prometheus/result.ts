import { ServiceError } from '#core/errors.ts'
import type { QueryResult, ResultSeries } from '#core/ports/query-engine.ts'
import type { Labels } from '#core/series.ts'

import { type Notes, TRUNCATED } from './envelope.ts'
import type { JsonBytes } from './json-bytes.ts'
import { formatSeconds } from './number.ts'

export interface ResultLimits {
  /** Series asked for by the client, Infinity for all. */
  readonly series: number
  /** Points over all series that are written into one answer. */
  readonly points: number
}

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

function writeSeries(json: JsonBytes, shown: readonly ResultSeries[], matrix: boolean): void {
  const metrics = new LabelsJson()
  for (const [index, { labels, time_ms, value }] of shown.entries()) {
    json.text(index === 0 ? '{"metric":' : ',{"metric":')
    metrics.write(json, labels)
    if (matrix) {
      json.text(',"values":[')
      for (let i = 0; i < time_ms.length; i++) {
        if (i > 0) json.text(',')
        json.point(time_ms[i]!, value[i]!)
      }
      json.text(']}')
    } else {
      json.text(',"value":')
      json.point(time_ms[0] ?? 0, value[0] ?? Number.NaN)
      json.text('}')
    }
  }
}

/**
 * Writes a result as the `data` of the API; returns its notes. Throws `execution` above `limits.points`: one answer must fit into memory.
 */
export function writeResult(json: JsonBytes, result: QueryResult, limits: ResultLimits): Notes {
  if (result.type === 'scalar') {
    json.text('{"resultType":"scalar","result":')
    json.point(result.time_ms, result.value)
    json.text('}')
    return result
  }
  if (result.type === 'string') {
    const text = `[${formatSeconds(result.time_ms)},${JSON.stringify(result.value)}]`
    json.text(`{"resultType":"string","result":${text}}`)
    return result
  }
  const shown = result.series.length > limits.series ? result.series.slice(0, limits.series) : result.series
  const count = shown.reduce((sum, { time_ms }) => sum + time_ms.length, 0)
  if (count > limits.points) {
    throw new ServiceError(
      'execution',
      `the result has ${count} points, more than ${limits.points} go into one answer; ask for fewer series or a longer step`,
    )
  }
  json.text(`{"resultType":"${result.type}","result":[`)
  writeSeries(json, shown, result.type === 'matrix')
  json.text(']}')
  const warnings = shown === result.series ? result.warnings : [...result.warnings, TRUNCATED]
  return { warnings, infos: result.infos }
}
