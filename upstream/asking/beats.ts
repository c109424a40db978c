import type { AnsweredSeries, QueryAnswer } from '../client/answer.ts'
import { marked, numberOf } from './batch.ts'

/** Selectors of one query. */
const SELECTORS = 20
const LEAST_STEP_MS = 15_000
const STEPS_MAX = 1000
const LOOKBACK_MS = 300_000
/** Between samples of a series, where nothing says. */
const USUAL_SPACING_MS = 60_000
/** So many samples of a series in a row must be missing. */
const MISSED = 2.5

/** What is asked of the upstream to find out. Throws `ServiceError`. */
export interface Probe {
  range(expr: string, span: { from_ms: number; to_ms: number; step_ms: number }): Promise<QueryAnswer>
  instant(expr: string, time_ms: number): Promise<QueryAnswer>
}

/** When series of a selector had samples. */
export interface Beats {
  /** Times of samples, ascending: of those that were the newest at some step. */
  readonly times_ms: readonly number[]
  /** How far samples of one series lie apart. */
  readonly spacing_ms: number
  /** What lies further apart is a gap. */
  readonly most_ms: number
}

/** The beats of each selector. */
export async function beatsOf(
  selectors: readonly string[],
  { probe, from_ms, to_ms }: { readonly probe: Probe; readonly from_ms: number; readonly to_ms: number },
): Promise<Map<string, Beats>> {
  const step_ms = Math.max(LEAST_STEP_MS, Math.ceil((to_ms - from_ms) / STEPS_MAX / 1000) * 1000)
  const found = new Map<string, Beats>()
  for (let at = 0; at < selectors.length; at += SELECTORS) {
    const some = selectors.slice(at, at + SELECTORS)
    const span = { from_ms: from_ms - LOOKBACK_MS, to_ms, step_ms }
    const newest = byNumber(await probe.range(ofEach(some, newestExpr), span), some.length)
    const spacings = byNumber(await probe.instant(ofEach(some, spacingExpr), from_ms), some.length)
    for (const [i, selector] of some.entries()) {
      const times_ms = timesOf(newest.get(i))
      const spacing_ms = spacingOf(spacings.get(i)) ?? usualOf(times_ms)
      found.set(selector, { times_ms, spacing_ms, most_ms: MISSED * spacing_ms + step_ms })
    }
  }
  return found
}

const newestExpr = (selector: string): string => `max(timestamp(${selector}))`
/** Of series that are older than what is looked at. */
const spacingExpr = (selector: string): string =>
  `quantile(0.9, ${LOOKBACK_MS / 1000} / (count_over_time(${selector}[5m]) and ${selector} offset 5m))`

function ofEach(selectors: readonly string[], each: (selector: string) => string): string {
  return selectors.length === 1 ? each(selectors[0]!) : marked(selectors.map(each))
}

function byNumber(answer: QueryAnswer, count: number): Map<number, AnsweredSeries[]> {
  const series = 'series' in answer ? answer.series : []
  return Map.groupBy(series, ({ labels }) => (count > 1 ? numberOf(labels) : 0))
}

function timesOf(series: readonly AnsweredSeries[] = []): number[] {
  const times = new Set(series.flatMap(({ value }) => Array.from(value, (time_s) => Math.round(time_s * 1000))))
  return [...times].filter(Number.isFinite).toSorted((a, b) => a - b)
}

function spacingOf(series: readonly AnsweredSeries[] = []): number | undefined {
  const spacing_ms = (series[0]?.value[0] ?? NaN) * 1000
  return spacing_ms > 0 ? Math.min(LOOKBACK_MS, spacing_ms) : undefined
}

/** Where all is new: from one sample to the next, mostly. */
function usualOf(times_ms: readonly number[]): number {
  const spacings = times_ms.slice(1).map((time_ms, i) => time_ms - times_ms[i]!)
  return spacings.toSorted((a, b) => a - b)[spacings.length >> 1] ?? USUAL_SPACING_MS
}
