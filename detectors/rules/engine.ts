import type { Alert, AlertEvent } from '#core/alert.ts'
import type { Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import type { AlertReader, AlertSink } from '#core/ports/alerts.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { Answer, Question, Questions } from '#core/ports/questions.ts'
import type { RuleGroupInfo, RuleReader } from '#core/ports/rules.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'

import type { Forecasting } from '../forecasting/spec.ts'
import type { Scoring } from '../scoring/spec.ts'
import { ActiveRule, type Occasion, type SavedRule } from './active-rule.ts'
import { type HistoryState, HistoryWatch } from './history.ts'
import { floorTo, PATIENCE_MS } from './marks.ts'
import type { RuleGroup } from './rule.ts'
import type { RecordedSink } from './run-record.ts'

const VERSION = 1
/** Samples older than this against analysis time are history, not delay. */
const HISTORY_MS = 600_000
/**
 * Groups that are so far behind catch up in one go, what becomes of alerts told in order of time; but where rules need more than there is time for
 * that would need ever more, and they go on with the newest step.
 */
const FAR_MS = 60_000

export interface RuleEngineOptions {
  readonly query: QueryEngine
  readonly writer: SeriesWriter
  readonly reader: Pick<SeriesReader, 'extent'>
  readonly scoring: Scoring & RecordedSink & { flush(): void }
  readonly forecasting: Forecasting
  readonly alerts: AlertSink
  readonly lateness_ms: number
  readonly meter: Meter
  readonly log: Log
  /** For measuring how long evaluation took, nothing else. */
  readonly now_ms: () => number
}

interface State {
  readonly version: number
  readonly time_ms: number | null
  readonly history: HistoryState | null
  readonly rules: readonly (readonly [string, SavedRule])[]
  /** Of the last tick: more was due than its share. */
  readonly unfinished?: boolean
}

interface ActiveGroup {
  readonly group: RuleGroup
  readonly rules: readonly ActiveRule[]
  /** Of the last evaluation, wall clock. */
  duration_ms: number
  /** Of the one that goes on, so far. */
  spent_ms: number
}

/** A group with rules that are due, and how much longer ago than an interval the first of them was last evaluated. */
interface Due {
  readonly active: ActiveGroup
  readonly occasion: Occasion
  readonly behind_ms: number
  /** The oldest of their steps before this one. */
  readonly first_ms: number
  /** 0: begun, 1: late, 2: neither. */
  readonly rank: 0 | 1 | 2
}

interface Moment extends Omit<Occasion, 'due_ms' | 'newest_only'> {
  /** Steps up to here are settled. */
  readonly settled_ms: number
}

/** How many series may still be read before others have their turn. */
interface Share {
  left: number
}

/** Evaluates rule groups on analysis time: steps when they are due, steps that are behind as one range. */
export class RuleEngine implements AlertReader, RuleReader, Questions, Snapshot {
  readonly name = 'rules'
  readonly #options: RuleEngineOptions
  readonly #history = new HistoryWatch()
  readonly #failures
  readonly #evaluations
  #groups: readonly ActiveGroup[] = []
  /** Those that an upstream evaluates, by key. */
  #remote: ReadonlyMap<string, ActiveRule> = new Map()
  /** Anomaly rules whose input comes from an upstream. */
  #learning: readonly ActiveRule[] = []
  /** T of the last tick. */
  #time_ms = -Infinity
  /** It left rules that were due. */
  #unfinished = false

  constructor(options: RuleEngineOptions) {
    this.#options = options
    const { meter } = options
    this.#failures = meter.counter('barograph.rules.failures', {
      description: 'Evaluations that failed, by kind of rule',
    })
    this.#evaluations = meter.histogram('barograph.rules.evaluation.duration', {
      description: 'Time to evaluate a group',
      unit: 's',
      bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    })
  }

  /** Replaces all groups; rules under an unchanged key go on, alerts of the others resolve at analysis time `time_ms`. */
  setGroups(groups: readonly RuleGroup[], time_ms?: number): void {
    const before = new Map(this.#groups.flatMap(({ rules }) => rules).map((active) => [active.rule.key, active]))
    this.#groups = groups.map((group) => ({
      group,
      rules: group.rules.map((rule) => {
        const active = new ActiveRule(rule, group, this.#options)
        const known = before.get(rule.key)
        if (known !== undefined) active.load(known.save())
        before.delete(rule.key)
        return active
      }),
      duration_ms: 0,
      spent_ms: 0,
    }))
    this.#connect()
    for (const gone of before.values()) for (const event of gone.end(time_ms)) this.#options.alerts.alert(event)
    const all = groups.flatMap(({ rules }) => rules)
    this.#options.scoring.setRules(all.flatMap((rule) => (rule.kind === 'anomaly' ? [rule.spec] : [])))
    this.#options.forecasting.setRules(all.flatMap((rule) => (rule.kind === 'forecast' ? [rule.spec] : [])))
  }

  /** New samples came; `oldest_ms` is the time of the oldest, `time_ms` analysis time. */
  observed(oldest_ms: number, time_ms: number): void {
    if (oldest_ms < time_ms - HISTORY_MS) this.#history.seen(oldest_ms, time_ms)
  }

  /**
   * Evaluates what is due at T = `time_ms`; nobody is known to lag beyond `complete_ms`. What alerts become is told in order of event
   * time, as it would have been had every step been taken by itself. True where more is due than rules that read about `share` series: the next
   * tick goes on with it. What is far behind at once, as after an outage, is taken at once, so that it comes in order.
   */
  async tick({
    time_ms,
    complete_ms = Infinity,
    share = Infinity,
  }: {
    readonly time_ms: number
    readonly complete_ms?: number | undefined
    readonly share?: number | undefined
  }): Promise<boolean> {
    const { lateness_ms, alerts, scoring } = this.#options
    if (this.#history.waits(time_ms)) return false
    if (time_ms - this.#time_ms > PATIENCE_MS) {
      for (const { rules } of this.#groups) for (const rule of rules) rule.listenAnew(time_ms)
      // Nobody was here: what is behind is so by the outage.
      this.#unfinished = false
    }
    this.#time_ms = time_ms
    const again_ms = this.#history.taken()
    const events: AlertEvent[] = []
    const settled_ms = Math.min(time_ms, complete_ms) - lateness_ms
    const due = this.#due({ time_ms, settled_ms, again_ms })
    const isFar = again_ms !== null || (!this.#unfinished && due.some(({ behind_ms }) => behind_ms > FAR_MS))
    const left = { left: isFar ? Infinity : share }
    let unfinished = false
    for (const { active, occasion, behind_ms } of due) {
      const newest_only = this.#unfinished && behind_ms > FAR_MS
      unfinished = left.left <= 0 || (await this.#evaluate(active, { ...occasion, newest_only }, events, left))
      if (unfinished) break
    }
    this.#unfinished = unfinished
    for (const event of events.toSorted((a, b) => a.at_ms - b.at_ms)) alerts.alert(event)
    for (const active of this.#learning) scoring.known(active.rule.key, active.known_ms)
    scoring.flush()
    return unfinished
  }

  /** T is `time_ms` from here on, and was beyond. */
  setBack(time_ms: number): void {
    this.#time_ms = Math.min(this.#time_ms, time_ms)
    this.#history.load(null)
    for (const { rules } of this.#groups) for (const rule of rules) rule.setBack(time_ms)
  }

  /** Evaluates every rule once, in order, whatever is due and whatever its interval: for tests of rules, whose time is their own. */
  async step(time_ms: number): Promise<void> {
    for (const { group, rules } of this.#groups) {
      for (const rule of rules) {
        const { events } = await rule.step(time_ms - group.offset_ms)
        for (const event of events) this.#options.alerts.alert(event)
      }
    }
    this.#options.scoring.flush()
  }

  questions(): readonly Question[] {
    return this.#groups.flatMap(({ rules }) => rules.flatMap((rule) => rule.question() ?? []))
  }

  /** What an upstream said, as if it had been evaluated here. Answers to rules that are gone are passed over. */
  async answered(datasource: string, answers: readonly Answer[]): Promise<void> {
    const events: AlertEvent[] = []
    for (const answer of answers) {
      const rule = this.#remote.get(answer.rule)
      if (rule?.rule.datasource !== datasource) continue
      const before = rule.lastError
      const made = await rule.answered(answer)
      for (const event of made.events) events.push(event)
      if (made.errors.length > 0) this.#failed(rule, made.errors, before)
    }
    for (const event of events.toSorted((a, b) => a.at_ms - b.at_ms)) this.#options.alerts.alert(event)
    this.#options.scoring.flush()
  }

  active(): readonly Alert[] {
    return this.#groups.flatMap(({ rules }) => rules.flatMap((rule) => rule.alerts()))
  }

  groups(): readonly RuleGroupInfo[] {
    return this.#groups.map(({ group, rules, duration_ms }) => ({
      name: group.name,
      file: group.file,
      interval_ms: group.interval_ms,
      evaluated_ms: Math.max(0, ...rules.map(({ due_ms }) => due_ms)),
      evaluation_duration_ms: duration_ms,
      limit: group.limit,
      datasource: group.datasource,
      rules: rules.map((rule) => rule.info()),
    }))
  }

  save(): Uint8Array {
    const rules = this.#groups.flatMap((active) => active.rules.map((one) => [one.rule.key, one.save()] as const))
    const time_ms = Number.isFinite(this.#time_ms) ? this.#time_ms : null
    return Buffer.from(
      JSON.stringify({
        version: VERSION,
        time_ms,
        history: this.#history.save(),
        rules,
        unfinished: this.#unfinished,
      } satisfies State),
    )
  }

  /** Rules that are no longer there are left out. */
  load(bytes: Uint8Array): void {
    const state = JSON.parse(Buffer.from(bytes).toString()) as State
    if (state.version !== VERSION) {
      throw new ServiceError('bad_data', `rule state of version ${state.version}; this program reads ${VERSION}`)
    }
    this.#time_ms = state.time_ms ?? -Infinity
    this.#history.load(state.history)
    this.#unfinished = state.unfinished ?? false
    const saved = new Map(state.rules)
    for (const { rules } of this.#groups) {
      for (const active of rules) {
        const known = saved.get(active.rule.key)
        if (known !== undefined) active.load(known)
      }
    }
  }

  /** Rules that read what others record from an upstream wait for those. */
  #connect(): void {
    const rules = this.#groups.flatMap((group) => group.rules)
    const remote = rules.filter(({ rule }) => rule.datasource !== undefined)
    this.#remote = new Map(remote.map((active) => [active.rule.key, active]))
    const recording = remote.filter(({ rule }) => rule.kind === 'record')
    const byName = Map.groupBy(recording, ({ rule }) => rule.name)
    for (const active of rules) active.follow(byName)
    this.#learning = rules.filter(({ rule, known_ms }) => rule.kind === 'anomaly' && known_ms < Infinity)
  }

  /**
   * What groups have to do, in their order; but first what was begun, then those that missed a whole interval, and where rules take more than there
   * is time for, those that waited longest: all have their turn.
   */
  #due(moment: Moment): Due[] {
    const due = this.#groups.flatMap((active) => dueOf(active, moment))
    return due.toSorted((a, b) => a.rank - b.rank || (this.#unfinished ? earlier(a.first_ms, b.first_ms) : 0))
  }

  /** True where its share was used up before its end. */
  async #evaluate(active: ActiveGroup, occasion: Occasion, events: AlertEvent[], share: Share): Promise<boolean> {
    const { now_ms } = this.#options
    const started_ms = now_ms()
    for (const rule of active.rules) {
      if (!rule.isDue(occasion)) continue
      if (share.left <= 0) {
        active.spent_ms += now_ms() - started_ms
        return true
      }
      const before = rule.lastError
      const made = await rule.evaluate(occasion, now_ms)
      for (const event of made.events) events.push(event)
      if (made.errors.length > 0) this.#failed(rule, made.errors, before)
      share.left -= made.series
    }
    active.duration_ms = active.spent_ms + now_ms() - started_ms
    active.spent_ms = 0
    this.#evaluations.record(active.duration_ms / 1000)
    return false
  }

  /** The same failure, evaluation after evaluation, is told once and counted each time. Of an upstream that was away those tell who ask it. */
  #failed({ rule, lastError }: ActiveRule, errors: readonly ServiceError[], before: string): void {
    this.#failures.add(errors.length, { kind: rule.kind })
    if (lastError === before || errors.every(({ code }) => code === 'unavailable')) return
    this.#options.log.warn('a rule cannot be evaluated', { rule: rule.name, expr: rule.expr, error: lastError })
  }
}

function earlier(a_ms: number, b_ms: number): number {
  return a_ms === b_ms ? 0 : a_ms < b_ms ? -1 : 1
}

/** The rest of a step that some rules of the group were evaluated for, and the newest one. */
function dueOf(active: ActiveGroup, { settled_ms, ...moment }: Moment): Due[] {
  const { interval_ms, offset_ms } = active.group
  const due_ms = floorTo(settled_ms - offset_ms, interval_ms)
  const at = (step_ms: number, isBegun: boolean): Due[] => {
    const occasion = { ...moment, due_ms: step_ms, newest_only: false }
    const first_ms = active.rules.reduce((least, rule) => {
      return rule.isDue(occasion) ? Math.min(least, rule.due_ms) : least
    }, Infinity)
    if (first_ms === Infinity) return []
    // What was never evaluated has nothing to catch up with.
    const behind_ms = first_ms === -Infinity ? 0 : Math.max(0, step_ms - first_ms - interval_ms)
    return [
      { active, occasion, behind_ms, first_ms, rank: isBegun ? 0 : behind_ms > 0 || first_ms === -Infinity ? 1 : 2 },
    ]
  }
  const begun_ms = Math.max(
    -Infinity,
    ...active.rules.map((rule) => (rule.rule.datasource === undefined ? rule.due_ms : -Infinity)),
  )
  return [...(begun_ms < due_ms && begun_ms > -Infinity ? at(begun_ms, true) : []), ...at(due_ms, begun_ms === due_ms)]
}
