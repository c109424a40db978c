import { messageOf, ServiceError } from '#core/errors.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import { SampleBuilder } from '#core/sample.ts'
import type { Labels } from '#core/series.ts'
import { atOnce } from '#core/steps.ts'
import { Store } from '#core/store/store.ts'

import { createDetectors, type Detectors, ForecastTable, type RuleGroup } from '../../detectors/index.ts'
import { createQueryEngine, MemoryReader, type Point, readSeries } from '../../query/index.ts'

const NO_BOUNDS = new Float64Array()
const MANY = 1_000_000
/** A test has what it says, however long it lasts. */
const UNLIMITED = {
  series: Infinity,
  series_kept: Infinity,
  series_per_metric: Infinity,
  labels: Infinity,
  label_name_length: Infinity,
  label_value_length: Infinity,
  retention_ms: Infinity,
  rollups_ms: Infinity,
  bytes: Infinity,
} as const

/** One sample of `input_series`. */
interface Given {
  readonly labels: Labels
  readonly time_ms: number
  readonly point: Exclude<Point, 'none'>
}

/** Store, query engine and detectors of one test, on a time of its own. */
export class TestHouse {
  readonly query: QueryEngine
  readonly detectors: Detectors
  readonly #store: Store
  /** Native histograms as they were written: what the store makes of them on the wire is no matter of a rule's. */
  readonly #native = new MemoryReader()
  readonly #waiting: Given[]
  #at = 0
  #time_ms: number

  constructor(groups: readonly RuleGroup[], given: readonly Given[], start_ms: number) {
    this.#time_ms = start_ms
    this.#store = new Store({
      analysis_ms: () => this.#time_ms,
      meter: silentMeter,
      limits: UNLIMITED,
    })
    const table = new ForecastTable({ lead_ms: 300_000, retention_ms: Infinity })
    this.query = createQueryEngine({ readers: [this.#store, table, this.#native] })
    this.detectors = createDetectors({
      query: this.query,
      reader: this.#store,
      writer: this.#store,
      table,
      findings: { finding() {} },
      alerts: { alert() {} },
      lateness_ms: 0,
      limits: {
        scored_series: MANY,
        findings: MANY,
        copies: 0,
        templates_per_service: MANY,
        log_services: MANY,
        log_series: MANY,
      },
      analysis_ms: () => this.#time_ms,
      now_ms: () => 0,
      log: silentLog,
      meter: silentMeter,
    })
    this.detectors.setGroups(groups, start_ms)
    this.#waiting = given.toSorted((a, b) => a.time_ms - b.time_ms)
  }

  /** Takes in what has come by then, and evaluates every rule; says what went wrong. */
  async step(time_ms: number): Promise<string[]> {
    this.#time_ms = time_ms
    this.#feed(time_ms)
    await this.detectors.step(time_ms)
    const failed = this.detectors.rules.groups().flatMap(({ rules }) => rules.filter((rule) => rule.last_error !== ''))
    return failed.map((rule) => `${rule.name}: ${rule.last_error}`)
  }

  #feed(time_ms: number): void {
    // One batch a time, as it would have come: detectors see every sample.
    while (this.#at < this.#waiting.length && this.#waiting[this.#at]!.time_ms <= time_ms) {
      const now_ms = this.#waiting[this.#at]!.time_ms
      const batch = new SampleBuilder()
      for (; this.#waiting[this.#at]?.time_ms === now_ms; this.#at++) {
        const { labels, point } = this.#waiting[this.#at]!
        if (typeof point === 'object') {
          this.#native.add(labels, [{ time_ms: now_ms, point }])
          continue
        }
        const about = { labels, type: 'unknown', unit: '', help: '', kind: 'float', bounds: NO_BOUNDS } as const
        const stale = point === 'stale'
        batch.float(this.#store.resolve(about), now_ms, stale ? NaN : point, stale)
      }
      const columns = batch.batch()
      const { fresh } = this.#store.append(columns)
      atOnce(this.detectors.sampling(columns, fresh))
    }
  }
}

/** The samples of a line of `input_series`. Throws `ServiceError('bad_data')`. */
export function samplesOf(series: string, values: string, start_ms: number, interval_ms: number): Given[] {
  try {
    const { labels, points } = readSeries(`${series} ${values}`)
    if (labels.size === 0) throw new Error('a series needs a name or a label')
    return points.flatMap((point, i) =>
      point === 'none' ? [] : [{ labels, time_ms: start_ms + i * interval_ms, point }],
    )
  } catch (error) {
    throw new ServiceError('bad_data', `${series}: ${messageOf(error)}`, { cause: error })
  }
}

/** A label set as tests write it: `up{job="a"}`, `{}` or nothing. */
export const labelsOf = (text: string): Labels => readSeries(text).labels
