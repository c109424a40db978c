import type { DatabaseSync } from 'node:sqlite'

import type { AlertEvent } from '#core/alert.ts'
import type { Change } from '#core/change.ts'
import type { Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import type { FindingEvent } from '#core/finding.ts'
import type { Incident, IncidentEvent } from '#core/incident.ts'
import type { IncidentReader } from '#core/ports/incidents.ts'
import type { IncidentCommand } from '#core/ports/intake.ts'

import { openDatabase, Writes } from './book/database.ts'
import { IncidentBook } from './book/incident-book.ts'
import { NotificationLog } from './book/notification-log.ts'
import type { Channel, ChannelDeps } from './channel.ts'
import { alertmanager, elasticsearch, webhook } from './channels.ts'
import { Correlator } from './correlation/correlator.ts'
import { correlatorSnapshot } from './correlation/snapshot.ts'
import {
  type Alerting,
  ALERTING_LIMITS,
  type AlertingConfig,
  type AlertingLimits,
  type AlertingOptions,
} from './options.ts'
import { messageOf, type SentMessage } from './sending/message.ts'
import { Sender } from './sending/sender.ts'

const HOUR_MS = 3_600_000
const GONE =
  'the incident database is not there or empty, although there is a checkpoint: incidents that were over are gone, and who was told of what'
/** Open incidents that are looked through after a restart. */
const ORPHANS = 100_000

function channelsOf(config: AlertingConfig, deps: ChannelDeps): Channel[] {
  const { urls, external_labels = {} } = config.alertmanager
  return [
    ...urls.map((url) => alertmanager.create({ url, external_labels }, deps)),
    ...config.webhooks.map((target) => webhook.create(target, deps)),
    ...(config.elasticsearch === null ? [] : [elasticsearch.create(config.elasticsearch, deps)]),
  ]
}

/** Shorter than the grace of sending: nobody was told of either. */
const TWIN_MS = 5000

/** One fault seen from two ends at once: what went into another incident as soon as it had opened was never one of its own. */
function isTwin({ opened_ms, resolved_ms, timeline }: Incident): boolean {
  if (resolved_ms === undefined || resolved_ms - opened_ms > TWIN_MS) return false
  const last = timeline.at(-1)
  return last?.what === 'resolved' && last.ref.startsWith('i_')
}

/** Correlation, the book and the sender, put together. Calls that change verdicts are synchronous and deterministic. */
export class Room implements Alerting {
  readonly incidents: IncidentReader
  readonly sender: Alerting['sender']
  readonly snapshots: Snapshot[]
  readonly #options: AlertingOptions
  readonly #limits: AlertingLimits
  readonly #database: DatabaseSync
  readonly #book: IncidentBook
  readonly #correlator: Correlator
  readonly #sender: Sender
  readonly #recorded: SentMessage[] = []
  #retained_ms = -Infinity

  constructor(options: AlertingOptions) {
    const { graph, meter, log } = options
    this.#options = options
    this.#limits = { ...ALERTING_LIMITS, ...options.limits }
    const { database, isNew } = openDatabase(options.database)
    this.#database = database
    const writes = new Writes(this.#database, log)
    this.#book = new IncidentBook(this.#database, writes)
    this.#sender = this.#createSender(new NotificationLog(this.#database, writes))
    this.#correlator = new Correlator({
      graph,
      meter,
      limits: this.#limits,
      onIncident: (event) => this.#tell(event),
    })
    this.incidents = {
      list: (filter) => {
        this.#refresh()
        return this.#book.list(filter)
      },
      get: (id) => this.#correlator.get(id) ?? this.#book.get(id),
    }
    this.sender = {
      start: () => this.#sender.start(),
      stop: () => this.#sender.stop(),
      hold: () => this.#sender.hold(),
      release: () => {
        this.#closeOrphans()
        this.#sender.release()
      },
      flush: () => this.#sender.flush(),
    }
    // A checkpoint lets go of the journal that would make the incidents again.
    const durable = (): Promise<void> => this.#book.durable()
    const snapshot = correlatorSnapshot(this.#correlator)
    const load = (bytes: Uint8Array): void => {
      snapshot.load(bytes)
      const path = database.location()
      if (isNew && path !== null) log.warn(GONE, { path })
    }
    this.snapshots = [{ ...snapshot, load, durable }]
  }

  finding(event: FindingEvent): void {
    this.#correlator.finding(event)
    this.#sender.finding(event)
  }

  alert(event: AlertEvent): void {
    this.#correlator.alert(event)
    if (event.type === 'resolved') this.#sender.alertEnded(event.alert)
    if (event.type === 'forgotten') this.#sender.alertForgotten(event.alert)
  }

  change(change: Change): void {
    this.#correlator.change(change)
  }

  tick(time_ms: number, aged_ms = time_ms): void {
    this.#correlator.tick(time_ms)
    this.#book.flush()
    if (Math.abs(aged_ms - this.#retained_ms) < HOUR_MS) return
    this.#retained_ms = aged_ms
    this.#book.retain(aged_ms - this.#limits.retention_ms)
  }

  command(command: IncidentCommand): void {
    if (this.#correlator.command(command)) return
    const known = this.#book.get(command.incident)
    if (known === undefined) throw new ServiceError('not_found', `there is no incident ${command.incident}`)
    throw new ServiceError('conflict', `incident ${command.incident} is ${known.state}`)
  }

  messages(): readonly SentMessage[] {
    return this.#recorded
  }

  close(): void {
    this.#refresh()
    this.#book.flush()
    this.#database.close()
  }

  #createSender(notifications: NotificationLog): Sender {
    const { config, clock, log, meter, alerts, findings, changes, locale, external_url, record } = this.#options
    const limits = this.#limits
    const version = this.#options.version ?? '0'
    const { resend_ms } = config
    const send = this.#options.fetch ?? fetch
    return new Sender({
      clock,
      log,
      meter,
      alerts,
      limits,
      notifications,
      words: { findings, changes, locale, external_url },
      channels: channelsOf(config, { version, external_url, locale, resend_ms, fetch: send }),
      resend_ms,
      open: () => this.#correlator.open(),
      recent: (since_ms) => this.#recent(since_ms),
      record: (notice, now_ms) => {
        if (record === true && this.#recorded.length < limits.messages) this.#recorded.push(messageOf(notice, now_ms))
      },
    })
  }

  #tell(event: IncidentEvent): void {
    if (isTwin(event.incident)) this.#book.remove(event.incident.id)
    else this.#book.put(event.incident)
    this.#sender.incident(event)
    this.#options.onIncident(event)
  }

  /** Readers see what changed since the last tick. */
  #refresh(): void {
    for (const incident of this.#correlator.changed()) this.#book.put(incident)
  }

  #recent(since_ms: number): Incident[] {
    this.#refresh()
    return this.#book.recent(since_ms, this.#limits.rewrite)
  }

  /** Incidents of a journal that is lost: nobody is left who could end them. */
  #closeOrphans(): void {
    const states = ['open', 'acknowledged'] as const
    for (const known of this.#book.list({ state: states, limit: ORPHANS })) {
      if (this.#correlator.has(known.id)) continue
      const at_ms = known.updated_ms
      const timeline = [...known.timeline, { at_ms, what: 'resolved', ref: '' } as const]
      const incident: Incident = { ...known, state: 'resolved', resolved_ms: at_ms, timeline }
      this.#book.put(incident)
      this.#sender.incident({ type: 'resolved', at_ms, incident })
    }
  }
}
