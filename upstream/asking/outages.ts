import type { ServiceError } from '#core/errors.ts'
import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import type { Question } from '#core/ports/questions.ts'

import type { QueryAnswer } from '../client/answer.ts'
import { selectorText } from '../history/selector.ts'
import { type Batch, marked } from './batch.ts'
import { OF_THE_QUERY } from './failures.ts'

/** What every Prometheus that scrapes writes of itself. */
const UP = 'up'
/** Selectors of one query, where there is no `up`. */
const SELECTORS = 20
const LEAST_STEP_MS = 15_000
const STEPS_MAX = 1000
const LOOKBACK_MS = 300_000
/** Between samples of a series, where nothing says. */
const USUAL_SPACING_MS = 60_000
/** So many samples of a series in a row must be missing. */
const MISSED = 2.5
/** A rate needs two samples. */
const SAMPLES_OF_RATE = 2
/** So long an upstream that is back may be without new samples: senders come with what they kept, targets are found. */
const PATIENCE_MS = 300_000
/** After that others are waited for: not all senders are equally fast. */
const SETTLE_MS = 5000
const LATE_MAX = 3

/** A time, both ends included, in which an upstream took no samples: it was not there. */
export interface Outage {
  readonly from_ms: number
  readonly to_ms: number
}

/** What is asked of the upstream to find out. Throws `ServiceError`. */
export interface Probe {
  range(expr: string, span: { from_ms: number; to_ms: number; step_ms: number }): Promise<QueryAnswer>
  instant(expr: string, time_ms: number): Promise<QueryAnswer>
}

export interface Examination {
  readonly questions: readonly Question[]
  readonly inspect: (expr: string) => ExpressionInfo
  readonly now_ms: number
  /** How long ago the newest step is that may be asked for. */
  readonly lag_ms: number
  readonly oldest_ms: number
}

/**
 * When an upstream was away. Its series have a hole there, which says nothing of what they measure: a rule that were told of it as of any other step would
 * see all of its input gone. Its own rules were not evaluated then either. So after each failure, and after our own start, it is asked once when it had
 * samples at all: by `up`, or where there is none, by what its rules read. A hole counts where some samples of each series are missing, until rates have
 * two samples again.
 */
export class Outages {
  #suspected = true
  /** When it was first heard of again. */
  #back_ms: number | undefined
  /** When it was last seen to lack samples, or was first heard of. */
  #unsettled_ms = -Infinity
  #known: readonly Outage[] = []
  /** Examinations in a row that took too long. */
  #late = 0

  get suspected(): boolean {
    return this.#suspected
  }

  /** It did not answer. */
  suspect(): void {
    this.#suspected = true
    this.#back_ms = undefined
  }

  /** An examination failed. True where that is how it is: what cannot be found out is taken for well. */
  givesUp({ code }: ServiceError): boolean {
    const isRefused = OF_THE_QUERY.has(code)
    if (isRefused && (code !== 'timeout' || ++this.#late === LATE_MAX)) this.#trust()
    else if (!isRefused) this.suspect()
    return !this.#suspected
  }

  /** Looks whether it was away since its rules were last answered. The time of its newest sample where more is waited for; undefined when all is known. */
  async examine(probe: Probe, about: Examination): Promise<number | undefined> {
    const { questions, now_ms, lag_ms, oldest_ms } = about
    const marks = questions.map(({ mark_ms }) => mark_ms).filter(Number.isFinite)
    if (marks.length === 0) {
      this.#trust()
      return undefined
    }
    const from_ms = Math.max(oldest_ms, Math.min(...marks))
    const { beats, spacing_ms, step_ms } = await this.#beats(probe, from_ms, about)
    if (this.#back_ms === undefined) this.#back_ms = this.#unsettled_ms = now_ms
    const most_ms = MISSED * spacing_ms + step_ms
    const newest_ms = beats.at(-1) ?? from_ms
    const isSilent = now_ms - lag_ms - newest_ms > most_ms
    if (isSilent && now_ms - this.#back_ms < PATIENCE_MS) this.#unsettled_ms = now_ms
    if (now_ms - this.#unsettled_ms < SETTLE_MS) return newest_ms
    const ends = isSilent ? [...beats, this.#back_ms] : beats
    const found = gapsOf(ends, most_ms).map(([last_ms, first_ms]) => ({
      from_ms: last_ms + spacing_ms,
      to_ms: first_ms + SAMPLES_OF_RATE * spacing_ms - 1,
    }))
    this.#known = [...this.#known.filter(({ to_ms }) => to_ms > from_ms), ...found]
    this.#trust()
    return undefined
  }

  /** A batch up to where an outage begins; or, `away`, as much of it as lies in one. */
  within(batch: Batch): { readonly part: Batch; readonly away: Outage | undefined } {
    const { from_ms, to_ms, step_ms, due_ms } = batch
    const away = this.#known.find((one) => one.from_ms <= from_ms && one.to_ms >= from_ms)
    const stepBefore = (time_ms: number): number => from_ms + Math.floor((time_ms - from_ms) / step_ms) * step_ms
    if (away !== undefined) return { part: { ...batch, to_ms: Math.min(due_ms, stepBefore(away.to_ms)) }, away }
    const next_ms = Math.min(...this.#known.map((one) => one.from_ms).filter((begin_ms) => begin_ms > from_ms))
    return { part: next_ms > to_ms ? batch : { ...batch, to_ms: stepBefore(next_ms - 1) }, away: undefined }
  }

  #trust(): void {
    this.#suspected = false
    this.#late = 0
  }

  /** Times of samples, ascending, as seen at steps; and how far those of one series lie apart. */
  async #beats(probe: Probe, from_ms: number, { questions, inspect, now_ms }: Examination) {
    const step_ms = Math.max(LEAST_STEP_MS, Math.ceil((now_ms - from_ms) / STEPS_MAX / 1000) * 1000)
    const span = { from_ms, to_ms: now_ms, step_ms }
    const ask = async (selectors: readonly string[]): Promise<number[]> =>
      timesOf(
        await probe.range(
          ofAll(selectors, (one) => `max(timestamp(${one}))`),
          span,
        ),
      )
    const spacing = async (selectors: readonly string[]): Promise<number> =>
      spacingOf(await probe.instant(ofAll(selectors, spacingExpr), from_ms))
    const beats = await ask([UP])
    if (beats.length > 0) return { beats, spacing_ms: await spacing([UP]), step_ms }
    const read = selectorsOf(questions, inspect)
    let spacing_ms = 0
    for (let at = 0; at < read.length; at += SELECTORS) {
      const some = read.slice(at, at + SELECTORS)
      beats.push(...(await ask(some)))
      spacing_ms = Math.max(spacing_ms, await spacing(some))
    }
    return { beats: beats.toSorted((a, b) => a - b), spacing_ms: spacing_ms || USUAL_SPACING_MS, step_ms }
  }
}

const newestExpr = (selector: string): string => `max(timestamp(${selector}))`
const spacingExpr = (selector: string): string =>
  `quantile(0.9, ${LOOKBACK_MS / 1000} / count_over_time(${selector}[5m]))`

function ofAll(selectors: readonly string[], each: (selector: string) => string): string {
  return selectors.length === 1 ? each(selectors[0]!) : `max(${marked(selectors.map(each))})`
}

function selectorsOf(questions: readonly Question[], inspect: Examination['inspect']): string[] {
  const selectors = questions.flatMap(({ expr }) => inspect(expr).selectors)
  return [...new Set(selectors.map(({ matchers }) => selectorText(matchers)))]
}

function timesOf(answer: QueryAnswer): number[] {
  const series = answer.type === 'matrix' ? answer.series : []
  const times = new Set(series.flatMap(({ value }) => Array.from(value, (time_s) => Math.round(time_s * 1000))))
  return [...times].filter(Number.isFinite).toSorted((a, b) => a - b)
}

function spacingOf(answer: QueryAnswer): number {
  const [first] = answer.type === 'vector' ? answer.series : []
  const spacing_ms = (first?.value[0] ?? NaN) * 1000
  return spacing_ms > 0 ? Math.min(LOOKBACK_MS, spacing_ms) : USUAL_SPACING_MS
}

/** Neighbours that are further apart than `most_ms`. */
function gapsOf(times: readonly number[], most_ms: number): (readonly [number, number])[] {
  return times.flatMap((time_ms, i) => {
    const before_ms = times[i - 1]
    return before_ms !== undefined && time_ms - before_ms > most_ms ? [[before_ms, time_ms] as const] : []
  })
}
