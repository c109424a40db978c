import type { Snapshot } from '#core/component.ts'
import { DerivedSamples } from '#core/derived.ts'
import { ServiceError } from '#core/errors.ts'
import type { FindingSink } from '#core/ports/findings.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { Labels, METRIC_NAME, serviceOf } from '#core/series.ts'
import { type Level, LEVELS, type LogRecord } from '#core/signal.ts'

import * as list from '../log-findings.ts'
import { Drain } from './drain.ts'
import type { LogCount, LogDetector, LogDetectorKind } from './log-finding.ts'
import { LogFindings, type LogFindingsState } from './open-findings.ts'
import type { LogEpisode } from './recurring.ts'
import { Roster } from './roster.ts'

const VERSION = 1
const MINUTE_MS = 60_000
/** A count that did not move for this long is no longer written. */
const QUIET_MS = 3_600_000
const FORGET_MS = 24 * QUIET_MS
/** A record so much behind the closed minute is history, not delay: its minute is judged once more, by what came of it so late. */
const LATE_MS = 120_000
/** Older history is counted only: nobody looks so far back for what began an incident. */
const LATEST_MS = FORGET_MS - QUIET_MS
/** History of a minute has come when there was none of it for so long. */
const SETTLED_MS = 2 * MINUTE_MS
/** A fortnight in one go. */
const OPEN_MINUTES = 20_160
/** Counts of open minutes, about 100 bytes each; beyond, they are of the first minute that is open. */
const OPEN_COUNTS = 1_000_000
const KINDS: readonly LogDetectorKind[] = Object.values(list)
const METRIC = 'barograph_log_records_total'
const REFUSED = { services: Object.freeze({ limit: 'log_services' }), series: Object.freeze({ limit: 'log_series' }) }
const ABOUT = { type: 'counter', unit: '{record}', help: 'Log records by service, level and template' } as const

export interface LogEngineOptions {
  readonly writer: SeriesWriter
  readonly sink: FindingSink
  readonly templates_per_service: number
  /** `limits.log_services`. */
  readonly services: number
  /** `limits.log_series`: counts by label set, level and template; and templates of all services. */
  readonly series: number
  /** A minute is closed this long after its end. */
  readonly lateness_ms: number
  readonly meter: Meter
}

/** One service, level and template. */
interface Line {
  readonly labels: Labels
  readonly service: string
  readonly level: Level
  readonly template_id: string
  template: string
  total: number
  last_ms: number
  /** When it had a record last, by the minute that was closed before it. */
  touched_ms: number
}

/** What one line had in one minute. */
interface Minute {
  readonly line: Line
  count: number
  isNew: boolean
}

/** A minute that was closed before these came. */
interface LateMinute {
  readonly counts: Map<string, Minute>
  /** As of a line. */
  touched_ms: number
}

interface Service {
  readonly drain: Drain
  readonly since_ms: number
  /** As of a line. */
  touched_ms: number
}

/** Log records to templates, counts as series, and what the counts tell. */
export class LogEngine implements Snapshot {
  readonly name = 'logs'
  readonly #options: LogEngineOptions
  readonly #services: Roster<Service>
  readonly #lines: Roster<Line>
  /** Of all services. */
  #templates = 0
  readonly #detectors: readonly { name: string; detector: LogDetector }[] = KINDS.map((kind) => ({
    name: kind.name,
    detector: kind.create(),
  }))
  readonly #findings: LogFindings
  readonly #overflow: Counter
  readonly #refused: Counter
  readonly #derived: DerivedSamples
  /** Minutes that are open, by their end, event time; in each, lines by key. */
  readonly #minutes = new Map<number, Map<string, Minute>>()
  /** The same, of minutes that were closed before. */
  readonly #late = new Map<number, LateMinute>()
  /** Counts in both. */
  #open = 0
  /** End of the newest closed minute. */
  #closed_ms = -Infinity

  constructor(options: LogEngineOptions) {
    this.#options = options
    this.#services = new Roster(options.services)
    this.#lines = new Roster(options.series)
    this.#derived = new DerivedSamples(options.writer)
    this.#findings = new LogFindings(options.sink)
    this.#overflow = options.meter.counter('barograph.detectors.log.overflow', {
      description: 'Records counted under no template of their own, the table being full',
    })
    this.#refused = options.meter.counter('barograph.detectors.log.refused', {
      description: 'Log records that are not counted since a limit leaves no room for their service or their series',
    })
    options.meter.gauge('barograph.detectors.log.templates', { description: 'Templates known' }, () => this.#templates)
  }

  /** Counts each record in the minute of its event time; one a little late in the oldest that is open, one that is later apart. */
  logs(records: readonly LogRecord[]): void {
    for (const record of records) {
      const service = serviceOf(record.labels)
      const state = this.#service(service, record.time_ms)
      if (state === undefined) {
        this.#refused.add(1, REFUSED.services)
        continue
      }
      const { template, isNew } = state.drain.add(record.body, state.touched_ms)
      if (isNew) this.#templates++
      if (template.id === 'other') this.#overflow.add(1)
      const key = `${record.labels.key}\u0002${record.level}\u0002${template.id}`
      const line = this.#lines.get(key) ?? this.#newLine(key, record, service, template.id)
      if (line === undefined) {
        this.#refused.add(1, REFUSED.series)
        continue
      }
      line.template = template.text
      line.last_ms = Math.max(line.last_ms, record.time_ms)
      line.touched_ms = this.#touched(record.time_ms)
      this.#count(key, line, { time_ms: record.time_ms, isNew })
    }
  }

  /**
   * Closes the minutes that analysis time has passed, oldest first: writes counts, asks the detectors. `time_ms`: up to where nobody is known
   * to lag.
   */
  tick(time_ms: number): void {
    const end_ms = Math.floor((time_ms - this.#options.lateness_ms) / MINUTE_MS) * MINUTE_MS
    const due = [...this.#minutes.keys()].filter((minute) => minute < end_ms).toSorted((a, b) => a - b)
    // Before the first record there is nothing to close.
    if (Number.isFinite(this.#closed_ms) || due.length > 0 || this.#minutes.has(end_ms)) due.push(end_ms)
    for (const minute of due) {
      // Quiet minutes teach too; of a long silence the last hour is enough.
      const quiet_ms = Math.max(this.#closed_ms + MINUTE_MS, minute - QUIET_MS)
      for (let empty = quiet_ms; empty < minute; empty += MINUTE_MS)
        if (Number.isFinite(this.#closed_ms)) this.#close(empty)
      if (minute > this.#closed_ms) this.#close(minute)
    }
    this.#findings.tick(time_ms)
  }

  /** Time was set back to `time_ms`: minutes beyond are open again, and what was counted in them belongs to the first. */
  setBack(time_ms: number): void {
    const end_ms = (Math.floor(time_ms / MINUTE_MS) + 1) * MINUTE_MS
    this.#closed_ms = Math.min(this.#closed_ms, end_ms - MINUTE_MS)
    for (const [minute_ms, counts] of [...this.#minutes].filter(([minute]) => minute > end_ms)) {
      this.#minutes.delete(minute_ms)
      const first = this.#minutes.get(end_ms) ?? new Map<string, Minute>()
      this.#minutes.set(end_ms, first)
      for (const [key, { count, isNew, line }] of counts) {
        const before = first.get(key)
        if (before !== undefined) this.#open--
        first.set(key, { line, count: count + (before?.count ?? 0), isNew: isNew || before?.isNew === true })
      }
    }
    for (const line of this.#lines.values()) line.last_ms = Math.min(line.last_ms, time_ms)
    for (const late of this.#late.values()) late.touched_ms = Math.min(late.touched_ms, this.#closed_ms)
    this.#lines.setBack(time_ms)
    this.#services.setBack(time_ms)
    for (const { drain } of this.#services.values()) drain.setBack(time_ms)
  }

  save(): Uint8Array {
    const services = [...this.#services.entries()].map(([service, { drain, since_ms, touched_ms }]) => ({
      service,
      since_ms,
      touched_ms,
      templates: drain.save(),
    }))
    const lines = [...this.#lines.entries()].map(([key, line]) => ({ ...line, key, labels: line.labels.toJSON() }))
    const minutes = [...this.#minutes].map(([end, counts]) => {
      return [end, [...counts].map(([key, { count, isNew }]) => [key, count, isNew] as const)] as const
    })
    const late = [...this.#late].map(([end, { counts, touched_ms }]) => {
      return [end, touched_ms, [...counts].map(([key, { count, isNew }]) => [key, count, isNew] as const)] as const
    })
    const detectors = this.#detectors.map(({ name, detector }) => [name, detector.save()])
    const closed_ms = Number.isFinite(this.#closed_ms) ? this.#closed_ms : null
    return Buffer.from(
      JSON.stringify({
        version: VERSION,
        closed_ms,
        services,
        lines,
        minutes,
        late,
        detectors,
        findings: this.#findings.save(),
        episodes: this.#findings.recurring.entries(),
      }),
    )
  }

  load(bytes: Uint8Array): void {
    const state = JSON.parse(Buffer.from(bytes).toString()) as SavedState
    if (state.version !== VERSION)
      throw new ServiceError('bad_data', `log state of version ${state.version}; this program reads ${VERSION}`)
    this.#closed_ms = state.closed_ms ?? -Infinity
    this.#templates = 0
    this.#services.replace(state.services.map((saved) => [saved.service, this.#loaded(saved)]))
    this.#lines.replace(
      state.lines.map(({ key, labels, ...line }) => {
        return [key, { labels: Labels.of(labels), ...line, touched_ms: line.touched_ms ?? line.last_ms }]
      }),
    )
    this.#minutes.clear()
    this.#open = 0
    for (const [end, counts] of state.minutes) this.#minutes.set(end, this.#loadedCounts(counts))
    this.#late.clear()
    for (const [end, touched_ms, counts] of state.late ?? [])
      this.#late.set(end, { counts: this.#loadedCounts(counts), touched_ms })
    const saved = new Map(state.detectors)
    for (const { name, detector } of this.#detectors) if (saved.has(name)) detector.load(saved.get(name))
    this.#findings.load(state.findings)
    this.#findings.recurring.replace(state.episodes ?? [])
  }

  /** Undefined where there is no room for one more. */
  #service(name: string, time_ms: number): Service | undefined {
    const touched_ms = this.#touched(time_ms)
    const known = this.#services.get(name)
    if (known !== undefined) {
      known.touched_ms = touched_ms
      return known
    }
    const service = { drain: this.#newDrain(), since_ms: time_ms, touched_ms }
    return this.#services.add(name, service) ? service : undefined
  }

  #newDrain(): Drain {
    return new Drain(this.#options.templates_per_service, () => this.#templates < this.#options.series)
  }

  #loadedCounts(counts: readonly SavedCount[]): Map<string, Minute> {
    const known = counts.flatMap(([key, count, isNew]) => {
      const line = this.#lines.get(key)
      return line === undefined ? [] : [[key, { line, count, isNew }] as const]
    })
    this.#open += known.length
    return new Map(known)
  }

  #loaded({ since_ms, touched_ms, templates }: SavedState['services'][number]): Service {
    const drain = this.#newDrain()
    const at_ms = touched_ms ?? Math.max(this.#closed_ms, since_ms)
    drain.load(templates, at_ms)
    this.#templates += templates.length
    return { drain, since_ms, touched_ms: at_ms }
  }

  /** The clocks of senders may be wrong: what came after a minute was closed is of then. */
  #touched(time_ms: number): number {
    return Number.isFinite(this.#closed_ms) ? this.#closed_ms : time_ms
  }

  #newLine(key: string, record: LogRecord, service: string, template_id: string): Line | undefined {
    const line: Line = {
      labels: record.labels,
      service,
      level: record.level,
      template_id,
      template: '',
      total: 0,
      last_ms: record.time_ms,
      touched_ms: this.#touched(record.time_ms),
    }
    return this.#lines.add(key, line) ? line : undefined
  }

  #count(key: string, line: Line, { time_ms, isNew }: { readonly time_ms: number; readonly isNew: boolean }): void {
    const own_ms = (Math.floor(time_ms / MINUTE_MS) + 1) * MINUTE_MS
    if (time_ms < this.#closed_ms - LATE_MS) return this.#countLate(key, line, { own_ms, isNew })
    // Wrong clocks must not open minutes without end: beyond the limit a record counts in the first that is open.
    const isKnown = this.#minutes.get(own_ms)?.has(key) === true
    const full =
      (this.#minutes.size >= OPEN_MINUTES && !this.#minutes.has(own_ms)) || (this.#open >= OPEN_COUNTS && !isKnown)
    const end_ms = Math.max(full ? Math.min(...this.#minutes.keys()) : own_ms, this.#closed_ms + MINUTE_MS)
    const counts = this.#minutes.get(end_ms) ?? new Map<string, Minute>()
    this.#minutes.set(end_ms, counts)
    this.#add(counts, key, line, isNew)
  }

  /** In the count at once; its minute is judged when there is no more of it. */
  #countLate(key: string, line: Line, { own_ms, isNew }: { readonly own_ms: number; readonly isNew: boolean }): void {
    line.total++
    const late = this.#late.get(own_ms) ?? { counts: new Map<string, Minute>(), touched_ms: 0 }
    const full = !late.counts.has(key) && this.#open >= OPEN_COUNTS
    if (own_ms < this.#closed_ms - LATEST_MS || full) return
    late.touched_ms = this.#closed_ms
    this.#late.set(own_ms, late)
    this.#add(late.counts, key, line, isNew)
  }

  #add(counts: Map<string, Minute>, key: string, line: Line, isNew: boolean): void {
    let minute = counts.get(key)
    if (minute === undefined) {
      counts.set(key, (minute = { line, count: 0, isNew: false }))
      this.#open++
    }
    minute.count++
    minute.isNew ||= isNew
  }

  #close(end_ms: number): void {
    const counts = [...(this.#minutes.get(end_ms)?.values() ?? [])]
    this.#minutes.delete(end_ms)
    this.#open -= counts.length
    this.#closed_ms = end_ms
    for (const { line, count } of counts) line.total += count
    this.#write(end_ms)
    const ordered = this.#ordered(counts, end_ms)
    for (const { detector } of this.#detectors) {
      for (const sighting of detector.minute(end_ms, ordered)) this.#findings.see(sighting)
    }
    this.#judgeLate(end_ms)
    for (const [key, { last_ms, touched_ms }] of this.#lines.entries())
      if (Math.min(last_ms, touched_ms) < end_ms - FORGET_MS) this.#lines.delete(key)
    this.#makeRoom(end_ms)
  }

  /** Oldest first. */
  #judgeLate(closed_ms: number): void {
    const due = [...this.#late].filter(([, { touched_ms }]) => touched_ms <= closed_ms - SETTLED_MS)
    for (const [end_ms, late] of due.toSorted(([a], [b]) => a - b)) {
      this.#late.delete(end_ms)
      const counts = [...late.counts.values()]
      this.#open -= counts.length
      const ordered = this.#ordered(counts, end_ms)
      for (const { detector } of this.#detectors) {
        for (const sighting of detector.late(end_ms, ordered)) this.#findings.see(sighting)
      }
    }
  }

  #ordered(counts: readonly Minute[], end_ms: number): LogCount[] {
    return counts.map((minute) => this.#countOf(minute, end_ms)).toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  }

  #makeRoom(time_ms: number): void {
    this.#lines.makeRoom(time_ms)
    for (const service of this.#services.makeRoom(time_ms))
      for (const { detector } of this.#detectors) detector.forget(service)
    this.#makeRoomForTemplates(time_ms)
    this.#templates = [...this.#services.values()].reduce((sum, { drain }) => sum + drain.templates.length, 0)
  }

  /** The counts of a template go with it: they were still for as long. */
  #makeRoomForTemplates(time_ms: number): void {
    const gone = new Map<string, ReadonlySet<string>>()
    for (const [service, { drain }] of this.#services.entries()) {
      const ids = drain.makeRoom(time_ms)
      if (ids.size > 0) gone.set(service, ids)
    }
    if (gone.size === 0) return
    for (const [key, { service, template_id }] of this.#lines.entries())
      if (gone.get(service)?.has(template_id) === true) this.#lines.delete(key)
  }

  #countOf({ line, isNew, count }: Minute, time_ms: number): LogCount {
    const { labels, service, level, template_id, template } = line
    return {
      labels,
      service,
      level,
      template_id,
      template,
      isNew,
      time_ms,
      count,
      service_since_ms: this.#services.get(service)?.since_ms ?? time_ms,
    }
  }

  #write(end_ms: number): void {
    for (const { labels, level, template_id, total, last_ms, touched_ms } of this.#lines.values()) {
      if (Math.max(last_ms, touched_ms) < end_ms - QUIET_MS) continue
      const named = labels.merge([
        [METRIC_NAME, METRIC],
        ['level', level],
        ['template_id', template_id],
      ])
      this.#derived.add(ABOUT, named, end_ms, total)
    }
    this.#derived.flush()
  }
}

type SavedCount = readonly [key: string, count: number, isNew: boolean]

interface SavedState {
  readonly version: number
  readonly closed_ms: number | null
  readonly services: {
    service: string
    since_ms: number
    /** Not in state of before; of lines neither. */
    touched_ms?: number
    templates: ReturnType<Drain['save']>
  }[]
  readonly lines: (Omit<Line, 'labels' | 'touched_ms'> & {
    key: string
    labels: Record<string, string>
    touched_ms?: number
  })[]
  readonly minutes: [number, SavedCount[]][]
  /** Not in state of before. */
  readonly late?: [end_ms: number, touched_ms: number, SavedCount[]][]
  readonly detectors: [string, unknown][]
  readonly findings: LogFindingsState
  /** Not in state of before. */
  readonly episodes?: [string, LogEpisode][]
}

const orderOf = ({ service, level, template_id, labels }: LogCount): string =>
  `${service}\u0000${LEVELS.indexOf(level)}\u0000${template_id}\u0000${labels.key}`
