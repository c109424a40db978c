// The store by itself: appending, sealing, bytes a sample, bytes a series, snapshots. `npm run bench -- store [--series 100000]`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { silentMeter } from '#core/ports/meter.ts'
import { type Random, seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'
import { decodePiece, encodePiece } from '#core/store/chunk-codec.ts'
import { STORE_LIMITS } from '#core/store/limits.ts'
import { Store } from '#core/store/store.ts'

import { median, report } from './measure.ts'

const BATCH = 2000
const STEP_MS = 10_000
const START_MS = 1_700_000_000_000
const CHUNK = 480
/** Rounds: past the first sealing, so that tables have their size. */
const ROUNDS = 100
const ORDERS = ['sequential', 'blocks', 'shuffled'] as const
type Order = (typeof ORDERS)[number]
const BLOCK = 50
/** Rounds in which every series has room in its first block; and series that make the code hot before. */
const UNSEALED = 4
const WARM_SERIES = 10_000

/** Values that do not depend on each other's series. */
const DATA: Record<string, (random: Random) => (before: number) => number> = {
  'gauge of 2 decimals': (random) => (before) => Math.round((before + random() - 0.5) * 100) / 100,
  counter: (random) => (before) => before + Math.round(300 + 80 * (random() - 0.5)),
  noise: (random) => () => Math.log(random() + 2 ** -33),
  constant: () => (before) => before,
}

/** CPU time of this process, ns. */
function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

function define(i: number): SeriesDefinition {
  const labels = Labels.of({ __name__: `metric_${i % 200}`, i: String(i) })
  return { labels, type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) }
}

/** The order in which series come; always the same. */
function orderOf(order: Order, series: number, random: Random): Uint32Array {
  const size = order === 'sequential' ? series : order === 'blocks' ? BLOCK : 1
  const blocks = Uint32Array.from({ length: Math.ceil(series / size) }, (_, i) => i)
  for (let i = blocks.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const other = blocks[i]!
    blocks[i] = blocks[j]!
    blocks[j] = other
  }
  return Uint32Array.from({ length: series }, (_, i) => blocks[Math.floor(i / size)]! * size + (i % size))
}

function newStore(folder?: string): Store {
  const limits = { series: 4e6, series_per_metric: 4e6, bytes: 2 ** 36, cache_bytes: STORE_LIMITS.cache_bytes }
  const base = { limits, analysis_ms: () => undefined, meter: silentMeter }
  return new Store(folder === undefined ? base : { ...base, folder })
}

/** Appends a sample a series; returns the CPU time of the store alone, ns. */
function round(store: Store, ids: Uint32Array, values: Float64Array, builder: SampleBuilder, time_ms: number): number {
  let spent = 0
  for (let at = 0; at < ids.length; at += BATCH) {
    builder.clear()
    for (let i = at; i < Math.min(ids.length, at + BATCH); i++) builder.float(ids[i]!, time_ms, values[i]!)
    const batch = builder.batch()
    const before = cpu()
    store.append(batch)
    spent += cpu() - before
  }
  return spent
}

/** ns a sample of rounds before anything is sealed, and over all rounds: sealing is spread evenly behind the first. */
function append(order: Order, series: number): void {
  appendRounds('blocks', WARM_SERIES)
  const spent = appendRounds(order, series)
  const total = spent.reduce((a, b) => a + b)
  const alone = median(spent.slice(1, UNSEALED))
  report({ bench: 'store', figure: 'append', order, series, ns: alone, ns_with_sealing: total / ROUNDS })
}

function appendRounds(order: Order, series: number): number[] {
  const random = seeded(1)
  const store = newStore()
  const ids = Uint32Array.from({ length: series }, (_, i) => store.resolve(define(i)))
  const sequence = orderOf(order, series, random).map((i) => ids[i]!)
  const values = Float64Array.from({ length: series }, () => Math.round(random() * 1e4) / 100)
  const builder = new SampleBuilder()
  const next = DATA['gauge of 2 decimals']!(random)
  const spent: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    for (let s = 0; s < series; s++) values[s] = next(values[s]!)
    spent.push(round(store, sequence, values, builder, START_MS + i * STEP_MS) / series)
  }
  return spent
}

/** Bytes and ns a sample of sealed chunks, times included. */
function seal(): void {
  for (const [data, make] of Object.entries(DATA)) {
    const next = make(seeded(2))
    const count = CHUNK * 200
    const values = new Float64Array(count)
    let value = 1e6
    for (let i = 0; i < count; i++) values[i] = value = next(value)
    const time_ms = Float64Array.from({ length: count }, (_, i) => START_MS + i * STEP_MS)
    const samples = { time_ms, columns: [values], stale: new Uint8Array(count) }
    for (const length of [32, CHUNK]) {
      const back = {
        time_ms: new Float64Array(length),
        columns: [new Float64Array(length)],
        stale: new Uint8Array(length),
      }
      const sealed: number[] = []
      const opened: number[] = []
      let bytes = 0
      for (let repeat = 0; repeat < 9; repeat++) {
        const pieces: Uint8Array[] = []
        const before = cpu()
        for (let at = 0; at < count; at += length)
          pieces.push(encodePiece({ samples, from: at, to: at + length }).slice())
        const between = cpu()
        for (const piece of pieces) decodePiece(piece, 0, { samples: back, wanted: [0], columns: 1, at: 0 })
        opened.push((cpu() - between) / count)
        sealed.push((between - before) / count)
        bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
      }
      const figures = { seal_ns: median(sealed), open_ns: median(opened), bytes_a_sample: bytes / count }
      report({ bench: 'store', figure: 'sealed', data, samples: length, ...figures })
    }
  }
}

/** Memory a series with files, and what a snapshot of them costs. */
async function memory(series: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-bench-'))
  const random = seeded(3)
  const store = newStore(folder)
  const ids = Uint32Array.from({ length: series }, (_, i) => store.resolve(define(i)))
  globalThis.gc?.()
  const before = process.memoryUsage()
  const values = Float64Array.from({ length: series }, () => Math.round(random() * 1e4) / 100)
  const builder = new SampleBuilder()
  const next = DATA['gauge of 2 decimals']!(random)
  for (let i = 0; i < 5 * ROUNDS; i++) {
    for (let s = 0; s < series; s++) values[s] = next(values[s]!)
    round(store, ids, values, builder, START_MS + i * STEP_MS)
  }
  globalThis.gc?.()
  const after = process.memoryUsage()
  const { fixed, sealed, cached } = store.memory
  report({
    bench: 'store',
    figure: 'memory',
    series,
    bytes_a_series: fixed / series,
    growing_bytes_a_series: sealed / series,
    cached_bytes_a_series: cached / series,
    rss_a_series: (after.rss - before.rss) / series,
  })
  const saved: number[] = []
  for (let i = 0; i < 5; i++) {
    const started = cpu()
    store.save()
    saved.push((cpu() - started) / 1e6)
  }
  const snapshot = store.save().slice()
  await store.durable()
  const again = newStore(folder)
  const started = cpu()
  again.load(snapshot)
  const load_ms = (cpu() - started) / 1e6
  report({
    bench: 'store',
    figure: 'snapshot',
    series,
    first_save_ms: saved[0],
    save_ms: median(saved),
    load_ms,
    bytes: snapshot.length,
  })
  store.close()
  again.close()
  rmSync(folder, { recursive: true })
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      series: { type: 'string', multiple: true, default: ['10000', '100000', '1000000'] },
      one: { type: 'string' },
    },
  })
  const { one } = values
  if (one === undefined) {
    const sizes = values.series
    const appends = sizes.flatMap((series) => ORDERS.map((order) => `append ${order} ${series}`))
    for (const part of ['seal', ...appends, ...sizes.map((series) => `memory ${series}`)]) {
      const command = [
        '--expose-gc',
        '--max-old-space-size=8192',
        join(import.meta.dirname, 'run.ts'),
        'store',
        '--one',
        part,
      ]
      spawnSync(process.execPath, command, { stdio: 'inherit' })
    }
    return
  }
  const [what, ...rest] = one.split(' ')
  if (what === 'seal') seal()
  else if (what === 'append') append(rest[0] as Order, Number(rest[1]))
  else await memory(Number(rest[0]))
}
