import { ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import { type Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '#core/series.ts'

import { natureOf } from '../kinds/nature.ts'
import { isCumulative, unitOf } from './judged.ts'
import { RoutesSnapshot } from './routes-snapshot.ts'
import { Routes } from './routes.ts'
import { identityOf } from './row-index.ts'
import type { RowTable } from './row-table.ts'
import type { RuleSet } from './rule-set.ts'
import type { ScoringRule } from './scoring-rule.ts'

/** Analysis time, and event time of the sample that a row is made for. */
interface Times {
  readonly now_ms: number
  readonly time_ms: number
}

interface FollowersOptions {
  readonly table: RowTable
  readonly rules: RuleSet
  readonly definition: (id: SeriesId) => SeriesDefinition
  /** `limits.scored_series`. */
  readonly limit: number
  /** Rows that learn from what is stored first: nothing is routed to them. */
  readonly waiting: Set<number>
  /** Where the limit is reached: rows that are silent give way; whether any did. */
  readonly makeRoom: () => boolean
  readonly log: Log
  readonly meter: Meter
}

/** Who follows a series: the rows that rules have of it, made when it is first heard of, up to a limit of all together. */
export class Followers {
  readonly routes = new Routes()
  readonly snapshot: RoutesSnapshot
  readonly #options: FollowersOptions
  readonly #refused
  #toldFull = false
  /** Whether a series was refused since routes were last made. */
  readonly #refusals = { some: false }

  constructor(options: FollowersOptions) {
    this.#options = options
    this.snapshot = new RoutesSnapshot({ ...options, routes: this.routes, refused: this.#refusals })
    this.#refused = options.meter.counter('barograph.detectors.rows_refused', {
      description: 'Series that no rule could follow because limits.scored_series is reached.',
    })
  }

  /** The rules are other ones: every series is matched anew. */
  renew(): void {
    this.clear()
    this.#toldFull = false
  }

  clear(): void {
    this.routes.clear()
    this.#refusals.some = false
  }

  /** Whether series were refused since all were matched anew. */
  get refusedSome(): boolean {
    return this.#refusals.some
  }

  /** The row of a series under a rule; throws `ServiceError('overloaded')` where it would be one too many. */
  row(
    rule: ScoringRule,
    labels: Labels,
    {
      metric,
      unit,
      now_ms,
      time_ms,
      rate = false,
    }: Times & { readonly metric: string; readonly unit: string; readonly rate?: boolean },
  ): number {
    const { table, limit, waiting, makeRoom } = this.#options
    const { key, name } = rule.spec
    const own = labels.drop(METRIC_NAME)
    const identity = identityOf(key, metric, own)
    const known = table.find(identity)
    if (known !== undefined) {
      // Its sample is yet to come: until then it is not to give way to others.
      table.touch(known, Math.max(table.touched_ms(known), now_ms))
      return known
    }
    if (table.live >= limit && !makeRoom()) {
      this.#full()
      throw new ServiceError('overloaded', `limits.scored_series (${limit}) is reached`)
    }
    const row = table.add(rule.slot, rule.detector.add(natureOf({ metric, unit, rate })), identity, time_ms)
    if (!rule.scores) rule.silent.add(row)
    const waits = now_ms < rule.young_until_ms
    if (waits) waiting.add(row)
    if (!rule.lean || waits) table.describe(row, { key, rule: name, labels: own, metric, unit })
    // It lives from now on, even if its values are all refused.
    table.touch(row, now_ms)
    return row
  }

  /** Finds and keeps the rows that a series of the store feeds. */
  resolve(id: SeriesId, times: Times): void {
    const { table, rules, waiting, definition: definitionOf } = this.#options
    const definition = definitionOf(id)
    const rows: number[] = []
    if (definition.kind === 'float') {
      for (const rule of rules.values()) {
        if (!rule.follows(definition.labels)) continue
        const row = this.#rowFor(rule, definition, times)
        if (row === undefined) continue
        const before = table.series(row)
        if (before !== undefined && before !== id) this.routes.forget(before)
        table.feed(row, id)
        if (!waiting.has(row)) rows.push(row)
      }
    }
    this.routes.set(id, rows)
  }

  #rowFor(rule: ScoringRule, definition: SeriesDefinition, times: Times): number | undefined {
    try {
      const rate = isCumulative(definition)
      const about = { metric: definition.labels.name, unit: unitOf(definition), ...times, rate }
      const row = this.row(rule, definition.labels, about)
      this.#options.table.cumulative.data[row] = rate ? 1 : 0
      return row
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'overloaded') return undefined
      throw error
    }
  }

  #full(): void {
    this.#refused.add(1)
    this.#refusals.some = true
    if (this.#toldFull) return
    this.#toldFull = true
    this.#options.log.warn('more series match anomaly rules than may be scored; the others are not judged', {
      limit: 'limits.scored_series',
      value: this.#options.limit,
    })
  }
}
