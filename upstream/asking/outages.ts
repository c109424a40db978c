import type { ServiceError } from '#core/errors.ts'
import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import type { Question } from '#core/ports/questions.ts'
import type { TimeRange } from '#core/ports/series-reader.ts'
import { selectorText } from '#core/selector.ts'

import type { Batch } from './batch.ts'
import { type Beats, beatsOf, type Probe } from './beats.ts'
import { OF_THE_QUERY } from './failures.ts'

/** What every Prometheus that scrapes writes of itself. */
const UP = 'up'
/** A rate needs two samples. */
const SAMPLES_OF_RATE = 2
/** A gap of a fifth of a window makes a rate a fifth too small: as much as what detectors find. */
const MUCH = 5
/** So long an upstream that is back may be without new samples: senders come with what they kept, targets are found. */
const PATIENCE_MS = 300_000
/** After that others are waited for: not all senders are equally fast. */
const SETTLE_MS = 5000
const LATE_MAX = 3

export interface Examination {
  readonly questions: readonly Question[]
  readonly inspect: (expr: string) => ExpressionInfo
  readonly now_ms: number
  /** How long ago the newest step is that may be asked for. */
  readonly lag_ms: number
  readonly oldest_ms: number
}

/** Part of a batch; `away`: it lies in a time, both ends included, in which what it reads took no samples. */
export interface Part {
  readonly batch: Batch
  readonly away: TimeRange | undefined
}

/** What a rule reads. `window_ms`: over which samples are put together, where its values are learned from. */
interface Read {
  readonly selector: string
  readonly window_ms: number
}

type Reads = ReadonlyMap<string, readonly Read[]>

/**
 * When an upstream was away. Its series have a hole there, which says nothing of what they measure: a rule that were told of it as of any other step would
 * see all of its input gone. Its own rules were not evaluated then either. So after each failure, and after our own start, it is asked once when it had
 * samples at all (`up`; where there is none, what its rules read), and if that has a gap, whether what a rule reads has it too: senders fill what they
 * kept. A gap is where some samples of each series are missing, until rates have two samples again, and for what is learned from, until they have all.
 */
export class Outages {
  #suspected = true
  /** Whether it did not answer; else it is our own start. */
  #failed = false
  /** When it was first heard of again. */
  #back_ms: number | undefined
  /** When it was last seen to lack samples, or was first heard of after it had failed. */
  #unsettled_ms = -Infinity
  /** By rule. */
  #known = new Map<string, readonly TimeRange[]>()
  /** Examinations in a row that took too long. */
  #late = 0

  get suspected(): boolean {
    return this.#suspected
  }

  /** It did not answer. */
  suspect(): void {
    this.#suspected = this.#failed = true
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
    const isSilent = ({ times_ms, most_ms }: Beats): boolean =>
      times_ms.length > 0 && now_ms - lag_ms - times_ms.at(-1)! > most_ms
    const reads = readsOf(questions, about)
    const { whole, read } = await this.#beats(probe, reads, { from_ms, now_ms, isGood: (beats) => !isSilent(beats) })
    if (this.#back_ms === undefined) {
      this.#back_ms = now_ms
      if (this.#failed) this.#unsettled_ms = now_ms
    }
    const silent = [whole, ...read.values()].filter(isSilent)
    if (silent.length > 0 && now_ms - this.#back_ms < PATIENCE_MS) this.#unsettled_ms = now_ms
    if (now_ms - this.#unsettled_ms < SETTLE_MS) {
      const newest = silent.length > 0 ? silent : [whole]
      return Math.max(from_ms, ...newest.map(({ times_ms }) => times_ms.at(-1) ?? -Infinity))
    }
    const back_ms = this.#back_ms
    const ended = (beats: Beats): Beats =>
      isSilent(beats) ? { ...beats, times_ms: [...beats.times_ms, back_ms] } : beats
    this.#learn(reads, ended(whole), new Map([...read].map(([selector, beats]) => [selector, ended(beats)])))
    this.#trust()
    return undefined
  }

  /** What of a batch may be asked for, and what lies in outages; the first steps of each rule. */
  within(batch: Batch): Part[] {
    const { from_ms } = batch
    const spans = (rule: string): readonly TimeRange[] => this.#known.get(rule) ?? []
    const groups = Map.groupBy(batch.questions, ({ rule }) => {
      const away = spans(rule).find((one) => one.from_ms <= from_ms && one.to_ms >= from_ms)
      const next_ms = Math.min(
        ...spans(rule)
          .map((one) => one.from_ms)
          .filter((begin_ms) => begin_ms > from_ms),
      )
      return `${away?.from_ms} ${away?.to_ms ?? next_ms}`
    })
    return [...groups.values()].map((questions) => partOf({ ...batch, questions }, spans(questions[0]!.rule)))
  }

  #trust(): void {
    this.#suspected = this.#failed = false
    this.#late = 0
  }

  /** Of the upstream as a whole; and where that lacks anything, of each thing that is read. */
  async #beats(
    probe: Probe,
    reads: Reads,
    { from_ms, now_ms, isGood }: { from_ms: number; now_ms: number; isGood: (beats: Beats) => boolean },
  ): Promise<{ readonly whole: Beats; readonly read: ReadonlyMap<string, Beats> }> {
    const span = { probe, from_ms, to_ms: now_ms }
    const isWell = (beats: Beats): boolean => isGood(beats) && gapsOf(beats).length === 0
    const none = new Map<string, Beats>()
    const up = (await beatsOf([UP], span)).get(UP)!
    const isThere = up.times_ms.length > 0
    if (isThere && isWell(up)) return { whole: up, read: none }
    const selectors = new Set([...reads.values()].flat().map(({ selector }) => selector))
    const read = await beatsOf([...selectors], span)
    if (isThere) return { whole: up, read }
    const whole = together([...read.values()])
    return { whole, read: isWell(whole) ? none : read }
  }

  #learn(reads: Reads, whole: Beats, read: ReadonlyMap<string, Beats>): void {
    this.#known.clear()
    const gaps = gapsOf(whole)
    if (gaps.length === 0) return
    for (const [rule, parts] of reads) {
      const own = parts.flatMap(({ selector, window_ms }) => {
        const beats = read.get(selector)
        return beats === undefined || beats.times_ms.length === 0 ? gaps : gapsOf(beats, window_ms)
      })
      const away = own.filter((one) => gaps.some((gap) => one.from_ms <= gap.to_ms && one.to_ms >= gap.from_ms))
      this.#known.set(rule, merged(away))
    }
  }
}

/** What rules read, by their keys. Those that read nothing are always well. */
function readsOf(questions: readonly Question[], { inspect }: Pick<Examination, 'inspect'>): Reads {
  return new Map(
    questions.map(({ rule, expr, learns = false }) => [
      rule,
      inspect(expr).selectors.map(({ matchers, window_ms = 0 }) => ({
        selector: selectorText(matchers),
        window_ms: learns ? window_ms : 0,
      })),
    ]),
  )
}

/** From where a sample is missing to where rates have two; where a gap is much of a window, to where it is out of it. */
function gapsOf({ times_ms, spacing_ms, most_ms }: Beats, window_ms = 0): TimeRange[] {
  return times_ms.flatMap((first_ms, i) => {
    const last_ms = times_ms[i - 1]
    if (last_ms === undefined || first_ms - last_ms <= most_ms) return []
    const isMuch = window_ms <= MUCH * (first_ms - last_ms)
    const settled_ms = Math.max(SAMPLES_OF_RATE * spacing_ms, isMuch ? window_ms + spacing_ms : 0)
    return [{ from_ms: last_ms + spacing_ms, to_ms: first_ms + settled_ms - 1 }]
  })
}

function together(all: readonly Beats[]): Beats {
  const times_ms = [...new Set(all.flatMap((one) => one.times_ms))].toSorted((a, b) => a - b)
  return {
    times_ms,
    spacing_ms: Math.max(0, ...all.map(({ spacing_ms }) => spacing_ms)),
    most_ms: Math.max(0, ...all.map(({ most_ms }) => most_ms)),
  }
}

/** In order, those that overlap as one. */
function merged(spans: readonly TimeRange[]): TimeRange[] {
  const all: TimeRange[] = []
  for (const span of spans.toSorted((a, b) => a.from_ms - b.from_ms)) {
    const last = all.at(-1)
    if (last === undefined || span.from_ms > last.to_ms) all.push(span)
    else all[all.length - 1] = { from_ms: last.from_ms, to_ms: Math.max(last.to_ms, span.to_ms) }
  }
  return all
}

function partOf(batch: Batch, spans: readonly TimeRange[]): Part {
  const { from_ms, to_ms, step_ms, due_ms } = batch
  const stepBefore = (time_ms: number): number => from_ms + Math.floor((time_ms - from_ms) / step_ms) * step_ms
  const away = spans.find((one) => one.from_ms <= from_ms && one.to_ms >= from_ms)
  if (away !== undefined) return { batch: { ...batch, to_ms: Math.min(due_ms, stepBefore(away.to_ms)) }, away }
  const next_ms = Math.min(...spans.map((one) => one.from_ms).filter((begin_ms) => begin_ms > from_ms))
  return { batch: next_ms > to_ms ? batch : { ...batch, to_ms: stepBefore(next_ms - 1) }, away: undefined }
}
