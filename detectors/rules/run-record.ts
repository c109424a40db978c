import type { AlertEvent } from '#core/alert.ts'
import { DerivedSamples } from '#core/derived.ts'
import { ServiceError } from '#core/errors.ts'
import type { ResultSeries } from '#core/ports/query-engine.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBatch } from '#core/sample.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'
import { inSlices, type Steps } from '#core/steps.ts'

import { isThere, RecordedHistograms, type SavedHistograms } from './recorded-histograms.ts'
import type { RecordRule } from './rule.ts'
import { NOTHING, type Results, type Runner, type Taken } from './runner.ts'

/** Values of results that are written in one step. */
const STEP = 8192
const ABOUT = { type: 'gauge', unit: '', help: 'Recorded by a rule' } as const

/** Scores the samples of a stored batch that are the newest of their series. */
export interface RecordedSink {
  sampling(batch: SampleBatch, fresh: Uint8Array): Steps<void>
}

/** Labels of floats, then histograms. */
type Saved = readonly (Readonly<Record<string, string>> | SavedHistograms[number])[]

/** Writes results as a series; marks those stale that have gone. */
export class RecordRunner implements Runner {
  readonly repeatable = true
  readonly #rule: RecordRule
  readonly #derived: DerivedSamples
  readonly #histograms: RecordedHistograms
  readonly #scoring: RecordedSink
  /** Series of the last step, by their labels as written. */
  #present = new Map<string, Labels>()

  /** `scoring` follows recorded series like any other: anomaly rules over a plain selector hear of no other way. */
  constructor(rule: RecordRule, writer: SeriesWriter, scoring: RecordedSink) {
    this.#rule = rule
    this.#scoring = scoring
    this.#derived = new DerivedSamples(writer)
    this.#histograms = new RecordedHistograms(this.#derived)
  }

  get active(): boolean {
    return this.#present.size > 0 || this.#histograms.size > 0
  }

  take(results: Results): Taken | Promise<Taken> {
    return inSlices(this.taking(results))
  }

  /** The same in steps: history is many at once. */
  *taking({ series, from_ms, to_ms, interval_ms, again }: Results): Steps<Taken> {
    const written = this.#named(series)
    const present = new Map<string, Labels>()
    // What was there at the step before and is not at the first of these.
    if (!again) {
      for (const [key, labels] of this.#present) if (!isThere(written.get(key), from_ms)) this.#stale(labels, from_ms)
    }
    let done = 0
    for (const [key, result] of written) {
      this.#write(result, to_ms, interval_ms)
      const { labels, time_ms } = result
      if (time_ms.at(-1) === to_ms) present.set(key, labels)
      done += time_ms.length
      if (done < STEP) continue
      done = 0
      yield
    }
    if (!again) this.#present = present
    const strange = this.#histograms.take(written, { from_ms, to_ms, interval_ms, again })
    yield* this.#derived.flushing((batch, fresh) => this.#scoring.sampling(batch, fresh))
    return strange === 0 ? NOTHING : { events: [], error: notRecorded(strange) }
  }

  end(time_ms: number): AlertEvent[] {
    for (const labels of this.#present.values()) this.#stale(labels, time_ms)
    this.#present.clear()
    this.#histograms.end(time_ms)
    this.#derived.flush()
    return []
  }

  save(): unknown {
    const floats = [...this.#present.values()].map((labels) => labels.toJSON())
    return [...floats, ...this.#histograms.save()] satisfies Saved
  }

  load(state: unknown): void {
    const saved = state as Saved
    this.#histograms.load(saved.filter((one) => Array.isArray(one)) as SavedHistograms)
    const sets = saved.filter((one) => !Array.isArray(one)).map((pairs) => Labels.of(pairs as Record<string, string>))
    this.#present = new Map(sets.map((labels) => [labels.key, labels]))
  }

  /** Results under the labels as written. Throws `ServiceError('execution')` where those of two are the same at one step. */
  #named(series: readonly ResultSeries[]): Map<string, ResultSeries> {
    const named = new Map<string, ResultSeries>()
    for (const result of series) {
      const labels = result.labels.merge([...this.#rule.extra, [METRIC_NAME, this.#rule.name]])
      const other = named.get(labels.key)
      const own = { ...result, labels }
      named.set(labels.key, other === undefined ? own : joined(other, own))
    }
    return named
  }

  /** The floats of a result, and an end behind each that the next step does not follow. */
  #write(result: ResultSeries, to_ms: number, interval_ms: number): void {
    const { labels, time_ms, value, histograms } = result
    const id = time_ms.length === 0 ? undefined : this.#derived.series(ABOUT, labels)
    if (id === undefined) return
    for (let i = 0; i < time_ms.length; i++) {
      const time = time_ms[i]!
      this.#derived.push(id, time, value[i]!)
      const next = time + interval_ms
      if (next > to_ms || time_ms[i + 1] === next) continue
      if (histograms === undefined || !isThere(result, next)) this.#derived.push(id, next, Number.NaN, true)
    }
  }

  #stale(labels: Labels, time_ms: number): void {
    this.#derived.add(ABOUT, labels, time_ms, Number.NaN, true)
  }
}

function notRecorded(count: number): ServiceError {
  const message = `${count} histograms of the result have buckets with bounds of their own and are not recorded: take histogram_quantile(), histogram_sum() or the like of them`
  return new ServiceError('execution', message)
}

/** Two results that the rule's labels make one, each at its own steps. */
function joined(a: ResultSeries, b: ResultSeries): ResultSeries {
  const points = [a, b]
    .flatMap(({ time_ms, value }) => Array.from(time_ms, (time, i) => [time, value[i]!] as const))
    .toSorted(([one], [other]) => one - other)
  const histograms = [...(a.histograms ?? []), ...(b.histograms ?? [])].toSorted(
    (one, other) => one.time_ms - other.time_ms,
  )
  const times = [...points.map(([time]) => time), ...histograms.map(({ time_ms }) => time_ms)]
  if (new Set(times).size < times.length) {
    throw new ServiceError(
      'execution',
      `vector contains metrics with the same labelset after applying rule labels: ${String(a.labels)}`,
    )
  }
  const time_ms = Float64Array.from(points, ([time]) => time)
  const floats = { labels: a.labels, time_ms, value: Float64Array.from(points, ([, value]) => value) }
  return histograms.length === 0 ? floats : { ...floats, histograms }
}
