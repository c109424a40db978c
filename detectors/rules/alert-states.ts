import type { Alert, AlertEvent } from '#core/alert.ts'
import { ServiceError } from '#core/errors.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import type { AlertRule, RuleGroup } from './rule.ts'
import type { Facts, Template } from './template/template.ts'

/** One result of a rule's expression at a step. */
export interface Active {
  readonly labels: Labels
  readonly value: number
}

/** An instance as the state machine keeps it. */
export interface Instance {
  readonly labels: Labels
  annotations: Readonly<Record<string, string>>
  firing: boolean
  active_ms: number
  fired_ms: number
  /** The first step at which the expression did not have it any more; null while it does. */
  missing_ms: number | null
  evaluated_ms: number
  value: number
}

type Present = Pick<Instance, 'labels' | 'annotations' | 'value'>
type Asked = (expr: string) => readonly Active[]

/** What a step made of the alerts, and why it stopped them where it did. */
export interface Stepped {
  readonly events: AlertEvent[]
  readonly error?: ServiceError
}

const expandAll = (templates: readonly (readonly [string, Template])[], facts: Facts): [string, string][] =>
  templates.map(([name, template]) => [name, template.expand(facts)])

type GroupOfAlerts = Pick<RuleGroup, 'name' | 'interval_ms' | 'limit'>

/**
 * Instances of one alert rule, stepped in order of time: pending, firing after `for`, resolved when the expression no longer has them (after
 * `keep_firing_for`). All times are steps. Source: Prometheus, rules/alerting.go.
 */
export class AlertStates {
  readonly #rule: AlertRule
  readonly #group: GroupOfAlerts
  readonly #instances = new Map<string, Instance>()
  #last_ms = -Infinity
  #failing = false

  constructor(rule: AlertRule, group: GroupOfAlerts) {
    this.#rule = rule
    this.#group = group
  }

  get size(): number {
    return this.#instances.size
  }

  /**
   * One step. Undefined for one that was passed: input that comes for earlier steps does not turn back what is active. Throws
   * `ServiceError('execution')` where two results have the same labels after templating, and what `asked` throws; nothing changes then.
   */
  step(time_ms: number, results: readonly Active[], asked?: Asked): Stepped | undefined {
    if (time_ms <= this.#last_ms && this.#instances.size > 0) return undefined
    const present = this.#present(results, time_ms, asked)
    this.#last_ms = time_ms
    this.#failing = false
    const events: AlertEvent[] = []
    for (const [key, seen] of present) {
      const instance = this.#instances.get(key) ?? begun(seen, time_ms)
      Object.assign(instance, {
        value: seen.value,
        annotations: seen.annotations,
        missing_ms: null,
        evaluated_ms: time_ms,
      })
      this.#instances.set(key, instance)
      if (instance.firing || time_ms - instance.active_ms < this.#rule.for_ms) continue
      instance.firing = true
      instance.fired_ms = time_ms
      events.push({ type: 'firing', at_ms: time_ms, alert: this.#alert(instance) })
    }
    for (const [key, instance] of this.#instances) {
      if (present.has(key)) continue
      instance.evaluated_ms = time_ms
      instance.missing_ms ??= time_ms
      if (instance.firing && time_ms - instance.missing_ms < this.#rule.keep_firing_ms) continue
      this.#instances.delete(key)
      if (instance.firing) events.push(this.resolved(instance, time_ms))
    }
    return this.#beyond(time_ms) ?? { events }
  }

  /** A step that could not be evaluated: nothing changes, and nobody knows what it would have changed. */
  failed(): void {
    this.#failing = true
  }

  /** Ordered by labels. */
  alerts(): Alert[] {
    return [...this.#instances].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, instance]) => this.#alert(instance))
  }

  instances(): Iterable<Readonly<Instance>> {
    return this.#instances.values()
  }

  resolved(instance: Readonly<Instance>, time_ms: number): AlertEvent {
    const alert: Alert = { ...this.#alert(instance), state: 'resolved', resolved_ms: time_ms }
    return { type: 'resolved', at_ms: time_ms, alert }
  }

  /** Nothing is known of so much time since the last step: it counts neither for `for` nor for `keep_firing_for`. Source: Prometheus, rules/group.go, RestoreForState. */
  away(ms: number): void {
    for (const instance of this.#instances.values()) {
      if (!instance.firing) instance.active_ms += ms
      if (instance.missing_ms !== null) instance.missing_ms += ms
    }
  }

  /** Steps begin again at `time_ms`: nothing can have begun later. */
  setBack(time_ms: number): void {
    for (const instance of this.#instances.values()) {
      instance.active_ms = Math.min(instance.active_ms, time_ms)
      instance.fired_ms = Math.min(instance.fired_ms, time_ms)
      instance.evaluated_ms = Math.min(instance.evaluated_ms, time_ms)
      if (instance.missing_ms !== null) instance.missing_ms = Math.min(instance.missing_ms, time_ms)
    }
    this.#last_ms = Math.min(this.#last_ms, time_ms)
  }

  load(instances: readonly Instance[]): void {
    this.#instances.clear()
    for (const instance of instances) this.#instances.set(instance.labels.key, { ...instance })
    // All of them were there at the last step; without any it does not matter.
    this.#last_ms = instances[0]?.evaluated_ms ?? -Infinity
  }

  /** More than the group's limit: as in Prometheus, none is left, and none is resolved. */
  #beyond(time_ms: number): Stepped | undefined {
    const { limit } = this.#group
    const count = this.#instances.size
    if (limit === 0 || count <= limit) return undefined
    const events = [...this.#instances.values()]
      .filter((one) => one.firing && one.fired_ms < time_ms)
      .map((one) => ({ type: 'forgotten' as const, at_ms: time_ms, alert: this.#alert(one) }))
    this.#instances.clear()
    return { events, error: new ServiceError('execution', `exceeded limit of ${limit} with ${count} alerts`) }
  }

  #present(results: readonly Active[], time_ms: number, query: Asked | undefined): Map<string, Present> {
    const present = new Map<string, Present>()
    for (const result of results) {
      const facts: Facts = { ...result, time_ms, ...(query !== undefined && { query }) }
      const own = expandAll(this.#rule.labelTemplates, facts)
      const labels = Labels.of([...result.labels.drop(METRIC_NAME), ...own, ['alertname', this.#rule.name]])
      if (present.has(labels.key)) {
        throw new ServiceError(
          'execution',
          `vector contains metrics with the same labelset after applying alert labels: ${String(labels)}`,
        )
      }
      const annotations = Object.fromEntries(expandAll(this.#rule.annotationTemplates, facts))
      present.set(labels.key, { labels, value: result.value, annotations })
    }
    return present
  }

  #alert(instance: Readonly<Instance>): Alert {
    const { labels, annotations, firing, active_ms, fired_ms, missing_ms, value, evaluated_ms } = instance
    return {
      rule: this.#rule.name,
      group: this.#group.name,
      labels,
      annotations,
      state: firing ? 'firing' : 'pending',
      active_ms,
      ...(firing && { fired_ms }),
      ...(firing && missing_ms !== null && { keep_firing_since_ms: missing_ms }),
      value,
      expr: this.#rule.expr,
      evaluated_ms,
      ...(this.#failing && { failing: true }),
      interval_ms: this.#group.interval_ms,
    }
  }
}

function begun(present: Present, time_ms: number): Instance {
  return { ...present, firing: false, active_ms: time_ms, fired_ms: 0, missing_ms: null, evaluated_ms: time_ms }
}
