import type { Verdict } from '#core/score.ts'
import type { Labels } from '#core/series.ts'

import { Rows } from '../kinds/rows.ts'

/** Which series a row follows, for which rule. */
export interface RowAbout {
  /** The rule's key and name. */
  readonly key: string
  readonly rule: string
  /** Without the metric name. */
  readonly labels: Labels
  readonly metric: string
  readonly unit: string
}

/** Rows of all rules: a row is a series under a rule, with its row in the rule's detector and its newest verdict. */
export class RowTable {
  readonly columns = new Rows()
  readonly local = this.columns.column(Uint32Array)
  /** Event time of the newest judged sample; analysis time when it arrived. */
  readonly last_ms = this.columns.column(Float64Array)
  readonly touched_ms = this.columns.column(Float64Array)
  /** Of a cumulative series: its last raw value and that value's time, 0 when there is none. */
  readonly raw = this.columns.column(Float64Array)
  readonly raw_ms = this.columns.column(Float64Array)
  readonly value = this.columns.column(Float64Array)
  readonly score = this.columns.column(Float64Array)
  /** Expected, lower, upper. */
  readonly band = this.columns.column(Float64Array, 3)
  /** 1 where values only grow and the rate is judged. */
  readonly cumulative = this.columns.column(Uint8Array)
  /** 1 while a run is kept for the row. */
  readonly running = this.columns.column(Uint8Array)
  #about: (RowAbout | undefined)[] = []

  get live(): number {
    return this.columns.live
  }

  add(about: RowAbout, local: number): number {
    const row = this.columns.add()
    this.#about[row] = about
    this.local.data[row] = local
    this.last_ms.data[row] = -Infinity
    return row
  }

  remove(row: number): void {
    this.#about[row] = undefined
    this.columns.remove(row)
  }

  about(row: number): RowAbout | undefined {
    return this.#about[row]
  }

  /** Rows in use with what they follow. */
  *entries(): Generator<readonly [number, RowAbout]> {
    for (const [row, about] of this.#about.entries()) if (about !== undefined) yield [row, about]
  }

  keep(row: number, value: number, verdict: Readonly<Verdict>): void {
    this.value.data[row] = value
    this.score.data[row] = verdict.score
    this.band.data[row * 3] = verdict.expected
    this.band.data[row * 3 + 1] = verdict.lower
    this.band.data[row * 3 + 2] = verdict.upper
  }

  /** The newest verdict, as a new object. */
  verdict(row: number): Verdict {
    const [expected = NaN, lower = NaN, upper = NaN] = this.band.data.subarray(row * 3, row * 3 + 3)
    return { score: this.score.data[row]!, expected, lower, upper }
  }

  load(bytes: Uint8Array, abouts: readonly (readonly [number, RowAbout])[]): void {
    this.columns.load(bytes)
    this.#about = []
    for (const [row, about] of abouts) this.#about[row] = about
  }
}
