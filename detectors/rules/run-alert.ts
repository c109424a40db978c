import type { Alert, AlertEvent } from '#core/alert.ts'
import { DerivedSamples } from '#core/derived.ts'
import { ServiceError } from '#core/errors.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import { type Active, AlertStates, type Instance, type Stepped } from './alert-states.ts'
import type { AlertRule, RuleGroup } from './rule.ts'
import type { Results, Runner, Taken } from './runner.ts'
import { Steps } from './steps.ts'
import { Answers } from './template/answers.ts'

const ABOUT = { type: 'gauge', unit: '', help: 'State of alert rules' } as const

/** What is written of an instance. */
interface Written {
  readonly pending: Labels
  readonly firing: Labels
  readonly since: Labels
}

interface Saved {
  readonly instances: readonly (Omit<Instance, 'labels' | 'value'> & {
    readonly labels: Record<string, string>
    readonly value: string
  })[]
  readonly written: readonly Record<string, string>[]
}

export interface AlertRunnerDeps {
  readonly writer: SeriesWriter
  /** Answers what templates ask for. */
  readonly query: Pick<QueryEngine, 'instant'>
}

/** Steps the alerts of a rule, and writes `ALERTS` and `ALERTS_FOR_STATE`. */
export class AlertRunner implements Runner {
  readonly repeatable = false
  readonly #states: AlertStates
  readonly #derived: DerivedSamples
  /** What the last step wrote as present. */
  #written = new Map<string, Labels>()
  readonly #labels = new WeakMap<Labels, Written>()

  readonly #query: Pick<QueryEngine, 'instant'>
  readonly #offset_ms: number
  /** Whether templates ask for other series. */
  readonly #asks: boolean

  constructor(rule: AlertRule, group: RuleGroup, { writer, query }: AlertRunnerDeps) {
    this.#states = new AlertStates(rule, group)
    this.#query = query
    this.#offset_ms = group.offset_ms
    this.#asks = [...rule.labelTemplates, ...rule.annotationTemplates].some(([, template]) => template.asks)
    this.#derived = new DerivedSamples(writer)
  }

  get active(): boolean {
    return this.#states.size > 0 || this.#written.size > 0
  }

  alerts(): readonly Alert[] {
    return this.#states.alerts()
  }

  /** A step that cannot be taken is passed over, as in Prometheus; the others stand. */
  async take({ series, from_ms, to_ms, interval_ms }: Results): Promise<Taken> {
    const steps = new Steps(series)
    const events: AlertEvent[] = []
    let error: ServiceError | undefined
    for (let time = from_ms; time <= to_ms; time += interval_ms) {
      if (!this.active && (time = steps.next(time)) > to_ms) break
      try {
        const results = steps.at(time)
        const made = this.#asks ? await this.#asking(time, results) : this.#step(time, results)
        if (made === undefined) continue
        // Where it has gone beyond its limit nothing is written; what is gone ends with the next step that is not.
        if (made.error === undefined) this.#write(time)
        events.push(...made.events)
        error = made.error ?? error
      } catch (thrown) {
        if (!(thrown instanceof ServiceError)) throw thrown
        this.failed()
        error = thrown
      }
    }
    this.#derived.flush()
    return { events, error }
  }

  failed(): void {
    this.#states.failed()
  }

  away(ms: number): void {
    this.#states.away(ms)
  }

  setBack(time_ms: number): void {
    this.#states.setBack(time_ms)
  }

  end(time_ms: number): AlertEvent[] {
    const events = [...this.#states.instances()]
      .filter(({ firing }) => firing)
      .map((instance) => this.#states.resolved(instance, time_ms))
    this.#states.load([])
    this.#write(time_ms)
    this.#derived.flush()
    return events
  }

  save(): unknown {
    const instances = [...this.#states.instances()].map((one) => ({
      ...one,
      labels: one.labels.toJSON(),
      // JSON has no NaN and no infinities.
      value: String(one.value),
    }))
    return { instances, written: [...this.#written.values()].map((labels) => labels.toJSON()) } satisfies Saved
  }

  load(state: unknown): void {
    const { instances, written } = state as Saved
    this.#states.load(instances.map((one) => ({ ...one, labels: Labels.of(one.labels), value: Number(one.value) })))
    this.#written = new Map(written.map((pairs) => Labels.of(pairs)).map((labels) => [labels.key, labels]))
  }

  /** Alerts live at the time of the evaluation, samples at that of the data: `query_offset` lies between. */
  #step(time_ms: number, results: readonly Active[], answers?: Answers): Stepped | undefined {
    return this.#states.step(time_ms + this.#offset_ms, results, answers?.of)
  }

  #asking(time_ms: number, results: readonly Active[]): Promise<Stepped | undefined> {
    const answers = new Answers(this.#query, time_ms + this.#offset_ms)
    return answers.settle(() => this.#step(time_ms, results, answers))
  }

  #write(time_ms: number): void {
    const written = new Map<string, Labels>()
    for (const { labels, firing, active_ms } of this.#states.instances()) {
      const names = this.#labelsOf(labels)
      const state = firing ? names.firing : names.pending
      this.#derived.add(ABOUT, state, time_ms, 1)
      this.#derived.add(ABOUT, names.since, time_ms, Math.floor(active_ms / 1000))
      written.set(state.key, state)
      written.set(names.since.key, names.since)
    }
    for (const [key, labels] of this.#written) {
      if (!written.has(key)) this.#derived.add(ABOUT, labels, time_ms, Number.NaN, true)
    }
    this.#written = written
  }

  #labelsOf(labels: Labels): Written {
    let names = this.#labels.get(labels)
    if (names === undefined) {
      const alerts = labels.with(METRIC_NAME, 'ALERTS')
      names = {
        pending: alerts.with('alertstate', 'pending'),
        firing: alerts.with('alertstate', 'firing'),
        since: labels.with(METRIC_NAME, 'ALERTS_FOR_STATE'),
      }
      this.#labels.set(labels, names)
    }
    return names
  }
}
