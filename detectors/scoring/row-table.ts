import type { Verdict } from '#core/score.ts'
import type { Labels, SeriesId } from '#core/series.ts'

import { Rows } from '../kinds/rows.ts'
import { IDENTITY, RowIndex } from './row-index.ts'

/** Numbers of a row in `newest`: event time of the newest sample, analysis time when it came, and of a cumulative series its value. */
export const LAST_MS = 0
export const TOUCHED_MS = 1
export const RAW = 2
export const NEWEST = 3

const MINUTE_MS = 60_000

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

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** By rule, metric, labels. */
export function byName(a: RowAbout, b: RowAbout): number {
  return compare(a.rule, b.rule) || compare(a.metric, b.metric) || compare(a.labels.key, b.labels.key)
}

/**
 * Rows of all rules: a row is a series under a rule, with its row in the rule's detector. Under 100 bytes each: who it is
 * stands there as a hash, its labels are those of the series in the store until somebody wants them.
 */
export class RowTable {
  readonly columns = new Rows()
  /** Slot of the rule + 1; 0 where the row is not in use. */
  readonly rule = this.columns.column(Uint16Array)
  readonly local = this.columns.column(Uint32Array)
  readonly identity = this.columns.column(Uint32Array, IDENTITY)
  /** Of each row `LAST_MS`, `TOUCHED_MS`, `RAW`: side by side, since each sample needs all three. */
  readonly newest = this.columns.column(Float64Array, NEWEST)
  /** 1 where values only grow and the rate is judged. */
  readonly cumulative = this.columns.column(Uint8Array)
  /** 1 while a run is kept for the row. */
  readonly running = this.columns.column(Uint8Array)
  /** Row in `verdicts` + 1; 0 where none is kept. */
  readonly shown = this.columns.column(Uint32Array)
  /** Minute of the first sample, since 1970; 0 where it is not known. The last column: state of before has it not. */
  readonly #since = this.columns.column(Uint32Array)
  /** Newest verdicts of rows that show them: time, value, score, expected, lower, upper. */
  readonly verdicts = new Rows()
  readonly #verdict = this.verdicts.column(Float64Array, 6)
  readonly #index = new RowIndex()
  readonly #abouts = new Map<number, RowAbout>()
  /** Id + 1 of the series that feeds a row; ids are those of this process, so a snapshot has none. */
  #series = new Uint32Array(16)
  #end = 0

  get live(): number {
    return this.columns.live
  }

  /** Rows are below this. */
  get end(): number {
    return this.#end
  }

  get bytes(): number {
    return this.columns.bytes + this.verdicts.bytes + this.#index.bytes + this.#series.byteLength
  }

  find(identity: Uint32Array): number | undefined {
    return this.#index.find(this.identity.data, identity)
  }

  /** `since_ms`: event time of the first sample, where it is known. */
  add(slot: number, local: number, identity: Uint32Array, since_ms = NaN): number {
    const row = this.columns.add()
    this.rule.data[row] = slot + 1
    this.local.data[row] = local
    this.identity.data.set(identity, row * IDENTITY)
    this.newest.data[row * NEWEST + LAST_MS] = -Infinity
    this.newest.data[row * NEWEST + RAW] = NaN
    if (Number.isFinite(since_ms)) this.#since.data[row] = Math.max(1, since_ms / MINUTE_MS)
    this.#index.add(this.identity.data, row)
    this.#end = Math.max(this.#end, row + 1)
    return row
  }

  remove(row: number): void {
    this.#index.remove(this.identity.data, row)
    this.#abouts.delete(row)
    if (row < this.#series.length) this.#series[row] = 0
    if (this.shown.data[row]! > 0) this.verdicts.remove(this.shown.data[row]! - 1)
    this.columns.remove(row)
  }

  /** Event time of the newest sample; -Infinity before the first. */
  last_ms(row: number): number {
    return this.newest.data[row * NEWEST + LAST_MS]!
  }

  /** From the first sample to the newest; Infinity where the first one is not known. */
  lived_ms(row: number): number {
    const since = this.#since.data[row]!
    return since === 0 ? Infinity : Math.max(0, this.last_ms(row) - since * MINUTE_MS)
  }

  /** Older samples than those of before are learned from. */
  livesFrom(row: number, since_ms: number): void {
    const since = this.#since.data[row]!
    if (since > 0) this.#since.data[row] = Math.max(1, Math.min(since, since_ms / MINUTE_MS))
  }

  /** Analysis time when the newest sample came, or its own time if that is later. */
  touched_ms(row: number): number {
    return this.newest.data[row * NEWEST + TOUCHED_MS]!
  }

  touch(row: number, time_ms: number): void {
    this.newest.data[row * NEWEST + TOUCHED_MS] = time_ms
  }

  /** Time was set back: what comes next is newer than all that rows know of. */
  setBack(time_ms: number): void {
    const { data } = this.newest
    for (let at = 0; at < this.#end * NEWEST; at += NEWEST) {
      data[at + LAST_MS] = Math.min(data[at + LAST_MS]!, time_ms)
      data[at + TOUCHED_MS] = Math.min(data[at + TOUCHED_MS]!, time_ms)
      this.livesFrom(at / NEWEST, time_ms)
    }
  }

  /** The series that feeds a row; undefined where expressions do, or until it is heard of again after a restart. */
  series(row: number): SeriesId | undefined {
    const held = this.#series[row] ?? 0
    return held === 0 ? undefined : held - 1
  }

  feed(row: number, id: SeriesId): void {
    if (row >= this.#series.length) {
      const larger = new Uint32Array(Math.max(row + 1, this.rule.data.length))
      larger.set(this.#series)
      this.#series = larger
    }
    this.#series[row] = id + 1
  }

  /** By row, id + 1 of the series that feeds it, 0 for none; rows behind it have none. A view. */
  get feeds(): Uint32Array {
    return this.#series.subarray(0, this.#end)
  }

  /** What `feeds` gave; taken, not copied. */
  loadFeeds(series: Uint32Array<ArrayBuffer>): void {
    this.#series = series
  }

  /** What was written out of a row: of rows whose labels are read often, or whose series may be gone. */
  about(row: number): RowAbout | undefined {
    return this.#abouts.get(row)
  }

  abouts(): ReadonlyMap<number, RowAbout> {
    return this.#abouts
  }

  describe(row: number, about: RowAbout | undefined): void {
    if (about === undefined) this.#abouts.delete(row)
    else this.#abouts.set(row, about)
  }

  keep(row: number, time_ms: number, value: number, { score, expected, lower, upper }: Readonly<Verdict>): void {
    if (this.shown.data[row] === 0) this.shown.data[row] = this.verdicts.add() + 1
    const at = (this.shown.data[row]! - 1) * 6
    const kept = this.#verdict.data
    kept[at] = time_ms
    kept[at + 1] = value
    kept[at + 2] = score
    kept[at + 3] = expected
    kept[at + 4] = lower
    kept[at + 5] = upper
  }

  /** The newest verdict kept of a row, as a new object. */
  shownOf(row: number): { time_ms: number; value: number; verdict: Verdict } | undefined {
    const shown = this.shown.data[row]!
    if (shown === 0) return undefined
    const [time_ms = NaN, value = NaN, score = 0, expected = NaN, lower = NaN, upper = NaN] =
      this.#verdict.data.subarray((shown - 1) * 6, shown * 6)
    return { time_ms, value, verdict: { score, expected, lower, upper } }
  }

  /** Columns and verdicts as two sections. */
  views(): readonly [readonly Uint8Array[], readonly Uint8Array[]] {
    return [this.columns.views(), this.verdicts.views()]
  }

  /** `added`: columns that are not in it. */
  load(
    columns: Uint8Array,
    verdicts: Uint8Array,
    { abouts, added }: { readonly abouts: Iterable<readonly [number, RowAbout]>; readonly added: number },
  ): void {
    this.columns.load(columns, added)
    this.verdicts.load(verdicts)
    this.#series = new Uint32Array(16)
    this.#abouts.clear()
    for (const [row, about] of abouts) this.#abouts.set(row, about)
    this.#end = this.rule.data.length
    this.reindex()
  }

  /** Finds all rows by their identities again. */
  reindex(): void {
    this.#index.clear()
    for (let row = 0; row < this.#end; row++) if (this.rule.data[row]! > 0) this.#index.add(this.identity.data, row)
  }
}
