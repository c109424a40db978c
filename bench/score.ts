// Scoring alone: batches of samples through the engine with one rule over every series, detector kind `rolling`.
//
// npm run bench -- score [--series 100000] [--rounds 24] [--batch 2000] [--block 50]
import { parseArgs } from 'node:util'

import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { SampleBatch } from '#core/sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition } from '#core/series.ts'

import { createDetector, parseDetector } from '../detectors/kinds/registry.ts'
import { type AnomalySpec, ScoringEngine } from '../detectors/scoring/index.ts'

const START = Date.UTC(2026, 0, 5)
/** A slot of the season apart, so that a warm-up of one season touches all of it. */
const STEP_MS = 300_000
const SLOTS = 288
const DETECTOR = { kind: 'rolling', window: 60, slots: SLOTS, season: '24h' }
const ORDERS = ['sequential', 'blocks', 'shuffled'] as const
type Order = (typeof ORDERS)[number]

/** Seeded uniform numbers (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const random = uniform(1)
const NOISE = Float64Array.from(
  { length: 65536 },
  () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
)

/** Every fifth a counter, with the labels of a small service. */
function definitions(count: number): SeriesDefinition[] {
  return Array.from({ length: count }, (_, i) => ({
    labels: Labels.of({
      [METRIC_NAME]: i % 5 === 0 ? `requests_${i % 50}_total` : `load_${i % 50}`,
      service_name: `service-${i % 300}`,
      instance: `10.0.${i % 256}.${(i >> 8) % 256}:8080`,
      path: `/api/v1/resource/${i}`,
    }),
    type: i % 5 === 0 ? 'counter' : 'gauge',
    unit: '1',
    help: '',
    kind: 'float',
    bounds: new Float64Array(),
  }))
}

const everySeries: AnomalySpec = {
  key: 'bench/EverySeries',
  name: 'EverySeries',
  detector: parseDetector(DETECTOR),
  direction: 'both',
  budget_per_week: 140,
  evidence: true,
  for_ms: 0,
  interval_ms: 60_000,
  plain: [{ name: METRIC_NAME, op: '=~', value: '.+' }],
  render: () => ({ severity: 'warning', annotations: {} }),
}

/** Samples of all series at step after step, cut into batches: a day's wave, noise, counters that count it. */
class Load {
  readonly #ids: Record<Order, Uint32Array>
  readonly #totals: Float64Array
  readonly #batch: number
  #step = 0

  constructor(series: number, block: number, batch: number) {
    this.#batch = batch
    this.#totals = new Float64Array(series)
    const ids = Array.from({ length: series }, (_, i) => i)
    const blocks = shuffled(Array.from({ length: Math.ceil(series / block) }, (_, i) => i))
    this.#ids = {
      sequential: Uint32Array.from(ids),
      blocks: Uint32Array.from(blocks.flatMap((b) => ids.slice(b * block, (b + 1) * block))),
      shuffled: Uint32Array.from(shuffled(ids)),
    }
  }

  *round(order: Order): Generator<SampleBatch> {
    const ids = this.#ids[order]
    const step = this.#step++
    const wave = Math.sin((2 * Math.PI * step) / SLOTS)
    for (let from = 0; from < ids.length; from += this.#batch) {
      const series = ids.subarray(from, from + this.#batch)
      const length = series.length
      const value = new Float64Array(length)
      for (let i = 0; i < length; i++) {
        const id = series[i]!
        const level = 100 + (id % 97) + 5 * wave + NOISE[(step * 7919 + id * 13) & 65535]!
        value[i] = id % 5 === 0 ? (this.#totals[id]! += level * 300) : level
      }
      const time_ms = new Float64Array(length).fill(START + step * STEP_MS)
      yield {
        floats: { length, series, time_ms, value, stale: new Uint8Array(length) },
        histograms: NO_HISTOGRAMS,
        exemplars: [],
      }
    }
  }
}

const none = new Float64Array()
const NO_HISTOGRAMS: SampleBatch['histograms'] = {
  length: 0,
  series: new Uint32Array(),
  time_ms: none,
  sum: none,
  count: none,
  start: new Uint32Array(1),
  buckets: none,
  stale: new Uint8Array(),
}

function shuffled(items: number[]): number[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}

/** CPU time of `work` in ns, all threads of the process. */
function cpu(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN
const rounded = (value: number): number => Math.round(value * 10) / 10

function print(figure: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ bench: 'score', ...figure })}\n`)
}

/** What every measurement works on. */
interface Bench {
  readonly series: number
  readonly load: Load
  readonly fresh: Uint8Array
  readonly make: () => ScoringEngine
}

/** ns a point of the engine, an order of series after the other, and of the bare detector: interleaved, medians of rounds. */
function speed({ series, load, fresh }: Bench, engine: ScoringEngine, rounds: number): void {
  const bare = createDetector(everySeries.detector, everySeries)
  for (let i = 0; i < series; i++) bare.add()
  const length = fresh.length
  const out = {
    score: new Float64Array(length),
    bands: new Float64Array(3 * length),
    blamed: new Uint8Array(length),
    everyBand: false,
  }
  const alone = (batch: SampleBatch): void => bare.steps?.({ ...batch.floats, row: batch.floats.series }, out)
  for (let i = 0; i < 64; i++) for (const batch of load.round('blocks')) alone(batch)
  const taken = new Map<string, number[]>()
  for (let i = 0; i < rounds; i++) {
    for (const order of [...ORDERS, 'blocks, detector alone'] as const) {
      let ns = 0
      const work = order === 'blocks, detector alone' ? alone : (batch: SampleBatch) => engine.samples(batch, fresh)
      for (const batch of load.round(order === 'blocks, detector alone' ? 'blocks' : order))
        ns += cpu(() => work(batch))
      taken.set(order, [...(taken.get(order) ?? []), ns / series])
    }
  }
  for (const [order, ns] of taken) print({ what: order, ns_per_point: rounded(median(ns)) })
}

/** Saving and loading, and that what was loaded goes on as if nothing had been. */
function snapshot({ series, load, fresh, make }: Bench, engine: ScoringEngine): void {
  const times = Array.from({ length: 5 }, () => cpu(() => engine.save()) / 1e6)
  const bytes = engine.save()
  const again = make()
  const load_ms = cpu(() => again.load(bytes)) / 1e6
  const save_ms = rounded(median(times))
  print({ what: 'snapshot', bytes_per_row: Math.round(bytes.length / series), save_ms, load_ms: rounded(load_ms) })
  for (const batch of load.round('blocks')) {
    engine.samples(batch, fresh)
    again.samples(batch, fresh)
  }
  if (Buffer.compare(engine.save(), again.save()) !== 0) throw new Error('a loaded engine went on otherwise')
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      series: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '24' },
      batch: { type: 'string', default: '2000' },
      block: { type: 'string', default: '50' },
    },
  })
  const series = Number(values.series)
  const known = definitions(series)
  const batch = Number(values.batch)
  let findings = 0
  const stand: Bench = {
    series,
    load: new Load(series, Number(values.block), batch),
    fresh: new Uint8Array(batch).fill(1),
    make() {
      const engine = new ScoringEngine({
        definition: (id) => known[id]!,
        sink: { finding: () => void findings++ },
        log: silentLog,
        meter: silentMeter,
        scored_series: series,
      })
      engine.setRules([everySeries])
      return engine
    },
  }
  globalThis.gc?.()
  const rss = process.memoryUsage().rss
  const engine = stand.make()
  for (let i = 0; i < SLOTS + 12; i++) for (const one of stand.load.round('blocks')) engine.samples(one, stand.fresh)
  globalThis.gc?.()
  // Of the process: what the definitions cached of their labels is in it.
  const rss_per_row = Math.round((process.memoryUsage().rss - rss) / series)
  print({ what: 'memory', series, rss_per_row, reserved_per_row: Math.round(engine.bytes / series) })
  speed(stand, engine, Number(values.rounds))
  snapshot(stand, engine)
  print({ what: 'findings of noise', findings })
}
