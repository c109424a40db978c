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

const VERSION = 1
const MINUTE_MS = 60_000
/** A count that did not move for this long is no longer written. */
const QUIET_MS = 3_600_000
const FORGET_MS = 24 * QUIET_MS
/** A record so much behind the closed minute is history, not delay. */
const LATE_MS = 120_000
/** A fortnight in one go. */
const OPEN_MINUTES = 20_160
const KINDS: readonly LogDetectorKind[] = Object.values(list)
const METRIC = 'barograph_log_records_total'
const ABOUT = { type: 'counter', unit: '{record}', help: 'Log records by service, level and template' } as const

export interface LogEngineOptions {
  readonly writer: SeriesWriter
  readonly sink: FindingSink
  readonly templates_per_service: number
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
}

/** What one line had in one minute. */
interface Minute {
  readonly line: Line
  count: number
  isNew: boolean
}

interface Service {
  readonly drain: Drain
  readonly since_ms: number
}

/** Log records to templates, counts as series, and what the counts tell. */
export class LogEngine implements Snapshot {
  readonly name = 'logs'
  readonly #options: LogEngineOptions
  readonly #services = new Map<string, Service>()
  readonly #lines = new Map<string, Line>()
  readonly #detectors: readonly { name: string; detector: LogDetector }[] = KINDS.map((kind) => ({
    name: kind.name,
    detector: kind.create(),
  }))
  readonly #findings: LogFindings
  readonly #overflow: Counter
  readonly #derived: DerivedSamples
  /** Minutes that are open, by their end, event time; in each, lines by key. */
  readonly #minutes = new Map<number, Map<string, Minute>>()
  /** End of the newest closed minute. */
  #closed_ms = -Infinity

  constructor(options: LogEngineOptions) {
    this.#options = options
    this.#derived = new DerivedSamples(options.writer)
    this.#findings = new LogFindings(options.sink)
    this.#overflow = options.meter.counter('barograph.detectors.log.overflow', {
      description: 'Records counted under no template of their own, the table being full',
    })
    options.meter.gauge('barograph.detectors.log.templates', { description: 'Templates known' }, () =>
      [...this.#services.values()].reduce((sum, { drain }) => sum + drain.templates.length, 0),
    )
  }

  /** Counts each record in the minute of its event time; one a little late in the oldest that is open. */
  logs(records: readonly LogRecord[]): void {
    for (const record of records) {
      const service = serviceOf(record.labels)
      const state = this.#service(service, record.time_ms)
      const { template, isNew } = state.drain.add(record.body)
      if (template.id === 'other') this.#overflow.add(1)
      const key = `${record.labels.key}\u0002${record.level}\u0002${template.id}`
      const line = this.#lines.get(key) ?? this.#newLine(key, record, service, template.id)
      line.template = template.tokens.join(' ')
      line.last_ms = Math.max(line.last_ms, record.time_ms)
      this.#count(key, line, { time_ms: record.time_ms, isNew })
    }
  }

  /** Closes the minutes that analysis time has passed, oldest first: writes counts, asks the detectors. */
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
        first.set(key, { line, count: count + (before?.count ?? 0), isNew: isNew || before?.isNew === true })
      }
    }
    for (const line of this.#lines.values()) line.last_ms = Math.min(line.last_ms, time_ms)
  }

  save(): Uint8Array {
    const services = [...this.#services].map(([service, { drain, since_ms }]) => ({
      service,
      since_ms,
      templates: drain.save(),
    }))
    const lines = [...this.#lines].map(([key, line]) => ({ ...line, key, labels: line.labels.toJSON() }))
    const minutes = [...this.#minutes].map(([end, counts]) => {
      return [end, [...counts].map(([key, { count, isNew }]) => [key, count, isNew] as const)] as const
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
    this.#services.clear()
    for (const { service, since_ms, templates } of state.services)
      this.#service(service, since_ms).drain.load(templates)
    this.#lines.clear()
    for (const { key, labels, ...line } of state.lines) this.#lines.set(key, { ...line, labels: Labels.of(labels) })
    this.#minutes.clear()
    for (const [end, counts] of state.minutes) {
      const known = counts.map(([key, count, isNew]) => [key, { line: this.#lines.get(key)!, count, isNew }] as const)
      this.#minutes.set(end, new Map(known))
    }
    const saved = new Map(state.detectors)
    for (const { name, detector } of this.#detectors) if (saved.has(name)) detector.load(saved.get(name))
    this.#findings.load(state.findings)
    this.#findings.recurring.replace(state.episodes ?? [])
  }

  #service(name: string, since_ms: number): Service {
    const service = this.#services.get(name) ?? { drain: new Drain(this.#options.templates_per_service), since_ms }
    this.#services.set(name, service)
    return service
  }

  #newLine(key: string, record: LogRecord, service: string, template_id: string): Line {
    const line: Line = {
      labels: record.labels,
      service,
      level: record.level,
      template_id,
      template: '',
      total: 0,
      last_ms: record.time_ms,
    }
    this.#lines.set(key, line)
    return line
  }

  #count(key: string, line: Line, { time_ms, isNew }: { readonly time_ms: number; readonly isNew: boolean }): void {
    // History is counted, and judged no more.
    if (time_ms < this.#closed_ms - LATE_MS) return void line.total++
    const own_ms = (Math.floor(time_ms / MINUTE_MS) + 1) * MINUTE_MS
    // Wrong clocks must not open minutes without end: beyond the limit a record counts in the first that is open.
    const full = this.#minutes.size >= OPEN_MINUTES && !this.#minutes.has(own_ms)
    const end_ms = Math.max(full ? Math.min(...this.#minutes.keys()) : own_ms, this.#closed_ms + MINUTE_MS)
    const counts = this.#minutes.get(end_ms) ?? new Map<string, Minute>()
    this.#minutes.set(end_ms, counts)
    const minute = counts.get(key) ?? { line, count: 0, isNew: false }
    counts.set(key, minute)
    minute.count++
    minute.isNew ||= isNew
  }

  #close(end_ms: number): void {
    const counts = [...(this.#minutes.get(end_ms)?.values() ?? [])]
    this.#minutes.delete(end_ms)
    this.#closed_ms = end_ms
    for (const { line, count } of counts) line.total += count
    this.#write(end_ms)
    const ordered = counts
      .map((minute) => this.#countOf(minute, end_ms))
      .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
    for (const { detector } of this.#detectors) {
      for (const sighting of detector.minute(end_ms, ordered)) this.#findings.see(sighting)
    }
    for (const [key, line] of this.#lines) if (line.last_ms < end_ms - FORGET_MS) this.#lines.delete(key)
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
    for (const { labels, level, template_id, total, last_ms } of this.#lines.values()) {
      if (last_ms < end_ms - QUIET_MS) continue
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

interface SavedState {
  readonly version: number
  readonly closed_ms: number | null
  readonly services: { service: string; since_ms: number; templates: ReturnType<Drain['save']> }[]
  readonly lines: (Omit<Line, 'labels'> & { key: string; labels: Record<string, string> })[]
  readonly minutes: [number, [string, number, boolean][]][]
  readonly detectors: [string, unknown][]
  readonly findings: LogFindingsState
  /** Not in state of before. */
  readonly episodes?: [string, LogEpisode][]
}

const orderOf = ({ service, level, template_id }: LogCount): string =>
  `${service}\u0000${LEVELS.indexOf(level)}\u0000${template_id}`
