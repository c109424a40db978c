import type { Counter } from '#core/ports/meter.ts'
import type { FloatColumns } from '#core/sample.ts'
import type { SeriesId } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'
import * as paging from '#core/store/id-pages.ts'

import * as routing from './routes.ts'
import type { Routes } from './routes.ts'
import * as layout from './row-table.ts'
import type { RowTable } from './row-table.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { MANY, NOBODY, UNKNOWN } = routing
const { ID_MASK, ID_SHIFT } = paging
const { LAST_MS, NEWEST, RAW, TOUCHED_MS } = layout

/** Series that are routed in one step. */
const STEP = 64

/** Values refused before any detector saw them, since `settle` was asked last. */
export interface Refusals {
  not_finite: number
  not_ascending: number
  maintenance: number
}

/** The samples of a batch that rows follow: counters as rates, columns that are filled again for each batch. */
export class Gather {
  length = 0
  row = new Int32Array(64)
  time_ms = new Float64Array(64)
  value = new Float64Array(64)
  /** Which sample of the batch, while rows are looked up. */
  #sample = new Int32Array(64)
  readonly refused: Refusals = { not_finite: 0, not_ascending: 0, maintenance: 0 }

  /** Counts what was refused since it was asked last. */
  settle(counter: Counter): void {
    for (const reason of ['not_finite', 'not_ascending', 'maintenance'] as const) {
      if (this.refused[reason] > 0) counter.add(this.refused[reason], { reason })
      this.refused[reason] = 0
    }
  }

  /** Fills the columns; `resolve` routes a series that is new, with a sample of that time. `now_ms`: analysis time. */
  *take(
    floats: FloatColumns,
    fresh: Uint8Array,
    {
      routes,
      table,
      now_ms,
      resolve,
    }: {
      routes: Routes
      table: RowTable
      now_ms: number
      resolve: (id: SeriesId, time_ms: number) => void
    },
  ): Steps<void> {
    this.length = 0
    let resolved = 0
    for (let at = 0; ;) {
      at = this.#follow(floats, fresh, routes, at)
      if (at >= floats.length) break
      resolve(floats.series[at]!, floats.time_ms[at]!)
      if (++resolved % STEP === 0) yield
    }
    this.#rate(floats, table, now_ms)
  }

  /** Looks rows up from sample `from` on; stops at a series that was not routed. */
  #follow({ series, stale, length }: FloatColumns, fresh: Uint8Array, routes: Routes, from: number): number {
    this.#reserve(length - from)
    const { pages, end: known } = routes.codes
    let { row, length: n } = this
    let sample = this.#sample
    let at = from
    for (; at < length; at++) {
      if (fresh[at] !== 1 || stale[at] === 1) continue
      const id = series[at]!
      const code = id < known ? pages[id >>> ID_SHIFT]![id & ID_MASK]! : UNKNOWN
      if (code === UNKNOWN) break
      if (code < MANY) {
        row[n] = code - 1
        sample[n++] = at
      } else if (code !== NOBODY) {
        this.length = n
        const rows = routes.list(code)
        this.#reserve(length - at + rows.length)
        row = this.row
        sample = this.#sample
        for (let k = 0; k < rows.length; k++) {
          row[n] = rows[k]!
          sample[n++] = at
        }
      }
    }
    this.length = n
    return at
  }

  /** Drops what is not later than its row's newest sample, and makes rates of counters: nothing of a first value or a reset. */
  #rate({ time_ms: times, value: values }: FloatColumns, table: RowTable, now_ms: number): void {
    const { length, row, time_ms, value } = this
    const sample = this.#sample
    const newest = table.newest.data
    const cumulative = table.cumulative.data
    let n = 0
    let backward = 0
    let none = 0
    for (let i = 0; i < length; i++) {
      const r = row[i]!
      const time = times[sample[i]!]!
      let x = values[sample[i]!]!
      const at = r * NEWEST
      const before_ms = newest[at + LAST_MS]!
      if (!(time > before_ms)) {
        backward++
        continue
      }
      if (cumulative[r] === 1) {
        if (!(x - x === 0)) {
          none++
          continue
        }
        const before = newest[at + RAW]!
        newest[at + RAW] = x
        x = x >= before ? ((x - before) * 1000) / (time - before_ms) : NaN
      }
      newest[at + LAST_MS] = time
      newest[at + TOUCHED_MS] = time > now_ms ? time : now_ms
      if (x !== x && cumulative[r] === 1) continue
      row[n] = r
      time_ms[n] = time
      value[n++] = x
    }
    this.length = n
    this.refused.not_ascending += backward
    this.refused.not_finite += none
  }

  #reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.row.length) return
    const size = Math.max(needed, this.row.length * 2)
    const { row } = this
    const sample = this.#sample
    this.row = new Int32Array(size)
    this.row.set(row)
    this.#sample = new Int32Array(size)
    this.#sample.set(sample)
    this.time_ms = new Float64Array(size)
    this.value = new Float64Array(size)
  }
}
