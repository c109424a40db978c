import type { Matcher, SeriesReader, SeriesSlice } from '#core/ports/series-reader.ts'
import { METRIC_NAME } from '#core/series.ts'

import type { FindingLog } from './finding-log.ts'
import type { Judge } from './judge.ts'
import { LAST_MS, NEWEST, RAW, type RowAbout, type RowTable } from './row-table.ts'
import type { RuleSet } from './rule-set.ts'
import type { ScoringRule } from './scoring-rule.ts'

const DAY_MS = 86_400_000
/** A rule that begins beside stored samples looks for those of each series that it meets within this time. */
export const YOUNG_MS = DAY_MS
/** How far back, for a rule of up to so many series; of more in proportion less, so that all of them have their turn within minutes. */
const BACK_MS = 15 * DAY_MS
const FULL_ROWS = 500
/** Samples of a tick, and what it costs to look for those of a series. */
const SHARE = 25_000
const LOOK_COST = 200

interface LookBackOptions {
  readonly reader: Pick<SeriesReader, 'select' | 'extent'> | undefined
  readonly table: RowTable
  readonly rules: RuleSet
  readonly judge: Judge
  readonly findings: FindingLog
  readonly waiting: Set<number>
}

/**
 * Rows of rules that were added where there were samples already: they learn from what the store has of their series, as if the rule had been there.
 * Until its turn has come nothing is judged of a row; its samples are in the store by then. What is found in history is told as any finding is,
 * and spends no budget.
 */
export class LookBack {
  /** In the order in which they were met. */
  readonly waiting: Set<number>
  readonly #options: LookBackOptions

  constructor(options: LookBackOptions) {
    this.#options = options
    this.waiting = options.waiting
  }

  /** A rule is new, at analysis time `time_ms`. */
  begin(rule: ScoringRule, time_ms: number): void {
    const { reader } = this.#options
    const { plain } = rule.spec
    if (plain === null || reader === undefined || !Number.isFinite(time_ms)) return
    if (reader.extent(plain) !== null) rule.young_until_ms = time_ms + YOUNG_MS
  }

  /** Rows whose turn has come, of a share a tick; `done` is told of each. */
  tick(time_ms: number, done: (row: number, rule: ScoringRule) => void): void {
    const { table, rules, findings } = this.#options
    let left = SHARE
    for (const row of this.waiting) {
      if (left <= 0) return
      this.waiting.delete(row)
      const rule = rules.of(row)
      const back_ms = BACK_MS * Math.min(1, FULL_ROWS / Math.max(1, rule.detector.live))
      const slice = this.#sliceOf(table.about(row)!, { from_ms: time_ms - back_ms, to_ms: time_ms + DAY_MS })
      left -= LOOK_COST + (slice?.time_ms.length ?? 0)
      findings.spends = false
      if (slice !== undefined) this.#feed(rule, row, slice)
      findings.spends = true
      done(row, rule)
    }
  }

  #sliceOf({ metric, labels }: RowAbout, range: { from_ms: number; to_ms: number }): SeriesSlice | undefined {
    const own = labels.with(METRIC_NAME, metric)
    const matchers: Matcher[] = [...own].map(([name, value]) => ({ name, op: '=', value }))
    // Series with more labels match as well.
    return this.#options.reader?.select(matchers, range).find((slice) => slice.labels.key === own.key)
  }

  #feed(rule: ScoringRule, row: number, { time_ms: times, value: values, stale }: SeriesSlice): void {
    const { table, judge } = this.#options
    const cumulative = table.cumulative.data[row] === 1
    if (times.length > 0) table.livesFrom(row, times[0]!)
    for (let i = 0; i < times.length; i++) {
      const time_ms = times[i]!
      const newest = table.newest.data
      const before_ms = newest[row * NEWEST + LAST_MS]!
      let value = values[i]!
      if (stale[i] === 1 || !(time_ms > before_ms) || (cumulative && !Number.isFinite(value))) continue
      newest[row * NEWEST + LAST_MS] = time_ms
      if (cumulative) {
        const before = newest[row * NEWEST + RAW]!
        newest[row * NEWEST + RAW] = value
        value = value >= before ? ((value - before) * 1000) / (time_ms - before_ms) : NaN
        if (Number.isNaN(value)) continue
      }
      judge.value(rule, row, time_ms, value)
    }
    // What came while it waited did not pass by here.
    table.touch(row, Math.max(table.touched_ms(row), times.at(-1) ?? -Infinity))
  }
}
