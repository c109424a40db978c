import type { FindingEvent } from '#core/finding.ts'
import type { FindingSink } from '#core/ports/findings.ts'
import type { Meter } from '#core/ports/meter.ts'
import { serviceOf } from '#core/series.ts'

import type { Budgets } from './budgets.ts'
import { FindingBook } from './finding-book.ts'
import { findingId, findingOf } from './finding-of.ts'
import type { RowAbout } from './row-table.ts'
import { type Observation, type Run, type RunChange, stepRun } from './run.ts'
import type { AnomalySpec } from './spec.ts'

/** Pauses shorter than this belong to the run; an alarm that lasts counts again after each such time. */
export const PAUSE_MS = 15 * 60_000
const RECOUNT_MS = 4 * 60 * 60_000

/** The rule and series of a row. */
export interface RowFacts {
  readonly about: RowAbout
  readonly spec: AnomalySpec
}

/** Runs of anomalies by row, the findings they become, and the events to hand on at the end of a batch. */
export class FindingLog {
  readonly book: FindingBook
  readonly runs = new Map<number, Run>()
  /** Who found the peak unusual. */
  readonly experts = new Map<number, readonly string[]>()
  readonly #sink: FindingSink
  readonly #serviceLabels: readonly string[]
  readonly #budgets: Budgets
  readonly #alarms
  #events: FindingEvent[] = []

  constructor(
    sink: FindingSink,
    meter: Meter,
    { keep, serviceLabels, budgets }: { keep: number; serviceLabels: readonly string[]; budgets: Budgets },
  ) {
    this.#sink = sink
    this.#serviceLabels = serviceLabels
    this.#budgets = budgets
    this.book = new FindingBook(keep)
    this.#alarms = meter.counter('barograph.detectors.alarms', {
      description:
        'Alarms as the false-alarm budget counts them: findings that opened, again every 4 h that they last.',
    })
  }

  /** Takes one observation of a row; `blamed` is asked when it is the highest so far. True while the row has a run. */
  observe(row: number, facts: RowFacts, seen: Observation, blamed: () => readonly string[]): boolean {
    const options = { for_ms: facts.spec.for_ms, pause_ms: PAUSE_MS, recount_ms: RECOUNT_MS }
    let before = this.runs.get(row)
    let { run, change } = stepRun(before, seen, options)
    if (run !== undefined && change === 'closed') {
      this.#end(row, facts, run, change)
      return false
    }
    if (before !== undefined && run === undefined) {
      this.#end(row, facts, before, change)
      before = undefined
      ;({ run, change } = stepRun(undefined, seen, options))
    }
    if (run === undefined) return false
    if (run.peak === seen) this.experts.set(row, blamed())
    this.runs.set(row, run)
    if (run.alarms > (before?.alarms ?? 0)) this.#alarm(facts, seen.time_ms)
    if (change === 'opened' || change === 'updated') this.#tell(row, facts, run, change, seen.time_ms)
    return true
  }

  /** Ends the run of a row that fell silent or is removed. */
  close(row: number, facts: RowFacts): void {
    const run = this.runs.get(row)
    if (run !== undefined) this.#end(row, facts, run, run.open ? 'closed' : 'dropped')
  }

  /** Ends the run of a row whose rule is gone: its finding closes as it was last told. */
  abandon(row: number, about: RowAbout): void {
    const run = this.runs.get(row)
    this.runs.delete(row)
    this.experts.delete(row)
    const finding = run === undefined ? undefined : this.book.get(findingId(run, about))
    if (run === undefined || finding === undefined) return
    const until_ms = run.last_ms + PAUSE_MS
    const closed = { ...finding, state: 'closed', until_ms } as const
    this.book.put(closed)
    this.#events.push({ type: 'closed', at_ms: until_ms, finding: closed })
  }

  /** Takes a finding that was made elsewhere (from logs), to be listed and handed on with the others. */
  adopt(event: FindingEvent): void {
    this.book.put(event.finding)
    this.#events.push(event)
  }

  /** Hands the events on, by event time and id. */
  flush(): void {
    if (this.#events.length === 0) return
    const events = this.#events.toSorted(
      (a, b) => a.at_ms - b.at_ms || (a.finding.id < b.finding.id ? -1 : a.finding.id > b.finding.id ? 1 : 0),
    )
    this.#events = []
    for (const event of events) this.#sink.finding(event)
  }

  #alarm({ spec, about }: RowFacts, time_ms: number): void {
    this.#alarms.add(1, { rule: spec.name })
    const service = (): string => serviceOf(about.labels, this.#serviceLabels)
    this.#budgets.alarm(time_ms, { rule: spec.key, allowed: spec.budget_per_week, service })
  }

  #end(row: number, facts: RowFacts, run: Run, change: RunChange): void {
    this.runs.delete(row)
    if (change === 'closed')
      this.#tell(row, facts, run, 'closed', run.adopted === true ? run.last_ms : run.last_ms + PAUSE_MS)
    this.experts.delete(row)
  }

  #tell(row: number, facts: RowFacts, run: Run, type: FindingEvent['type'], at_ms: number): void {
    const first = findingOf(run, facts.about, {
      spec: facts.spec,
      experts: this.experts.get(row) ?? [],
      serviceLabels: this.#serviceLabels,
      ...(type === 'closed' ? { until_ms: at_ms } : {}),
    })
    const similar_ms = this.book.similar(first)
    const finding = similar_ms === undefined ? first : { ...first, similar_ms }
    this.book.put(finding)
    this.#events.push({ type, at_ms, finding })
  }
}
