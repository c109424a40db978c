import type { Alert } from '#core/alert.ts'
import type { Change } from '#core/change.ts'
import { ManualClock } from '#core/clock.ts'
import type { Finding, FindingEvent } from '#core/finding.ts'
import type { IncidentEvent } from '#core/incident.ts'
import { type Log, silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'

import { type Alerting, type AlertingConfig, type AlertingLimits, createAlerting } from '../index.ts'
import { ends, fires, graphOf, S, T0 } from './story.fixture.ts'

export interface HouseOptions {
  readonly graph?: ServiceGraph
  readonly config?: Partial<AlertingConfig>
  readonly database?: string
  readonly clock?: ManualClock
  readonly limits?: Partial<AlertingLimits>
  readonly log?: Log
  readonly fetch?: typeof fetch
}

export const NOBODY: AlertingConfig = {
  alertmanager: { urls: [] },
  webhooks: [],
  elasticsearch: null,
  resend_ms: 60_000,
}

/** The room with the rest of the house around it: what detectors and the store would know. */
export class House {
  readonly clock: ManualClock
  readonly events: IncidentEvent[] = []
  readonly findings = new Map<string, Finding>()
  readonly changes = new Map<string, Change>()
  readonly active = new Map<string, Alert>()
  readonly alerting: Alerting

  constructor({ graph = graphOf(), config, database = ':memory:', clock, limits, log, fetch }: HouseOptions = {}) {
    this.clock = clock ?? new ManualClock(T0)
    this.alerting = createAlerting({
      graph,
      changes: { list: () => [...this.changes.values()], get: (id) => this.changes.get(id) },
      findings: { list: () => [...this.findings.values()].toReversed(), get: (id) => this.findings.get(id) },
      alerts: { active: () => [...this.active.values()] },
      database,
      config: { ...NOBODY, ...config },
      clock: this.clock,
      log: log ?? silentLog,
      meter: silentMeter,
      locale: { language: 'en', zone: 'UTC' },
      external_url: 'https://barograph.example/',
      version: '1.2.3',
      record: true,
      onIncident: (event) => this.events.push(event),
      ...(limits === undefined ? {} : { limits }),
      ...(fetch === undefined ? {} : { fetch }),
    })
  }

  finding(event: FindingEvent): void {
    this.findings.set(event.finding.id, event.finding)
    this.alerting.finding(event)
  }

  change(one: Change): void {
    this.changes.set(one.id, one)
    this.alerting.change(one)
  }

  fire(one: Alert): void {
    this.active.set(one.labels.key, one)
    this.alerting.alert(fires(one))
  }

  end(one: Alert, at_ms: number): void {
    this.active.delete(one.labels.key)
    this.alerting.alert(ends(one, at_ms))
  }

  forget(one: Alert, at_ms: number): void {
    this.active.delete(one.labels.key)
    this.alerting.alert({ type: 'forgotten', at_ms: T0 + at_ms, alert: one })
  }

  /** Moves both clocks to `T0 + at_ms`. */
  at(at_ms: number): void {
    this.alerting.tick(T0 + at_ms)
    this.clock.advanceTo(T0 + at_ms)
  }

  /** Second after second, everybody who answers told in each. */
  async pass(from_ms: number, to_ms: number): Promise<void> {
    for (let at_ms = from_ms; at_ms <= to_ms; at_ms += S) {
      this.at(at_ms)
      await this.alerting.sender.flush()
    }
  }

  async stop(): Promise<void> {
    await this.alerting.sender.stop()
    this.alerting.close()
  }

  incidents(): ReturnType<Alerting['incidents']['list']> {
    return this.alerting.incidents.list({ limit: 100 })
  }
}
