import type { FindingEvent } from '#core/finding.ts'
import type { FindingSink } from '#core/ports/findings.ts'
import type { Meter } from '#core/ports/meter.ts'
import { serviceOf } from '#core/series.ts'

import type { Budgets } from './budgets.ts'
import { FindingBook } from './finding-book.ts'
import { findingId, findingOf } from './finding-of.ts'
import { type Episode, Flapping, type Held, PAUSE_MS } from './flapping.ts'
import type { RowFacts } from './row-facts.ts'
import type { RowAbout } from './row-table.ts'
import { kindOf, type Observation, type Run, type RunChange, stepRun } from './run.ts'

/** An alarm that lasts counts again after each such time. */
const RECOUNT_MS = 4 * 60 * 60_000

/** What the log keeps of a row: nothing to look after, a run, or a finding held open after its run. */
export const IDLE = 0
export const RUNNING = 1
export const HELD = 2

interface Telling {
  readonly type: FindingEvent['type']
  readonly at_ms: number
  readonly episode: Episode | undefined
  readonly withdrawn?: true
}

interface Silence {
  readonly now_ms: number
  readonly last_ms: number
  readonly touched_ms: number
}

/** Runs of anomalies by row, the findings they become, and the events to hand on at the end of a batch. */
export class FindingLog {
  readonly book: FindingBook
  readonly runs = new Map<number, Run>()
  /** Who found the peak unusual. */
  readonly experts = new Map<number, readonly string[]>()
  readonly flapping = new Flapping()
  /** Whether alarms count for the budgets: not those of history. */
  spends = true
  readonly #sink: FindingSink
  readonly #budgets: Budgets
  readonly #alarms
  #events: FindingEvent[] = []

  constructor(sink: FindingSink, meter: Meter, { keep, budgets }: { keep: number; budgets: Budgets }) {
    this.#sink = sink
    this.#budgets = budgets
    this.book = new FindingBook(keep)
    this.#alarms = meter.counter('barograph.detectors.alarms', {
      description:
        'Alarms as the false-alarm budget counts them: findings that opened or recurred, again every 4 h that it lasts.',
    })
  }

  /** Takes one observation of a row; `blamed` is asked when it is the highest so far. What is kept of the row then. */
  observe(row: number, facts: RowFacts, seen: Observation, blamed: () => readonly string[]): number {
    const options = { for_ms: facts.spec.for_ms, pause_ms: facts.pause_ms, recount_ms: RECOUNT_MS }
    let before = this.runs.get(row)
    let { run, change } = stepRun(before, this.#sounds(row, before, seen), options)
    if (before !== undefined && (run === undefined || change === 'closed')) {
      this.#end(row, facts, run ?? before, change)
      if (run !== undefined) return this.#kept(row)
      before = undefined
      const returns = this.flapping.returns(row, seen.value < seen.expected ? 'down' : 'up')
      ;({ run, change } = stepRun(undefined, seen, { ...options, returns }))
    }
    // What has begun and not lasted yet may belong to a finding that is held.
    const calm_ms = run === undefined || before?.open === true ? seen.time_ms : run.since_ms
    this.#release(() => facts, this.flapping.release(row, calm_ms))
    if (run === undefined) return this.#kept(row)
    if (run.peak === seen) this.experts.set(row, blamed())
    this.runs.set(row, run)
    if (run.alarms > (before?.alarms ?? 0)) this.#alarm(facts, seen.time_ms)
    if (change === 'opened') this.#open(row, facts, run, seen.time_ms)
    else if (change === 'updated') this.#update(row, facts, run, seen.time_ms)
    return RUNNING
  }

  /** An observation as a run takes it: an echo of values that are over keeps open what it told itself, and noise that is noise. */
  #sounds(row: number, run: Run | undefined, seen: Observation): Observation {
    const { echo } = seen
    if (run === undefined || seen.anomalous || echo === undefined) return seen
    const isOwn = this.experts.get(row)?.includes(echo) === true
    return isOwn || kindOf(run) === 'variance' ? seen : { ...seen, score: 0 }
  }

  /** Rows that `silent` is to look at. */
  *rows(): Generator<number> {
    yield* this.runs.keys()
    for (const row of this.flapping.rows()) if (!this.runs.has(row)) yield row
  }

  /**
   * Closes what fell silent; what is kept of the row then. Analysis time is `now_ms`, the newest sample of the row is of
   * `last_ms` and came at `touched_ms`.
   */
  silent(row: number, facts: () => RowFacts, { now_ms, last_ms, touched_ms }: Silence): number {
    const run = this.runs.get(row)
    if (run !== undefined) {
      const quiet_ms = now_ms - Math.max(run.last_ms, touched_ms)
      if (quiet_ms < PAUSE_MS || quiet_ms < facts().pause_ms) return RUNNING
      this.#end(row, facts(), run, run.open ? 'closed' : 'dropped')
    }
    this.#release(facts, this.flapping.release(row, last_ms))
    this.#release(facts, this.flapping.release(row, now_ms, touched_ms))
    return this.#kept(row)
  }

  /** Ends what is open of a row that is removed. */
  close(row: number, facts: () => RowFacts): void {
    const run = this.runs.get(row)
    if (run !== undefined) this.#end(row, facts(), run, run.open ? 'closed' : 'dropped')
    this.#release(facts, this.flapping.forget(row))
  }

  /** Ends at `now_ms` what is open of a row whose rule is taken away: whether it is over nobody looks. */
  withdraw(row: number, facts: () => RowFacts, now_ms: number): void {
    const run = this.runs.get(row)
    const whole = run?.open === true ? this.#whole(row, run) : undefined
    const current = this.flapping.current(row)
    const tell = (held: Held, episode: Episode | undefined): void => {
      const at_ms = Math.max(now_ms, held.run.last_ms)
      this.#tell(facts(), held, { type: 'closed', at_ms, episode, withdrawn: true })
    }
    this.runs.delete(row)
    this.experts.delete(row)
    if (whole !== undefined) tell(whole, current)
    for (const episode of this.flapping.forget(row)) if (!episode.running) tell(episode.held!, episode)
  }

  /**
   * The same for a row whose rule is gone since it was saved, at `now_ms`: its findings close as they were last told. `about`: where it
   * is known.
   */
  abandon(row: number, about: RowAbout | undefined, now_ms: number): void {
    const run = this.runs.get(row)
    const open = run === undefined ? [] : [this.flapping.whole(row, run, []).run]
    this.runs.delete(row)
    this.experts.delete(row)
    for (const { held, running } of this.flapping.forget(row)) if (!running) open.push(held!.run)
    if (about === undefined) return
    for (const last of open) {
      const finding = this.book.get(findingId(last, about))
      if (finding === undefined) continue
      const until_ms = Math.max(now_ms, last.last_ms)
      const closed = { ...finding, state: 'closed', until_ms, withdrawn: true } as const
      this.book.put(closed)
      this.#events.push({ type: 'closed', at_ms: until_ms, finding: closed })
    }
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

  #alarm({ spec, about, series }: RowFacts, time_ms: number): void {
    if (!this.spends) return
    this.#alarms.add(1, { rule: spec.name })
    const service = (): string => serviceOf(about.labels)
    this.#budgets.alarm(time_ms, { rule: spec.key, allowed: spec.budget_per_week, series, service })
  }

  #kept(row: number): number {
    return this.runs.has(row) ? RUNNING : this.flapping.holds(row) ? HELD : IDLE
  }

  #open(row: number, facts: RowFacts, run: Run, time_ms: number): void {
    const { held } = this.flapping.open(row, run)
    if (held === undefined) this.#tellRun(row, facts, run, { type: 'opened', at_ms: time_ms })
    else this.#update(row, facts, run, time_ms)
  }

  /** A run that turns out to be of a new kind is no part of the finding that it joined, but one of its own. */
  #update(row: number, facts: RowFacts, run: Run, at_ms: number): void {
    const parted = this.flapping.part(row, run)
    if (parted !== undefined) {
      // This bout was none of it.
      const episode = { ...parted, returns: parted.returns - 1 }
      this.#tell(facts, parted.held!, { type: 'closed', at_ms, episode })
    }
    this.#tellRun(row, facts, run, { type: parted === undefined ? 'updated' : 'opened', at_ms })
  }

  #end(row: number, facts: RowFacts, run: Run, change: RunChange): void {
    if (change === 'closed') {
      const whole = this.#whole(row, run)
      const episode = this.flapping.current(row)
      const at_ms = run.adopted === true ? run.last_ms : run.last_ms + facts.pause_ms
      const after = this.flapping.over(row, run, this.experts.get(row) ?? [])
      if (after?.held === undefined) this.#tell(facts, whole, { type: 'closed', at_ms, episode })
    }
    this.runs.delete(row)
    this.experts.delete(row)
  }

  /** Closes findings that were held for long enough. */
  #release(facts: () => RowFacts, due: readonly Episode[]): void {
    for (const episode of due) {
      const at_ms = episode.last_ms + episode.pause_ms
      this.#tell(facts(), episode.held!, { type: 'closed', at_ms, episode })
    }
  }

  #whole(row: number, run: Run): Held {
    return this.flapping.whole(row, run, this.experts.get(row) ?? [])
  }

  #tellRun(row: number, facts: RowFacts, run: Run, what: Omit<Telling, 'episode'>): void {
    this.#tell(facts, this.#whole(row, run), { ...what, episode: this.flapping.current(row) })
  }

  #tell({ about, spec }: RowFacts, held: Held, { type, at_ms, episode, withdrawn }: Telling): void {
    const flapping =
      episode === undefined || episode.returns === 0
        ? undefined
        : { returns: episode.returns, since_ms: episode.since_ms }
    const first = findingOf(held, about, {
      spec,
      ...(type === 'closed' ? { until_ms: at_ms } : {}),
      ...(withdrawn === true && { withdrawn }),
      flapping,
    })
    const similar_ms = this.book.similar(first)
    const restores_ms = this.book.restores(first)
    const feedback = this.book.get(first.id)?.feedback
    const finding = {
      ...first,
      ...(similar_ms !== undefined && { similar_ms }),
      ...(restores_ms !== undefined && { restores_ms }),
      ...(feedback && { feedback }),
    }
    this.book.put(finding)
    this.#events.push({ type, at_ms, finding })
  }
}
