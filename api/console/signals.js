/** Loads a judged series: what was measured, and the band that was expected of it. */
import { instant, prometheus, ranged } from './api.js'
import { bandData, shownRange } from './chart-data.js'
import { unitOfExpr, unitOfMetric } from './format.js'
import { t } from './language.js'
import { carries, isSelector, only, selector } from './promql.js'

/** @typedef {import('./api.js').Labels} Labels */
/** @typedef {import('./api.js').Range} Range */

const BEFORE_MS = 3_600_000
const AFTER_MS = 30 * 60_000

/**
 * @typedef {object} Judged
 * @property {string} rule
 * @property {string} [metric]
 * @property {string} [unit]
 * @property {Labels} labels
 * @property {number | undefined} [expected]
 * @property {number | undefined} [lower]
 * @property {number | undefined} [upper]
 */

/**
 * The metric with its labels, or the rule's own expression. A counter is judged by its rate from one sample to the next.
 * @param {Judged} judged
 * @param {string | undefined} expr of the rule
 * @param {boolean} counter whether the metric is one
 */
export function valueQuery({ metric = '', labels }, expr, counter) {
  if (metric === '' || (expr !== undefined && !isSelector(expr))) return expr ?? ''
  const series = selector(metric, labels)
  return counter ? `irate(${series}[5m])` : series
}

/** Whether metrics are counters whose name does not say it. @type {Map<string, boolean>} */
const told = new Map()

/**
 * Whether a judged metric is a counter. Gauges may be rates as well: where its name does not say it, the server is asked what it was told.
 * @param {Judged} judged
 * @param {AbortSignal} signal
 */
export async function isCounter({ metric = '', unit = '' }, signal) {
  if (metric === '' || !unit.endsWith('/s')) return false
  if (/_(total|count|sum)$/.test(metric)) return true
  const known = told.get(metric)
  if (known !== undefined) return known
  /** @type {{ data: Record<string, { type: string }[]> }} */
  const { data } = await prometheus('metadata', { metric }, signal)
  const counter = data[metric]?.some(({ type }) => type === 'counter') ?? false
  told.set(metric, counter)
  return counter
}

/**
 * What to ask for to see the values that were judged, '' where nothing can be.
 * @param {Judged} judged
 * @param {string | undefined} expr
 * @param {AbortSignal} signal
 */
export async function queryOf(judged, expr, signal) {
  return valueQuery(judged, expr, await isCounter(judged, signal))
}

/**
 * @param {Judged} judged
 * @param {string | undefined} expr
 */
export function unitFor({ metric = '', unit = '' }, expr) {
  const rate = unit.endsWith('/s') ? '/s' : ''
  const own = rate === '' ? unit : unit.slice(0, -2)
  const isSaid = own !== '' && own !== '1' && !own.startsWith('{')
  if (!isSaid && (metric === '' || (expr !== undefined && !isSelector(expr)))) return unitOfExpr(expr ?? metric)
  const whole = (isSaid ? own : unitOfMetric(metric)) + rate
  // Seconds a second are a share, as in the sentences of the server.
  return whole === 's/s' ? 'ratio' : whole
}

/**
 * The bands that were written back for a judged series.
 * @param {Judged} judged
 */
export function bandsQuery({ rule, metric = '', labels }) {
  const own = selector('', { ...labels, rule, ...(metric === '' ? {} : { metric }) })
  return `{__name__=~"barograph_(expected|lower|upper)", ${own.slice(1)}`
}

/**
 * What is drawn around a finding: an hour before it, half an hour after it, and its own interval marked.
 * @param {{ since: string, until?: string }} finding
 * @param {number} now_ms
 */
export function windowOf(finding, now_ms) {
  const since = Date.parse(finding.since)
  const until = finding.until === undefined ? now_ms : Date.parse(finding.until)
  return { from_ms: since - BEFORE_MS, to_ms: Math.min(now_ms, until + AFTER_MS), since_ms: since, until_ms: until }
}

/**
 * @param {Judged} judged
 * @param {string | undefined} expr
 * @param {Range} range
 * @param {AbortSignal} signal
 * @returns {Promise<import('./chart-data.js').ChartModel>}
 */
export async function loadJudged(judged, expr, range, signal) {
  const query = await queryOf(judged, expr, signal)
  const [values, bands] = await Promise.all([
    query === '' ? { series: [] } : ranged(query === expr ? only(query, judged.labels) : query, range, signal),
    ranged(bandsQuery(judged), range, signal),
  ])
  const value = values.series.find(({ metric }) => carries(metric, judged.labels))
  const { expected, lower, upper } = judged
  const data = bandData({ value, bands: bands.series, flat: { expected, lower, upper }, names: t().chart })
  return {
    ...data,
    range: shownRange(data.x, range.from_ms / 1000, range.to_ms / 1000),
    unit: unitFor(judged, expr),
  }
}

/**
 * A number from a query, undefined when it has no result.
 * @param {string} query
 * @param {AbortSignal} signal
 */
export async function figure(query, signal) {
  const [sample] = await instant(query, signal)
  const value = sample === undefined ? Number.NaN : Number(sample.value[1])
  return Number.isNaN(value) ? undefined : value
}
