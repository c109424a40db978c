import { ServiceError } from '#core/errors.ts'
import type { QueryResult, ResultSeries } from '#core/ports/query-engine.ts'

import { type Notes, TRUNCATED } from './envelope.ts'
import { formatSeconds, formatValue } from './number.ts'

export interface ResultLimits {
  /** Series asked for by the client, Infinity for all. */
  readonly series: number
  /** Points over all series that are written into one answer. */
  readonly points: number
}

function point(time_ms: number, value: number): string {
  return `[${formatSeconds(time_ms)},"${formatValue(value)}"]`
}

function points({ time_ms, value }: ResultSeries): string {
  const parts: string[] = []
  for (let i = 0; i < time_ms.length; i++) parts.push(point(time_ms[i]!, value[i]!))
  return `[${parts.join(',')}]`
}

function seriesJson(series: ResultSeries, matrix: boolean): string {
  const metric = JSON.stringify(series.labels)
  if (matrix) return `{"metric":${metric},"values":${points(series)}}`
  return `{"metric":${metric},"value":${point(series.time_ms[0] ?? 0, series.value[0] ?? Number.NaN)}}`
}

/**
 * A result as the `data` of the API, with its notes. Throws `execution` above `limits.points`: one answer must fit into
 * one string.
 */
export function resultJson(result: QueryResult, limits: ResultLimits): { data: string; notes: Notes } {
  if (result.type === 'scalar') {
    return { data: `{"resultType":"scalar","result":${point(result.time_ms, result.value)}}`, notes: result }
  }
  if (result.type === 'string') {
    const text = `[${formatSeconds(result.time_ms)},${JSON.stringify(result.value)}]`
    return { data: `{"resultType":"string","result":${text}}`, notes: result }
  }
  const shown = result.series.length > limits.series ? result.series.slice(0, limits.series) : result.series
  const count = shown.reduce((sum, { time_ms }) => sum + time_ms.length, 0)
  if (count > limits.points) {
    throw new ServiceError(
      'execution',
      `the result has ${count} points, more than ${limits.points} go into one answer; ask for fewer series or a longer step`,
    )
  }
  const list = shown.map((series) => seriesJson(series, result.type === 'matrix')).join(',')
  const warnings = shown === result.series ? result.warnings : [...result.warnings, TRUNCATED]
  return { data: `{"resultType":"${result.type}","result":[${list}]}`, notes: { warnings, infos: result.infos } }
}
