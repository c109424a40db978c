// A backfill that ends in a store.
import { systemClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Input } from '#core/ports/intake.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import type { Matcher } from '#core/ports/series-reader.ts'
import { atOnce } from '#core/steps.ts'
import { Store } from '#core/store/store.ts'

import { UpstreamClient } from '../client/client.ts'
import { Backfill } from '../history/backfill.ts'
import { HistoryMarks } from '../history/marks.ts'
import type { Wish } from '../history/plan.ts'
import { type HistorySettings, historyObject } from '../history/settings.ts'
import { Peer } from '../peer.ts'
import { NOW, temporaryFolder } from './stand.fixture.ts'

export const HOUR = 3_600_000

export function clientOf(url: string, timeout_ms = 2000): UpstreamClient {
  return new UpstreamClient(new Peer({ url, headers: {}, timeout_ms, version: 'test', clock: systemClock, fetch }))
}

/** The expression is a metric name, with a label in braces at the most. */
export function inspect(expr: string): ExpressionInfo {
  const [, name = '', label, value] = /^([\w:]*)(?:\{(\w+)="(\w+)"\})?$/.exec(expr) ?? []
  const matchers: Matcher[] = []
  if (name !== '') matchers.push({ name: '__name__', op: '=', value: name })
  if (label !== undefined) matchers.push({ name: label, op: '=', value: value ?? '' })
  return { type: 'vector', selectors: [{ matchers, reach_ms: 300_000 }], plain: matchers, unit: '' }
}

export const forecast = (expr: string): Wish => ({ kind: 'forecast', name: 'f', expr, for_ms: 0, evidence: false })

export interface HistoryOptions {
  readonly url: string
  readonly wishes?: readonly Wish[]
  readonly settings?: Partial<Record<keyof HistorySettings, unknown>>
  readonly folder?: string
  readonly store?: Store
  /** Time stands still there; timers run. */
  readonly now_ms?: number
}

export class HistoryStand {
  readonly store: Store
  readonly backfill: Backfill
  readonly inputs: Input[] = []
  readonly warnings: string[] = []
  /** Inputs that are refused before one is taken. */
  busy = 0

  constructor({
    url,
    wishes = [forecast('up')],
    settings = {},
    folder = temporaryFolder(),
    store,
    now_ms = NOW,
  }: HistoryOptions) {
    this.store =
      store ??
      new Store({
        limits: { series: 1e6, series_per_metric: 1e6, retention_ms: 1e12 },
        analysis_ms: () => now_ms,
        meter: silentMeter,
      })
    const warn = (message: string): void => void this.warnings.push(message)
    const log = { debug() {}, info() {}, warn, error: warn }
    this.backfill = new Backfill({
      name: 'prom',
      settings: historyObject.parse({ rate: 1000, ...settings }),
      retention_ms: 15 * 24 * HOUR,
      client: clientOf(url),
      marks: new HistoryMarks(`${folder}/prom.history.json`, log),
      intake: { submit: async (input) => this.#take(input) },
      wishes: () => wishes,
      inspect,
      reader: this.store,
      clock: { ...systemClock, now_ms: () => now_ms },
      log,
      counter: { add() {} },
    })
  }

  async #take(input: Input) {
    if (this.busy-- > 0) throw new ServiceError('overloaded', 'busy')
    if (input.kind !== 'samples') throw new Error('history comes as samples')
    this.inputs.push(input)
    const { samples, rejected, message } = atOnce(input.decode(this.store))
    const { counts } = this.store.append(samples)
    return { rejected: rejected + counts.late_refused + counts.too_old, message }
  }

  /** What the store has of a metric, by its labels as text. */
  kept(name: string): Map<string, [number, number][]> {
    const slices = this.store.select([{ name: '__name__', op: '=', value: name }], { from_ms: 0, to_ms: 1e15 })
    return new Map(
      slices.map(({ labels, time_ms, value }) => [labels.toString(), Array.from(time_ms, (at, i) => [at, value[i]!])]),
    )
  }
}
