import type { Alert } from '#core/alert.ts'
import type { Incident } from '#core/incident.ts'
import type { AlertReader } from '#core/ports/alerts.ts'

import type { NotificationLog } from '../book/notification-log.ts'
import { severityRank } from '../correlation/severity.ts'
import { alertNotice } from './alert-notices.ts'
import { incidentNotice, type IncidentWords } from './incident-notices.ts'
import { believedUntil_ms, type Notice } from './notice.ts'

export interface OutboxLimits {
  /** What was last seen longer ago than this is history: recorded, and nobody is told. */
  readonly fresh_ms: number
  /** For so long what ended is told again. */
  readonly resolved_ms: number
  /** So long an incident may grow before its labels are fixed: its cause is often heard of some seconds after the symptom. */
  readonly grace_ms: number
}

export const OUTBOX_LIMITS: OutboxLimits = { fresh_ms: 15 * 60_000, resolved_ms: 15 * 60_000, grace_ms: 10_000 }

/** A slow group is looked at rarely: so many of its intervals count as fresh. */
const FRESH_INTERVALS = 4

export interface Entry {
  notice: Notice
  /** Wall time of the last telling; -Infinity: not told yet in this state. */
  told_ms: number
  /** Wall time since which it is in this state. */
  changed_ms: number
}

export interface OutboxOptions {
  readonly alerts: AlertReader
  readonly log: NotificationLog
  readonly words: IncidentWords
  readonly resend_ms: number
  readonly limits: OutboxLimits
  /** A notice begins or ends. */
  readonly changed: (notice: Notice, now_ms: number) => void
  /** Firing notices, and those that ended not long ago, whose time to be told again has come. */
  readonly due: (notices: readonly Notice[]) => void
}

/**
 * What is to be told at a moment of the wall clock: the alerts that fire and the incidents that are open then, under the labels
 * with which they were first told, and for a while what ended. History never gets here.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #entries = new Map<string, Entry>()
  readonly #incidents = new Map<string, Incident>()
  /** Wall time at which an incident that nobody was told of yet was first looked at. */
  readonly #seen = new Map<string, number>()
  /** The firing notice of an incident. */
  readonly #current = new Map<string, Entry>()
  /** Event times at which alerts and incidents ended, until their notices have taken them over. */
  readonly #ended = new Map<string, number>()
  /** Alerts of which nothing more is said: whoever was told of them believes it for a while. */
  readonly #forgotten = new Set<string>()
  /** Alerts whose rule cannot be evaluated: they are not told again before it can. */
  #failing: ReadonlySet<string> = new Set()

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** What was told before a restart. */
  load(now_ms: number): void {
    for (const { notice, last_ms } of this.#options.log.decided()) {
      const over = notice.status === 'resolved' && last_ms + this.#options.limits.resolved_ms < now_ms
      if (over) continue
      if (notice.believed_ms !== undefined) this.#forgotten.add(notice.key)
      this.#enter({ notice, told_ms: -Infinity, changed_ms: last_ms })
    }
  }

  /** In order of first telling. */
  notices(): Notice[] {
    return [...this.#entries.values()].map(({ notice }) => notice)
  }

  get(key: string): Notice | undefined {
    return this.#entries.get(key)?.notice
  }

  incident(incident: Incident): void {
    if (incident.state !== 'resolved') this.#incidents.set(incident.id, incident)
    else {
      this.#incidents.delete(incident.id)
      this.#seen.delete(incident.id)
      if (this.#current.has(incident.id)) this.#ended.set(incident.id, incident.resolved_ms ?? incident.updated_ms)
    }
  }

  alertEnded(alert: Alert): void {
    const { key } = alertNotice(alert, alert.fired_ms ?? alert.active_ms, '')
    const isFiring = this.#entries.get(key)?.notice.status === 'firing'
    if (isFiring && alert.resolved_ms !== undefined) this.#ended.set(key, alert.resolved_ms)
  }

  alertForgotten(alert: Alert): void {
    const { key } = alertNotice(alert, alert.fired_ms ?? alert.active_ms, '')
    this.#forgotten.add(key)
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.notice.status !== 'firing') return
    const { notice, told_ms, changed_ms } = entry
    const believed_ms = believedUntil_ms(notice, Math.max(told_ms, notice.starts_ms), this.#options.resend_ms)
    entry.notice = { ...notice, believed_ms }
    this.#options.log.decide(entry.notice, changed_ms)
  }

  /** Compares what is with what was told, and tells the difference and what is due. */
  reconcile(now_ms: number): void {
    const active = this.#options.alerts.active().filter(({ state }) => state === 'firing')
    this.#takeAlerts(active, now_ms)
    this.#takeIncidents(active, now_ms)
    const due: Notice[] = []
    const newest = new Map(Array.from(this.#entries, ([key, { notice }]) => [notice.labels.key, key]))
    for (const [key, entry] of this.#entries) {
      const over = entry.notice.status === 'resolved' && entry.changed_ms + this.#options.limits.resolved_ms < now_ms
      if (over) this.#entries.delete(key)
      // Alertmanager knows one alert of a label set: told again, an end would take the place of what has begun since.
      else if (entry.told_ms > -Infinity && newest.get(entry.notice.labels.key) !== key) continue
      else if (!this.#isSilent(key, entry) && entry.told_ms + this.#options.resend_ms <= now_ms) {
        entry.told_ms = now_ms
        due.push(this.#renewed(entry))
      }
    }
    if (due.length > 0) this.#options.due(due)
  }

  /** Who was told believes it for a while, as with Prometheus. */
  #isSilent(key: string, { told_ms }: Entry): boolean {
    return this.#forgotten.has(key) || (told_ms > -Infinity && this.#failing.has(key))
  }

  #takeAlerts(active: readonly Alert[], now_ms: number): void {
    const { words, limits } = this.#options
    const firing = new Set<string>()
    const failing = new Set<string>()
    for (const alert of active) {
      const notice = alertNotice(alert, alert.fired_ms ?? alert.active_ms, words.external_url)
      const known = this.#entries.get(notice.key)
      const reach_ms = Math.max(limits.fresh_ms, FRESH_INTERVALS * alert.interval_ms)
      firing.add(notice.key)
      if (alert.failing === true) failing.add(notice.key)
      if (known !== undefined && known.notice.status === 'firing')
        known.notice = { ...notice, labels: known.notice.labels }
      else if (alert.evaluated_ms + reach_ms >= now_ms) this.#begin(notice, now_ms)
    }
    this.#failing = failing
    for (const [key, entry] of this.#entries) {
      if (entry.notice.status !== 'firing' || !key.startsWith('alert/') || firing.has(key)) continue
      if (this.#forgotten.has(key)) this.#expire(entry, now_ms)
      else {
        this.#end(entry, this.#ended.get(key), now_ms)
        this.#ended.delete(key)
      }
    }
    for (const key of this.#forgotten) if (!this.#entries.has(key)) this.#forgotten.delete(key)
  }

  #takeIncidents(active: readonly Alert[], now_ms: number): void {
    const seen = new Map(active.map(({ labels, evaluated_ms }) => [labels.fingerprint, evaluated_ms]))
    const since_ms = now_ms - this.#options.limits.fresh_ms
    for (const incident of this.#incidents.values()) {
      const current = this.#current.get(incident.id)
      const rises =
        current !== undefined && severityRank(incident.severity) > severityRank(current.notice.labels.get('severity'))
      if (current !== undefined && !rises) continue
      const fresh = incident.evidence_ms >= since_ms
      if (!fresh && !incident.alerts.some(({ labels }) => (seen.get(labels.fingerprint) ?? -Infinity) >= since_ms))
        continue
      if (current !== undefined) this.#end(current, undefined, now_ms)
      else if (!this.#isRipe(incident.id, now_ms)) continue
      this.#begin(incidentNotice(incident, undefined, this.#options.words), now_ms)
    }
    for (const [id, entry] of this.#current) {
      if (this.#incidents.has(id)) continue
      this.#end(entry, this.#ended.get(id), now_ms)
      this.#ended.delete(id)
    }
  }

  #isRipe(id: string, now_ms: number): boolean {
    const seen_ms = this.#seen.get(id) ?? now_ms
    const ripe = seen_ms + this.#options.limits.grace_ms <= now_ms
    if (ripe) this.#seen.delete(id)
    else this.#seen.set(id, seen_ms)
    return ripe
  }

  #begin(notice: Notice, now_ms: number): void {
    this.#enter({ notice, told_ms: -Infinity, changed_ms: now_ms })
    this.#options.log.decide(notice, now_ms)
    this.#options.changed(notice, now_ms)
  }

  /** `at_ms`: when it ended as event time has it; undefined: now. */
  #end(entry: Entry, at_ms: number | undefined, now_ms: number): void {
    const ends_ms = Math.max(entry.notice.starts_ms, Math.min(at_ms ?? now_ms, now_ms))
    entry.notice = { ...entry.notice, status: 'resolved', ends_ms }
    entry.told_ms = -Infinity
    entry.changed_ms = now_ms
    if (this.#current.get(entry.notice.group) === entry) this.#current.delete(entry.notice.group)
    this.#options.log.decide(entry.notice, now_ms)
    this.#options.changed(entry.notice, now_ms)
  }

  /** What is told once hears of the end when others no longer believe it; those who are told again have heard until when. */
  #expire(entry: Entry, now_ms: number): void {
    const { believed_ms = now_ms } = entry.notice
    if (believed_ms > now_ms) return
    this.#end(entry, believed_ms, now_ms)
    entry.told_ms = Infinity
  }

  #enter(entry: Entry): void {
    const { key, group, status } = entry.notice
    this.#entries.set(key, entry)
    if (key.startsWith('incident/') && status === 'firing') this.#current.set(group, entry)
  }

  /** As it is now: of an incident that goes on, the annotations may have changed. */
  #renewed(entry: Entry): Notice {
    const incident = entry.notice.status === 'firing' ? this.#incidents.get(entry.notice.group) : undefined
    if (incident !== undefined) entry.notice = incidentNotice(incident, entry.notice, this.#options.words)
    return entry.notice
  }
}
