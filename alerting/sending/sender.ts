import type { Clock } from '#core/clock.ts'
import type { Component } from '#core/component.ts'
import type { Finding, FindingEvent } from '#core/finding.ts'
import type { Incident, IncidentEvent } from '#core/incident.ts'
import type { AlertReader } from '#core/ports/alerts.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'

import type { NotificationLog } from '../book/notification-log.ts'
import type { Channel, Message } from '../channel.ts'
import { type IncidentWords, titleOf } from './incident-notices.ts'
import { Lane, type LaneLimits } from './lane.ts'
import type { Notice } from './notice.ts'
import { Outbox, type OutboxLimits } from './outbox.ts'

/** How often the wall clock is asked what is to be told. */
const LOOK_MS = 1000
/** How long stopping waits for what is under way. */
const DRAIN_MS = 5000
/** An incident that goes on changes with every sample; its document follows so often. */
const FOLLOW_MS = 10_000
const FORGET_MS = 3_600_000
const KEEP_MS = 86_400_000

export interface SenderOptions {
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  readonly alerts: AlertReader
  readonly notifications: NotificationLog
  readonly words: IncidentWords
  readonly channels: readonly Channel[]
  readonly resend_ms: number
  readonly limits: OutboxLimits & LaneLimits & { readonly rewrite_ms: number; readonly rewrite: number }
  /** Incidents that are open when sending begins. */
  readonly open: () => readonly Incident[]
  /** Those, and what was touched since. */
  readonly recent: (since_ms: number) => readonly Incident[]
  /** Everything that begins or ends, told to nobody: for replay. */
  readonly record?: ((notice: Notice, now_ms: number) => void) | undefined
}

/** Tells people and peers, on the wall clock, apart from the engine: nothing here can change a verdict. */
export class Sender implements Component {
  readonly #options: SenderOptions
  readonly #lanes: readonly Lane[]
  readonly #outbox: Outbox
  /** Incidents whose documents are behind. */
  readonly #behind = new Map<string, Incident>()
  #timers: (() => void)[] = []
  #held = false
  #running = false
  #resumed = false

  constructor(options: SenderOptions) {
    this.#options = options
    const { clock, log, meter, limits, words, alerts, notifications, resend_ms } = options
    const counter = meter.counter('barograph.alerting.messages', {
      description: 'Messages to channels, by channel and outcome',
    })
    const settled = (channel: Channel, messages: readonly Message[]): void => this.#settled(channel, messages)
    this.#lanes = options.channels.map((channel) => new Lane(channel, { clock, log, counter, limits, settled }))
    for (const lane of this.#lanes) lane.hold(true)
    this.#outbox = new Outbox({
      alerts,
      words,
      resend_ms,
      limits,
      log: notifications,
      changed: (notice, now_ms) => {
        options.record?.(notice, now_ms)
        this.#offer(notice)
      },
      due: (notices) => this.#again(notices),
    })
    meter.gauge('barograph.alerting.waiting', { description: 'Messages that wait for their channel' }, () =>
      this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0),
    )
  }

  start(): Promise<void> {
    if (this.#running) return Promise.resolve()
    this.#running = true
    const { clock, notifications } = this.#options
    this.#outbox.load(clock.now_ms())
    this.#timers = [
      clock.every(LOOK_MS, () => this.#look()),
      clock.every(FOLLOW_MS, () => this.#follow()),
      clock.every(FORGET_MS, () => notifications.retain(clock.now_ms() - KEEP_MS)),
    ]
    if (!this.#held) this.release()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel()
    this.#timers = []
    if (this.#running && !this.#held) await this.#drain()
    this.#running = false
    await Promise.all(this.#lanes.map((lane) => lane.stop()))
    await Promise.all(this.#lanes.map(({ channel }) => channel.close()))
  }

  /** Nothing is sent until `release`: the engine is catching up with its journal. */
  hold(): void {
    this.#held = true
    for (const lane of this.#lanes) lane.hold(true)
  }

  release(): void {
    this.#held = false
    if (!this.#running) return
    if (!this.#resumed) this.#resume()
    for (const lane of this.#lanes) lane.hold(false)
  }

  /** Looks now, and waits until everybody who answers has been told. */
  async flush(): Promise<void> {
    this.#look()
    this.#follow()
    await Promise.all(this.#lanes.map((lane) => lane.idle()))
  }

  alertEnded(...args: Parameters<Outbox['alertEnded']>): void {
    this.#outbox.alertEnded(...args)
  }

  alertForgotten(...args: Parameters<Outbox['alertForgotten']>): void {
    this.#outbox.alertForgotten(...args)
  }

  incident({ type, incident }: IncidentEvent): void {
    this.#outbox.incident(incident)
    if (this.#wanting('incident').length === 0) return
    this.#behind.set(incident.id, incident)
    if (type !== 'updated') this.#document(incident)
  }

  finding({ type, finding }: FindingEvent): void {
    if (type !== 'updated') this.#findingDocument(finding)
  }

  /** What is open, and documents that may have waited when the process ended: under the same id they are written once. */
  #resume(): void {
    const { open, recent, clock, words, limits } = this.#options
    for (const incident of open()) this.#outbox.incident(incident)
    const since_ms = clock.now_ms() - limits.rewrite_ms
    if (this.#wanting('incident').length > 0) for (const incident of recent(since_ms)) this.#document(incident)
    if (this.#wanting('finding').length === 0) return
    for (const finding of words.findings.list({ limit: limits.rewrite }).toReversed()) {
      if (finding.state === 'open' || finding.last_ms >= since_ms) this.#findingDocument(finding)
    }
  }

  #follow(): void {
    if (this.#held || !this.#running) return
    for (const incident of this.#behind.values()) this.#document(incident)
  }

  #document(incident: Incident): void {
    this.#behind.delete(incident.id)
    const title = titleOf(incident, this.#options.words)
    for (const lane of this.#wanting('incident')) lane.push({ kind: 'incident', key: incident.id, incident, title })
  }

  #findingDocument(finding: Finding): void {
    const key = `${finding.id}-${finding.state}`
    for (const lane of this.#wanting('finding')) lane.push({ kind: 'finding', key, finding })
  }

  #look(): void {
    if (this.#held || !this.#running) return
    this.#outbox.reconcile(this.#options.clock.now_ms())
    if (this.#resumed) return
    this.#resumed = true
    // What a restart kept from being told.
    for (const notice of this.#outbox.notices()) this.#offer(notice)
  }

  /** To channels that are told once: what begins, and what ends where its beginning was heard. */
  #offer(notice: Notice): void {
    const { notifications } = this.#options
    for (const lane of this.#wanting('notice')) {
      const { name, delivery, resolved } = lane.channel
      if (delivery !== 'once' || notifications.wasSent(name, notice)) continue
      if (notice.status === 'resolved' && !(resolved && notifications.knows(name, notice))) lane.withdraw(notice.key)
      else lane.push({ kind: 'notice', key: notice.key, notice })
    }
  }

  #again(notices: readonly Notice[]): void {
    for (const lane of this.#wanting('notice')) {
      if (lane.channel.delivery !== 'again') continue
      for (const notice of notices) lane.push({ kind: 'notice', key: notice.key, notice })
    }
  }

  #settled(channel: Channel, messages: readonly Message[]): void {
    const { notifications, clock } = this.#options
    if (channel.delivery !== 'once') return
    for (const message of messages) {
      if (message.kind !== 'notice') continue
      notifications.sent(channel.name, message.notice, clock.now_ms())
      // It may have ended while its beginning was under way.
      const now = this.#outbox.get(message.key)
      if (now !== undefined && now.status !== message.notice.status) this.#offer(now)
    }
  }

  #wanting(kind: Message['kind']): readonly Lane[] {
    return this.#lanes.filter(({ channel }) => channel.wants.includes(kind))
  }

  async #drain(): Promise<void> {
    const late = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(DRAIN_MS, late.resolve)
    await Promise.race([this.flush(), late.promise])
    cancel()
  }
}
