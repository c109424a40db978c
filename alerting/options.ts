import type { AlertEvent } from '#core/alert.ts'
import type { Change } from '#core/change.ts'
import type { Clock } from '#core/clock.ts'
import type { Component, Snapshot } from '#core/component.ts'
import type { FindingEvent } from '#core/finding.ts'
import type { IncidentEvent } from '#core/incident.ts'
import type { AlertReader } from '#core/ports/alerts.ts'
import type { ChangeReader } from '#core/ports/changes.ts'
import type { FindingReader } from '#core/ports/findings.ts'
import type { IncidentReader } from '#core/ports/incidents.ts'
import type { IncidentCommand } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'
import type { Locale } from '#core/sentences.ts'

import type { ElasticsearchTarget, WebhookTarget } from './channel.ts'
import { CORRELATOR_LIMITS, type CorrelatorLimits } from './correlation/correlator.ts'
import { LANE_LIMITS, type LaneLimits } from './sending/lane.ts'
import type { SentMessage } from './sending/message.ts'
import { OUTBOX_LIMITS, type OutboxLimits } from './sending/outbox.ts'

const HOUR_MS = 3_600_000

export interface AlertingConfig {
  /** `external_labels`: for alerts that do not have them. */
  readonly alertmanager: {
    readonly urls: readonly string[]
    readonly external_labels?: Readonly<Record<string, string>>
  }
  readonly webhooks: readonly WebhookTarget[]
  readonly elasticsearch: ElasticsearchTarget | null
  readonly resend_ms: number
}

export interface AlertingLimits extends CorrelatorLimits, LaneLimits, OutboxLimits {
  /** Resolved incidents are kept for so long, by event time. */
  readonly retention_ms: number
  /** Messages that are recorded. */
  readonly messages: number
  /** Documents of so long before a start, and so many, are written again at the start: those that waited may be lost. */
  readonly rewrite_ms: number
  readonly rewrite: number
}

export const ALERTING_LIMITS: AlertingLimits = {
  ...CORRELATOR_LIMITS,
  ...LANE_LIMITS,
  ...OUTBOX_LIMITS,
  retention_ms: 400 * 24 * HOUR_MS,
  messages: 100_000,
  rewrite_ms: 24 * HOUR_MS,
  rewrite: 1000,
}

export interface AlertingOptions {
  readonly graph: ServiceGraph
  readonly changes: ChangeReader
  readonly findings: FindingReader
  readonly alerts: AlertReader
  /** The SQLite file, or `:memory:`. */
  readonly database: string
  readonly config: AlertingConfig
  readonly clock: Clock
  readonly fetch?: typeof fetch
  readonly log: Log
  readonly meter: Meter
  readonly locale: Locale
  /** '' where nobody said how we are reached. */
  readonly external_url: string
  /** Of Barograph, for `User-Agent`. */
  readonly version?: string
  readonly limits?: Partial<AlertingLimits>
  /** True: `messages` keeps what is told when it begins and ends. */
  readonly record?: boolean
  readonly onIncident: (event: IncidentEvent) => void
}

export interface Alerting {
  finding(event: FindingEvent): void
  alert(event: AlertEvent): void
  change(change: Change): void
  /**
   * Analysis time: closes incidents, tells what changed, makes it durable. `aged_ms`: the time that is certain to have come, by which incidents
   * are forgotten; the same where it is not given.
   */
  tick(time_ms: number, aged_ms?: number): void
  /** Throws `ServiceError`: `not_found` (no such incident), `conflict` (it is resolved). */
  command(command: IncidentCommand): void
  readonly incidents: IncidentReader
  readonly sender: Component & { hold(): void; release(): void; flush(): Promise<void> }
  messages(): readonly SentMessage[]
  readonly snapshots: Snapshot[]
  /** Writes what is left and lets go of the file. After the sender has stopped. */
  close(): void
}
