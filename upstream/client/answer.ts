import { ServiceError } from '#core/errors.ts'
import { Labels } from '#core/series.ts'

/** `rule`: 0 open on the left, 1 on the right, 2 on both sides, 3 on neither. */
interface ShownBucket {
  readonly rule: 0 | 1 | 2 | 3
  readonly lower: number
  readonly upper: number
  readonly count: number
}

/** A native histogram as the HTTP API shows it: buckets with their ends, those without observations left out. */
export interface ShownHistogram {
  readonly time_ms: number
  readonly count: number
  readonly sum: number
  readonly buckets: readonly ShownBucket[]
}

/** One series of an answer, in ascending time. */
export interface AnsweredSeries {
  readonly labels: Labels
  readonly time_ms: Float64Array
  readonly value: Float64Array
  readonly histograms: readonly ShownHistogram[]
}

interface Notes {
  readonly warnings: readonly string[]
  readonly infos: readonly string[]
}

export type QueryAnswer = Notes &
  (
    | { readonly type: 'vector' | 'matrix'; readonly series: readonly AnsweredSeries[] }
    | { readonly type: 'scalar'; readonly time_ms: number; readonly value: number }
    | { readonly type: 'string'; readonly time_ms: number; readonly value: string }
  )

/** What no Prometheus would say. */
function strange(what: string): ServiceError {
  return new ServiceError('execution', `the answer is not Prometheus': ${what}`)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw strange(`${what} is no list`)
  return value
}

/** `"1.5"`, `"NaN"`, `"+Inf"`, `"-Inf"` as Prometheus writes numbers into JSON. */
function numberOf(value: unknown): number {
  if (typeof value !== 'string') throw strange('a value is no text')
  if (value === 'NaN') return Number.NaN
  if (value === '+Inf' || value === 'Inf') return Infinity
  if (value === '-Inf') return -Infinity
  const number = value === '' ? Number.NaN : Number(value)
  if (number !== number) throw strange(`a value is ${JSON.stringify(value)}`)
  return number
}

function timeOf(value: unknown): number {
  if (typeof value !== 'number') throw strange('a time is no number')
  return Math.round(value * 1000)
}

/** Label sets, as `series` and `metric` have them. */
export function labelsOf(value: unknown): Labels {
  if (!isObject(value)) throw strange('labels are no object')
  for (const text of Object.values(value)) if (typeof text !== 'string') throw strange('a label is no text')
  return Labels.of(value as Record<string, string>)
}

function pair(value: unknown): readonly [number, unknown] {
  const [time, rest] = list(value, 'a sample')
  return [timeOf(time), rest]
}

function histogramOf(value: unknown): ShownHistogram {
  const [time_ms, shown] = pair(value)
  if (!isObject(shown)) throw strange('a histogram is no object')
  const buckets = list(shown['buckets'] ?? [], 'buckets').map((bucket): ShownBucket => {
    const [rule, lower, upper, count] = list(bucket, 'a bucket')
    if (rule !== 0 && rule !== 1 && rule !== 2 && rule !== 3) throw strange('a bucket has no rule')
    return { rule, lower: numberOf(lower), upper: numberOf(upper), count: numberOf(count) }
  })
  return { time_ms, count: numberOf(shown['count']), sum: numberOf(shown['sum']), buckets }
}

function seriesOf(value: unknown): AnsweredSeries {
  if (!isObject(value)) throw strange('a series is no object')
  const { metric, value: one, values, histogram, histograms } = value
  const floats = one === undefined ? list(values ?? [], 'values') : [one]
  const shown = histogram === undefined ? list(histograms ?? [], 'histograms') : [histogram]
  const time_ms = new Float64Array(floats.length)
  const column = new Float64Array(floats.length)
  for (let i = 0; i < floats.length; i++) {
    const [time, text] = pair(floats[i])
    time_ms[i] = time
    column[i] = numberOf(text)
  }
  return { labels: labelsOf(metric), time_ms, value: column, histograms: shown.map(histogramOf) }
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

/** The `data` of `query` and `query_range`. Throws `ServiceError('execution')` for what no Prometheus says. */
export function queryAnswer(envelope: Readonly<Record<string, unknown>>): QueryAnswer {
  const { data } = envelope
  if (!isObject(data)) throw strange('data is no object')
  const notes = { warnings: texts(envelope['warnings']), infos: texts(envelope['infos']) }
  const { resultType: type, result } = data
  if (type === 'vector' || type === 'matrix')
    return { type, series: list(result, 'the result').map(seriesOf), ...notes }
  const [time_ms, value] = pair(result)
  if (type === 'scalar') return { type, time_ms, value: numberOf(value), ...notes }
  if (type === 'string') return { type, time_ms, value: String(value), ...notes }
  throw strange(`its type is ${JSON.stringify(type)}`)
}
