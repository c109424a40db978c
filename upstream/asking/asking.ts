import type { Clock } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { Intake } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter } from '#core/ports/meter.ts'
import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import type { Answer, Question } from '#core/ports/questions.ts'
import type { UpstreamRules } from '#core/ports/upstreams.ts'

import type { AnsweredSeries, QueryAnswer } from '../client/answer.ts'
import type { UpstreamClient } from '../client/client.ts'
import { Pace } from '../history/pace.ts'
import { answersOf, awayOf, type Batch, exprOf, failureOf, stepsOf } from './batch.ts'
import type { Probe } from './beats.ts'
import { OF_THE_QUERY, TOO_MUCH } from './failures.ts'
import { RuleMemory } from './memory.ts'
import { Outages } from './outages.ts'
import { type Schedule, scheduled } from './schedule.ts'
import type { RulesSettings } from './settings.ts'

const LOOK_MS = 500
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000
/** How often an upstream that is back is asked whether it has samples again. */
const SILENT_WAIT_MS = 5000
/** So many queries without too much asked of them, and they may be larger again. */
const GOOD = 50

export interface RuleAskingOptions {
  /** Of the upstream. */
  readonly name: string
  readonly settings: RulesSettings
  readonly client: UpstreamClient
  readonly intake: Intake
  /** Rules of this upstream, with how far they are. */
  readonly questions: () => readonly Question[]
  /** How far back the first steps of a rule are wanted, by its key. */
  readonly ranges: () => ReadonlyMap<string, number>
  readonly inspect: (expr: string) => ExpressionInfo
  readonly lateness_ms: number
  readonly retention_ms: number
  readonly clock: Clock
  readonly log: Log
  /** Queries by `upstream` and `outcome` (`answered`, `failed`), and samples in answers by `upstream`. */
  readonly queries: Counter
  readonly samples: Counter
  /** Steps by `upstream` and `reason`: `failed`, `away`. */
  readonly passedOver: Counter
}

/**
 * Asks an upstream for the steps of its rules when they are due, and hands what it says to the intake. It knows nothing that has to be kept: how far
 * a rule is, its engine says, so that what was not taken in is asked again, and nothing is taken twice.
 */
export class RuleAsking {
  readonly #options: RuleAskingOptions
  readonly #memory = new RuleMemory()
  readonly #outages = new Outages()
  readonly #pace: Pace
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<void>>()
  /** Keys of rules that are being asked. */
  readonly #asked = new Set<string>()
  readonly #counts = { queries: 0, failed: 0, samples: 0, passed_over: 0 }
  #stopLooking: () => void = () => undefined
  /** Rules of one query. */
  #size: number
  #good = 0
  /** Nothing is asked before; attempts that failed since one succeeded. */
  #pause_ms = -Infinity
  #attempts = 0
  #trouble = ''

  constructor(options: RuleAskingOptions) {
    this.#options = options
    this.#pace = new Pace({ rate: options.settings.rate, clock: options.clock })
    this.#size = options.settings.batch
  }

  start(): void {
    this.#stopLooking = this.#options.clock.every(LOOK_MS, () => this.#look())
  }

  /** What was asked and not answered is asked again after the next start. */
  async stop(): Promise<void> {
    this.#stopLooking()
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  /** Resolves when nothing is being asked. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Undefined where no rule names the upstream. */
  state(): UpstreamRules | undefined {
    const questions = this.#options.questions()
    if (questions.length === 0) return undefined
    const { behind_ms } = this.#schedule(questions)
    return { rules: questions.length, ...this.#counts, behind_ms, trouble: this.#trouble }
  }

  #look(): void {
    const { clock, settings, questions } = this.#options
    const isFull = (): boolean => this.#running.size >= settings.parallel
    if (this.#stop.signal.aborted || isFull() || clock.now_ms() < this.#pause_ms) return
    const all = questions()
    this.#memory.keep(all)
    if (this.#outages.suspected) {
      if (this.#running.size === 0) this.#run(this.#examine(all))
      return
    }
    const { batches } = this.#schedule(all)
    for (const batch of batches) {
      if (isFull()) return
      if (batch.questions.some(({ rule }) => this.#asked.has(rule))) continue
      this.#begin(batch)
    }
  }

  #schedule(questions: readonly Question[]): Schedule {
    const { clock, settings, lateness_ms, retention_ms, ranges } = this.#options
    const now_ms = clock.now_ms()
    // Only rules that were never answered ask.
    let wanted: ReadonlyMap<string, number> | undefined
    return scheduled(questions, {
      now_ms,
      lateness_ms: lateness_ms + settings.delay,
      spread_ms: settings.spread,
      batch: settings.batch,
      size: this.#size,
      range_ms: (rule) => (wanted ??= ranges()).get(rule) ?? 0,
      oldest_ms: now_ms - retention_ms,
      memory: this.#memory,
    })
  }

  #begin(batch: Batch): void {
    for (const { rule } of batch.questions) this.#asked.add(rule)
    for (const { batch: part, away } of this.#outages.within(batch)) {
      const run = away === undefined ? this.#ask(part) : this.#passed(awayOf(part, away), 'away')
      this.#run(
        run.finally(() => {
          for (const { rule } of part.questions) this.#asked.delete(rule)
        }),
      )
    }
  }

  #run(work: Promise<void>): void {
    const run = work.finally(() => {
      this.#running.delete(run)
      this.#look()
    })
    this.#running.add(run)
  }

  /** Nothing is asked before it is known when the upstream was away: what it says of that time is not so. */
  async #examine(questions: readonly Question[]): Promise<void> {
    const { inspect, settings, clock, lateness_ms, retention_ms } = this.#options
    const { signal } = this.#stop
    const now_ms = clock.now_ms()
    const about = {
      questions,
      inspect,
      now_ms,
      lag_ms: lateness_ms + settings.delay,
      oldest_ms: now_ms - retention_ms,
    }
    try {
      const newest_ms = await this.#outages.examine(this.#probe(), about)
      if (newest_ms === undefined) return
      const message = `it answers; samples behind ${new Date(newest_ms).toISOString()} are waited for`
      this.#away(new ServiceError('unavailable', message, { retry_after_ms: SILENT_WAIT_MS }))
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      if (signal.aborted) return
      this.#countFailed()
      if (!this.#outages.givesUp(error)) this.#away(error)
    }
  }

  #probe(): Probe {
    const { client } = this.#options
    const { signal } = this.#stop
    return {
      range: async (expr, span) => {
        await this.#pace.turn(signal)
        return this.#counted(await client.range(expr, { ...span, signal }))
      },
      instant: async (expr, time_ms) => {
        await this.#pace.turn(signal)
        return this.#counted(await client.instant(expr, time_ms, { signal }))
      },
    }
  }

  async #ask(batch: Batch): Promise<void> {
    const { client, inspect } = this.#options
    const { signal } = this.#stop
    const { from_ms, to_ms, step_ms } = batch
    let isHeard = false
    try {
      await this.#pace.turn(signal)
      const answer = await client.range(exprOf(batch, inspect), { from_ms, to_ms, step_ms, signal })
      isHeard = true
      const answers = answersOf(batch, this.#counted(answer))
      this.#learn(batch, answers)
      await this.#submit(answers)
      this.#well()
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      if (signal.aborted) return
      if (!isHeard && !OF_THE_QUERY.has(error.code)) this.#outages.suspect()
      await this.#failed(batch, error)
    }
  }

  #learn(batch: Batch, answers: readonly Answer[]): void {
    const { settings } = this.#options
    const steps = stepsOf(batch)
    const most = settings.samples / batch.questions.length
    for (const [i, question] of batch.questions.entries())
      this.#memory.succeeded(question, { steps, points: pointsOf(answers[i]!.series), most })
    if (++this.#good % GOOD === 0) this.#size = Math.min(settings.batch, this.#size * 2)
  }

  #counted(answer: QueryAnswer): QueryAnswer {
    const { name, queries, samples } = this.#options
    const points = 'series' in answer ? pointsOf(answer.series) : 1
    this.#counts.queries++
    this.#counts.samples += points
    queries.add(1, { upstream: name, outcome: 'answered' })
    samples.add(points, { upstream: name })
    return answer
  }

  #countFailed(): void {
    const { name, queries } = this.#options
    this.#counts.queries++
    this.#counts.failed++
    queries.add(1, { upstream: name, outcome: 'failed' })
  }

  #well(): void {
    const { log, name } = this.#options
    if (this.#trouble !== '') log.info('rules are evaluated on the upstream again', { upstream: name })
    this.#trouble = ''
    this.#attempts = 0
  }

  /** Asks for less where that may help, passes over what fails by itself, and else leaves the upstream alone for a while. */
  async #failed(batch: Batch, error: ServiceError): Promise<void> {
    this.#countFailed()
    if (!OF_THE_QUERY.has(error.code)) this.#away(error)
    else if (batch.questions.length > 1) this.#apart(batch, error)
    else if (batch.to_ms > batch.from_ms) this.#memory.tooMany(batch.questions[0]!, stepsOf(batch))
    else if (error.code === 'timeout') this.#away(error)
    else await this.#passOver(batch, error)
  }

  #apart({ questions }: Batch, { code }: ServiceError): void {
    if (TOO_MUCH.has(code)) {
      this.#size = Math.max(1, Math.min(this.#size, questions.length) >> 1)
      this.#good = 0
    } else for (const question of questions) this.#memory.suspect(question)
  }

  /** As in Prometheus: the rule says why, and goes on behind the step. */
  async #passOver(batch: Batch, error: ServiceError): Promise<void> {
    const all = this.#memory.failed(batch.questions[0]!)
    await this.#passed(failureOf(batch, all ? batch.due_ms : batch.to_ms, messageOf(error)), 'failed')
  }

  async #passed(answers: readonly Answer[], reason: 'failed' | 'away'): Promise<void> {
    const { name, passedOver } = this.#options
    const steps = answers.reduce((sum, answer) => sum + stepsOf(answer), 0)
    try {
      await this.#submit(answers)
      this.#counts.passed_over += steps
      passedOver.add(steps, { upstream: name, reason })
      this.#well()
    } catch (refused) {
      if (!(refused instanceof ServiceError)) throw refused
      this.#away(refused)
    }
  }

  async #submit(answers: readonly Answer[]): Promise<void> {
    await this.#options.intake.submit({ kind: 'answers', datasource: this.#options.name, answers })
  }

  /** The same trouble is told once for as long as it lasts. */
  #away(error: ServiceError): void {
    const { clock, log, name } = this.#options
    const wait_ms = error.retry_after_ms ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempts++)
    this.#pause_ms = Math.max(this.#pause_ms, clock.now_ms() + wait_ms)
    if (this.#trouble === '')
      log.warn('rules cannot be evaluated on the upstream; they are caught up with when they can', {
        upstream: name,
        error: messageOf(error),
      })
    this.#trouble = messageOf(error)
  }
}

function pointsOf(series: readonly Pick<AnsweredSeries, 'time_ms'>[]): number {
  return series.reduce((sum, { time_ms }) => sum + time_ms.length, 0)
}
