// What the journal costs on the data thread, and how fast it is read: npm run bench -- journal [--series=100000] [--rounds=20]
// CPU time of the process: write, checksum, `write(2)` into the page cache; reading alone, and into a store.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { systemClock } from '#core/clock.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels } from '#core/series.ts'
import { JournalSeries } from '#core/store/journal-series.ts'
import { Journal } from '#core/store/journal.ts'
import type { SignalsEntry } from '#core/store/record-codec.ts'
import { SampleColumns } from '#core/store/sample-columns.ts'
import { readSegment, segmentFile } from '#core/store/segment.ts'
import { Store } from '#core/store/store.ts'

import { median, report } from './measure.ts'

interface Case {
  readonly points: number
  /** In blocks in the order of the series, or each body across all of them. */
  readonly order: 'blocks' | 'shuffled'
  /** Distinct times of a body, in turn. */
  readonly times: number
}

const CASES: readonly Case[] = [
  { points: 2000, order: 'blocks', times: 1 },
  { points: 2000, order: 'shuffled', times: 1 },
  { points: 2000, order: 'blocks', times: 11 },
  { points: 170, order: 'blocks', times: 1 },
]

function newStore(series: number): Store {
  const limits = { series: series * 2, series_per_metric: series * 2 }
  const store = new Store({ limits, analysis_ms: () => undefined, meter: silentMeter })
  for (let i = 0; i < series; i++) {
    const labels = Labels.of({ __name__: `m_${i % 50}`, service_name: `s-${i % 997}`, pod: `p-${i}` })
    store.resolve({ labels, type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) })
  }
  return store
}

/** One round: every series once. In a shuffled one the order is another each time. */
function bodiesOf({ points, order, times }: Case, series: number, round: number): SignalsEntry[] {
  const random = seeded(round + 1)
  const ids = Uint32Array.from({ length: series }, (_, i) => i)
  if (order === 'shuffled') {
    for (let i = series - 1; i > 0; i--) {
      const k = Math.floor(random() * (i + 1))
      const id = ids[i]!
      ids[i] = ids[k]!
      ids[k] = id
    }
  }
  const bodies: SignalsEntry[] = []
  for (let from = 0; from < series; from += points) {
    const builder = new SampleBuilder()
    for (let i = from; i < Math.min(series, from + points); i++) {
      builder.float(ids[i]!, 1.7e12 + round * 15_000 + (i % times) * 1000, random() * 100)
    }
    bodies.push({ kind: 'signals', samples: builder.batch(), logs: [], spans: [] })
  }
  return bodies
}

function cpuOf(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}

async function measured(what: Case, series: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'barograph-bench-'))
  try {
    const numbers = new JournalSeries(newStore(series))
    const options = { folder, clock: systemClock, log: silentLog, meter: silentMeter }
    const journal = new Journal({ ...options, series: numbers })
    // What is measured is written over as much, as in a process that has run for a while.
    for (let round = 0; round <= rounds; round++) for (const body of bodiesOf(what, series, 0)) journal.append(body)
    await journal.dropBefore(journal.rotate())
    const segment = journal.rotate()
    const saved = numbers.save().slice()
    const costs: number[] = []
    for (let round = 1; round <= rounds; round++) {
      const bodies = bodiesOf(what, series, round)
      const ns = cpuOf(() => {
        for (const body of bodies) journal.append(body)
      })
      costs.push(ns / series)
      await setImmediate()
    }
    const bytes_per_point = journal.bytes / (rounds * series)
    journal.close()
    const bytes = readFileSync(join(folder, segmentFile(segment)))
    const read = (store: Store, append: boolean): number => {
      const numbersRead = new JournalSeries(store)
      numbersRead.load(saved)
      const context = { series: numbersRead, columns: new SampleColumns() }
      const ns = cpuOf(() => {
        const fail = (): never => {
          throw new Error('the journal is damaged')
        }
        for (const entry of readSegment(bytes, segment, context, fail)) {
          if (append && entry.kind === 'signals') store.append(entry.samples)
        }
      })
      return ns / (rounds * series)
    }
    const write_ns = median(costs)
    const read_ns = read(newStore(series), false)
    const replay_ns = read(newStore(series), true)
    const figures = { write_ns, read_ns, replay_ns, bytes_per_point, replayed_per_s: 1e9 / replay_ns }
    const shown = Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(3))])
    report({ bench: 'journal', ...what, series, ...Object.fromEntries(shown) })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { series: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '20' } },
  })
  for (const what of CASES) await measured(what, Number(values.series), Number(values.rounds))
}
