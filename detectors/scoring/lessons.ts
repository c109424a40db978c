import type { Finding } from '#core/finding.ts'
import type { FindingFeedback } from '#core/ports/intake.ts'
import type { Meter } from '#core/ports/meter.ts'
import { type Verdict, unjudged } from '#core/score.ts'

import { isCorrectable } from '../kinds/kind.ts'
import { Copies, type Copy } from './copies.ts'
import { type FindingLog, HELD, IDLE, RUNNING } from './finding-log.ts'
import { idOf } from './finding-of.ts'
import { identityOf } from './row-index.ts'
import type { RowTable } from './row-table.ts'
import type { ScoringRule } from './scoring-rule.ts'

/** How a run ends for want of samples. */
export const SILENCE = { adopted: false, calm: false }
/** So long after it began nobody says any more what became of a finding. */
const KEEP_MS = 7 * 86_400_000
/** What lasts so long is followed, and ends with another onset. */
const LASTING_MS = 15 * 60_000
/** A level that is trouble becomes the new normal only after so long. */
const REAL_MS = 86_400_000

interface LessonsOptions {
  readonly table: RowTable
  readonly findings: FindingLog
  readonly meter: Meter
  readonly ruleOf: (row: number) => ScoringRule
  /** `limits.copies`. */
  readonly copies: number
}

/**
 * What became of findings, as people say it, and what detectors make of it. Where a run begins the row's state is copied; the copy
 * learns what comes between runs, and nothing of them. If the finding was real, the row becomes its copy: what was learned in it is
 * taken back. If it was expected or noise, the row is told that it is normal. Rows that nobody speaks of never feel their copies.
 */
export class Lessons {
  readonly copies: Copies
  readonly #table: RowTable
  readonly #findings: FindingLog
  readonly #ruleOf: (row: number) => ScoringRule
  readonly #lost
  readonly #told
  readonly #verdict: Verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }

  constructor({ table, findings, ruleOf, meter, copies }: LessonsOptions) {
    this.#table = table
    this.#findings = findings
    this.#ruleOf = ruleOf
    this.copies = new Copies(copies)
    this.#lost = meter.counter('barograph.detectors.copies_lost', {
      description:
        'Findings of which it cannot be taken back what was learned in them, since limits.copies is reached.',
    })
    this.#told = meter.counter('barograph.detectors.feedback', {
      description: 'Findings that somebody judged, by word.',
    })
    meter.gauge(
      'barograph.detectors.copies',
      { description: 'Findings of which can be taken back what was learned in them.' },
      () => this.copies.size,
    )
  }

  /** After each observation of a row, or silence: `before`, what the log kept of it until then. */
  kept(row: number, rule: ScoringRule, before: number, { adopted, calm }: Omit<Ending, 'held'>): void {
    const now = this.#table.running.data[row]!
    const current = this.copies.of(row).find(({ running }) => running)
    if (now === RUNNING) {
      // Its finding closes with the next calm, and not always at once.
      if (adopted && current !== undefined) this.copies.change(row, current, { frozen: true })
      this.#running(row, rule, current, before)
    } else if (current !== undefined)
      this.#over(row, rule, current, { held: now === HELD, adopted: adopted || current.frozen, calm })
    if (now !== IDLE) return
    for (const copy of this.copies.of(row)) if (copy.real) this.#drop(row, rule, copy)
  }

  /** A sample that the row has seen, and is in no run. */
  step(row: number, { spare }: ScoringRule, time_ms: number, value: number): void {
    if (this.#table.running.data[row] === RUNNING) return
    unjudged(this.#verdict)
    for (const { local, frozen } of this.copies.of(row)) if (!frozen) spare!.step(local, time_ms, value, this.#verdict)
  }

  /** Takes what was said of a finding, where it is of this rule and of a row that is still there. */
  said(rule: ScoringRule, finding: Finding, { feedback }: FindingFeedback): void {
    const { key } = rule.spec
    const row = this.#table.find(identityOf(key, finding.metric, finding.labels))
    if (row === undefined || finding.id !== idOf(finding, key) || !isCorrectable(rule.detector)) return
    this.#told.add(1, { feedback })
    const copy = this.copies.of(row).find(({ since_ms }) => since_ms === finding.since_ms)
    if (feedback !== 'real') this.#accept(row, rule, finding, { copy, noise: feedback === 'noise' })
    else if (copy?.running === true || this.#since(row) === finding.since_ms) {
      if (copy !== undefined) this.copies.change(row, copy, { real: true })
      rule.detector.insist(this.#table.local.data[row]!, finding.since_ms + REAL_MS)
    } else if (copy !== undefined) {
      if (copy.frozen) this.#thaw(row, rule, copy, finding.value - finding.expected)
      this.#takeBack(row, rule, copy, finding.state === 'open')
    }
  }

  /** Copies that are too old go. */
  tick(time_ms: number): void {
    for (const [row, copies] of this.copies.entries()) {
      for (const copy of copies) if (time_ms - copy.since_ms >= KEEP_MS) this.#drop(row, this.#ruleOf(row), copy)
    }
  }

  /** The row is gone; `rule` where its spare detector is not. */
  forget(row: number, rule?: ScoringRule): void {
    for (const copy of this.copies.of(row)) {
      if (rule === undefined) this.copies.drop(row, copy)
      else this.#drop(row, rule, copy)
    }
  }

  /** When the finding began, or begins, that the run of a row is part of. */
  #since(row: number): number | undefined {
    const run = this.#findings.runs.get(row)
    return run && (this.#findings.flapping.current(row)?.held?.run.since_ms ?? run.since_ms)
  }

  #running(row: number, rule: ScoringRule, current: Copy | undefined, before: number): void {
    const since_ms = this.#since(row)!
    const opened = this.#findings.runs.get(row)!.open
    if (current?.since_ms === since_ms) {
      if (opened && !current.opened) this.copies.change(row, current, { opened })
      return
    }
    if (current !== undefined) this.#over(row, rule, current, { held: false, adopted: current.frozen, calm: true })
    const known = this.copies.of(row).find((copy) => copy.since_ms === since_ms)
    if (known !== undefined) this.copies.change(row, known, { running: true })
    else if (current !== undefined || before !== RUNNING) this.#begin(row, rule, { since_ms, opened })
  }

  #begin(row: number, rule: ScoringRule, { since_ms, opened }: Pick<Copy, 'since_ms' | 'opened'>): void {
    const { spare, detector } = rule
    if (spare === null) return
    if (this.copies.full) {
      this.#lost.add(1)
      const oldest = this.copies.oldest()
      if (oldest === undefined) return
      this.#drop(oldest.row, this.#ruleOf(oldest.row), oldest.copy)
    }
    const local = spare.add()
    spare.take(local, detector, this.#table.local.data[row]!)
    this.copies.add(row, { local, since_ms, opened, running: true, real: false, frozen: false })
  }

  #over(row: number, rule: ScoringRule, copy: Copy, { held, adopted, calm }: Ending): void {
    if (!copy.opened || (copy.real && adopted)) return this.#drop(row, rule, copy)
    const { spare, detector } = rule
    if (!adopted && isCorrectable(detector)) {
      const near = calm ? detector.near(this.#table.local.data[row]!) : NaN
      spare!.pass(copy.local, this.#table.last_ms(row), near)
    }
    this.copies.change(row, copy, { running: false, frozen: adopted })
    if (copy.real) this.#takeBack(row, rule, copy, held)
  }

  /** A copy from before a level was adopted: most of the `deviation` of then may be gone by now. */
  #thaw(row: number, { detector, spare }: ScoringRule, { local }: Copy, deviation: number): void {
    if (spare === null || !isCorrectable(detector)) return
    const near = detector.near(this.#table.local.data[row]!)
    const back = Math.abs(near - spare.near(local)) < Math.abs(deviation) / 2
    spare.pass(local, this.#table.last_ms(row), back ? near : NaN)
  }

  /** What was learned since the finding began and belongs to findings is gone; so it is from the copies made since. */
  #takeBack(row: number, rule: ScoringRule, copy: Copy, held: boolean): void {
    const { detector, spare } = rule
    if (spare === null || !isCorrectable(detector)) return
    detector.take(this.#table.local.data[row]!, spare, copy.local)
    const copies = this.copies.of(row)
    const at = copies.findIndex(({ local }) => local === copy.local)
    for (const later of copies.slice(at + 1)) spare.take(later.local, spare, copy.local)
    // More of it may come.
    if (held) this.copies.change(row, copies[at]!, { real: true })
    else this.#drop(row, rule, copy)
  }

  /** The row and its other copies know it as normal; its own does not, so that it can still be said to have been real. */
  #accept(row: number, { detector, spare }: ScoringRule, finding: Finding, { copy, noise }: Refusal): void {
    if (!isCorrectable(detector)) return
    const said = {
      time_ms: finding.last_ms,
      deviation: finding.value - finding.expected,
      lasting: finding.last_ms - finding.since_ms >= LASTING_MS,
      noise,
    }
    detector.accept(this.#table.local.data[row]!, { ...said, open: this.#since(row) === finding.since_ms })
    for (const { local } of this.copies.of(row)) {
      if (local !== copy?.local) spare!.accept(local, { ...said, open: false })
    }
    if (copy?.real === true) this.copies.change(row, copy, { real: false })
  }

  #drop(row: number, { spare }: ScoringRule, copy: Copy): void {
    spare!.remove(copy.local)
    this.copies.drop(row, copy)
  }
}

interface Ending {
  /** The finding stays open: it may come back. */
  readonly held: boolean
  /** The level of now is the new normal. */
  readonly adopted: boolean
  /** Samples came that were not anomalous. */
  readonly calm: boolean
}

interface Refusal {
  readonly copy: Copy | undefined
  readonly noise: boolean
}
