import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { z } from 'zod'

import type { AlertEvent } from '#core/alert.ts'
import { ManualClock } from '#core/clock.ts'
import type { Log } from '#core/ports/log.ts'
import { type Meter, silentMeter } from '#core/ports/meter.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { type SampleBatch, SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'
import { Store } from '#core/store/store.ts'

import { parseDetector } from '../../detectors/kinds/registry.ts'
import { RuleEngine } from '../../detectors/rules/engine.ts'
import { loadRules, refuseProblems } from '../../detectors/rules/load.ts'
import type { RuleGroup } from '../../detectors/rules/rule.ts'
import type { AnomalySpec, Scoring } from '../../detectors/scoring/spec.ts'
import { createQueryEngine } from '../../query/index.ts'

export const SECOND = 1000
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** A round time, so that steps of any interval meet it. */
export const START = Date.UTC(2026, 0, 5)

/** A float sample; `labels` as `{__name__, …}`. */
export interface Fed {
  readonly labels: Readonly<Record<string, string>>
  readonly time_ms: number
  readonly value: number
}

const NO_BOUNDS = new Float64Array()

/** Remembers what it was given, and judges as scoring does: in ascending order of time. */
export class Judged implements Scoring {
  readonly keys: string[] = []
  readonly values = new Map<string, [number, number][]>()
  /** Up to when input of a rule is known, by its key. */
  readonly until = new Map<string, number>()
  flushes = 0
  /** Fresh samples of recorded series, by id and time. */
  readonly recorded: [number, number][] = []

  setRules(specs: readonly AnomalySpec[]): void {
    void specs
  }

  known(rule: string, until_ms: number): void {
    this.until.set(rule, until_ms)
  }

  row(rule: string, labels: Labels): number {
    const key = `${rule.split(';').at(-1)} ${String(labels)}`
    if (!this.keys.includes(key)) this.keys.push(key)
    return this.keys.indexOf(key)
  }

  score(
    row: number,
    time_ms: number,
    value: number,
  ): { score: number; expected: number; lower: number; upper: number } {
    const key = this.keys[row] ?? ''
    const values = this.values.get(key) ?? []
    if (time_ms > (values.at(-1)?.[0] ?? -Infinity)) values.push([time_ms, value])
    this.values.set(key, values)
    return { score: 0, expected: 0, lower: 0, upper: 0 }
  }

  *sampling({ floats }: SampleBatch, fresh: Uint8Array): Steps<void> {
    yield
    for (let i = 0; i < floats.length; i++) {
      if (fresh[i] === 1 && floats.stale[i] === 0) this.recorded.push([floats.series[i]!, floats.time_ms[i]!])
    }
  }

  flush(): void {
    this.flushes++
  }
}

/** A query engine that counts, and fails where it is told to. */
export class CountedQueries implements QueryEngine {
  readonly #inner: QueryEngine
  count = 0
  steps = 0
  fail: (expr: string, from_ms: number, to_ms: number) => void = () => {}

  constructor(inner: QueryEngine) {
    this.#inner = inner
  }

  instant: QueryEngine['instant'] = (...args) => this.#inner.instant(...args)
  inspect: QueryEngine['inspect'] = (expr) => this.#inner.inspect(expr)
  format: QueryEngine['format'] = (expr) => this.#inner.format(expr)
  matchers: QueryEngine['matchers'] = (selector) => this.#inner.matchers(selector)

  range: QueryEngine['range'] = async (expr, options) => {
    this.count++
    this.steps += (options.to_ms - options.from_ms) / options.step_ms + 1
    this.fail(expr, options.from_ms, options.to_ms)
    return this.#inner.range(expr, options)
  }
}

export interface StandOptions {
  /** The text of a rule file. */
  readonly rules: string
  readonly lateness_ms?: number
}

/** Rule groups from text, checked. */
export function groupsOf(text: string, query: Pick<QueryEngine, 'inspect'>): readonly RuleGroup[] {
  const file = join(mkdtempSync(join(tmpdir(), 'barograph-rules-')), 'rules.yml')
  writeFileSync(file, text)
  const { groups, problems } = loadRules([file], { query, parseDetector, policySchema: z.unknown() })
  refuseProblems(problems)
  return groups
}

/** A rule engine over a real store and a real query engine, on hand-driven time. */
export class Stand {
  readonly store: Store
  readonly query: CountedQueries
  readonly judged = new Judged()
  readonly events: AlertEvent[] = []
  readonly forecasts: [string, number][] = []
  readonly told: string[] = []
  readonly counts = new Map<string, number>()
  readonly clock = new ManualClock()
  readonly engine: RuleEngine
  now_ms = START

  constructor({ rules, lateness_ms = 10 * SECOND }: StandOptions) {
    this.store = new Store({ analysis_ms: () => this.now_ms, meter: silentMeter })
    this.query = new CountedQueries(createQueryEngine({ readers: [this.store], clock: this.clock }))
    const warn: Log['warn'] = (message, fields) => void this.told.push(`${message}: ${String(fields?.['rule'])}`)
    this.engine = new RuleEngine({
      query: this.query,
      writer: this.store,
      reader: this.store,
      scoring: this.judged,
      forecasting: { setRules() {}, step: async (rule, time_ms) => void this.forecasts.push([rule, time_ms]) },
      alerts: { alert: (event) => void this.events.push(event) },
      lateness_ms,
      meter: this.#meter(),
      log: { debug() {}, info() {}, warn, error() {} },
      now_ms: () => this.clock.now_ms(),
    })
    this.setRules(rules)
  }

  setRules(text: string): void {
    this.engine.setGroups(groupsOf(text, this.query), this.now_ms)
  }

  /** One request. Samples lie in order of time. */
  feed(samples: readonly Fed[]): void {
    const batch = new SampleBuilder()
    for (const { labels, time_ms, value } of samples) batch.float(resolve(this.store, labels), time_ms, value)
    const columns = batch.batch()
    const { fresh } = this.store.append(columns)
    let oldest_ms = Infinity
    for (const [i, { time_ms }] of samples.entries()) if (fresh[i] === 1) oldest_ms = Math.min(oldest_ms, time_ms)
    if (oldest_ms < Infinity) this.engine.observed(oldest_ms, this.now_ms)
  }

  /** True where more is due than `share`. */
  async tick(time_ms: number, complete_ms?: number, share?: number): Promise<boolean> {
    this.now_ms = time_ms
    return this.engine.tick({ time_ms, complete_ms, share })
  }

  /** Ticks every `every_ms` from now on up to `to_ms`. */
  async run(to_ms: number, every_ms = SECOND): Promise<void> {
    for (let time = this.now_ms + every_ms; time <= to_ms; time += every_ms) await this.tick(time)
  }

  /** Feeds each sample at its time and ticks between, once in `every_ms`. */
  async live(samples: readonly Fed[], to_ms: number, every_ms = 5 * SECOND): Promise<void> {
    const waiting = samples.toSorted((a, b) => a.time_ms - b.time_ms)
    for (let time = this.now_ms; time <= to_ms; time += every_ms) {
      const count = waiting.findIndex((sample) => sample.time_ms > time)
      this.now_ms = time
      const due = waiting.splice(0, count === -1 ? waiting.length : count)
      if (due.length > 0) this.feed(due)
      await this.tick(time)
    }
  }

  /** What the store has under a metric name: `labels → [seconds since START, value]`, NaN where stale. */
  read(name: string): Record<string, [number, number][]> {
    const slices = this.store.select([{ name: METRIC_NAME, op: '=', value: name }], {
      from_ms: -Infinity,
      to_ms: Infinity,
    })
    return Object.fromEntries(
      slices.map(({ labels, time_ms, value, stale }) => [
        String(labels.drop(METRIC_NAME)),
        Array.from(time_ms, (time, i) => [(time - START) / SECOND, stale[i] === 1 ? NaN : value[i]!]),
      ]),
    )
  }

  /** The events so far, short: `[what, seconds since START, alertname and labels]`. */
  happened(): [string, number, string][] {
    return this.events.map(({ type, at_ms, alert }) => [type, (at_ms - START) / SECOND, String(alert.labels)])
  }

  #meter(): Meter {
    return {
      ...silentMeter,
      counter: (name) => ({
        add: (value) => void this.counts.set(name, (this.counts.get(name) ?? 0) + value),
      }),
    }
  }
}

function resolve(writer: SeriesWriter, labels: Readonly<Record<string, string>>): number {
  return writer.resolve({
    labels: Labels.of(labels),
    type: 'gauge',
    unit: '',
    help: '',
    kind: 'float',
    bounds: NO_BOUNDS,
  })
}

/** A series with a value each `every_ms`, both ends included; undefined leaves the sample out. */
export function series(
  labels: Readonly<Record<string, string>>,
  { from_ms, to_ms, every_ms }: { readonly from_ms: number; readonly to_ms: number; readonly every_ms: number },
  value: (time_ms: number) => number | undefined,
): Fed[] {
  const samples: Fed[] = []
  for (let time_ms = from_ms; time_ms <= to_ms; time_ms += every_ms) {
    const one = value(time_ms)
    if (one !== undefined) samples.push({ labels, time_ms, value: one })
  }
  return samples
}
