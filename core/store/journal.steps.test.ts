// A long record is put together and written in steps; it comes back whole, or, where the process ends between two of them, not at all.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { ManualClock } from '../clock.ts'
import { silentLog } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels } from '../series.ts'
import type { LogRecord } from '../signal.ts'
import { JournalSeries } from './journal-series.ts'
import { Journal } from './journal.ts'
import type { SignalsEntry } from './record-codec.ts'
import { write } from './segment-writer.ts'
import { Store } from './store.ts'

const COUNT = 10_000
const WIDTH = 32
const LIMITS = { series: 2 * COUNT, series_per_metric: 2 * COUNT }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-steps-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const newStore = (): Store => new Store({ limits: LIMITS, analysis_ms: () => undefined, meter: silentMeter })

/** As many floats, histograms and log records, of series that are new. */
function entryOf(store: Store): SignalsEntry {
  const builder = new SampleBuilder()
  const about = { type: 'gauge', unit: '', help: '' } as const
  const bounds = Float64Array.from({ length: WIDTH - 1 }, (_, i) => i)
  const buckets = Array.from({ length: WIDTH }, (_, i) => i + 0.5)
  for (let i = 0; i < COUNT; i++) {
    const labels = Labels.of({ __name__: 'level', id: String(i) })
    builder.float(store.resolve({ ...about, kind: 'float', labels, bounds: new Float64Array(0) }), 1000, i)
    const series = store.resolve({ ...about, kind: 'histogram', labels: labels.with('__name__', 'wide'), bounds })
    builder.histogram({ series, time_ms: 1000, sum: i, count: 512, buckets, stale: false })
  }
  const record = {
    time_ms: 1000,
    labels: Labels.of({ service_name: 'shop' }),
    level: 'info',
    trace_id: '',
    span_id: '',
  }
  const logs = Array.from({ length: COUNT }, (_, i): LogRecord => ({ ...record, level: 'info', body: `line ${i}` }))
  return { kind: 'signals', samples: builder.batch(), logs, spans: [] }
}

function journal(store: Store, written: number[] = []): Journal {
  return new Journal({
    folder,
    series: new JournalSeries(store),
    clock: new ManualClock(),
    log: silentLog,
    meter: silentMeter,
    write(fd, bytes, offset, length, position) {
      written.push(length)
      return write(fd, bytes, offset, length, position)
    },
  })
}

/** How many samples, buckets and lines come back. */
function readBack(): readonly number[][] {
  return Array.from(journal(newStore()).read(0), (entry) => {
    if (entry.kind !== 'signals') return []
    const { floats, histograms } = entry.samples
    return [floats.length, histograms.length, histograms.buckets.length, entry.logs.length]
  })
}

test('it comes back whole; no step writes much of it', () => {
  const written: number[] = []
  const store = newStore()
  const opened = journal(store, written)
  let steps = 1
  const appending = opened.appending(entryOf(store))
  while (appending.next().done !== true) steps++
  opened.close()
  expect(steps).toBeGreaterThan(COUNT / 256)
  expect(Math.max(...written)).toBeLessThanOrEqual(2 ** 21)
  expect(readBack()).toEqual([[COUNT, COUNT, COUNT * WIDTH, COUNT]])
})

test('no step moves much of what others have written', () => {
  const store = newStore()
  const builder = new SampleBuilder()
  const about = { type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) } as const
  for (let i = 0; i < 2 * COUNT; i++) {
    const labels = Labels.of({ __name__: 'level', path: `/some/where/far/behind/the/first/of/them/${i}` })
    builder.float(store.resolve({ ...about, labels }), 1000, i)
  }
  const entry: SignalsEntry = { kind: 'signals', samples: builder.batch(), logs: [], spans: [] }
  const copied = vi.spyOn(Uint8Array.prototype, 'set')
  const steps = journal(store).appending(entry)
  for (let done: boolean | undefined = false; done !== true;) done = steps.next().done
  const most = Math.max(...copied.mock.calls.map(([bytes]) => bytes.length))
  vi.restoreAllMocks()
  // Of the definitions, which take 1.5 MiB: the column of values is as long as this.
  expect(most).toBeLessThan(2 ** 18)
})

test('what was half written is cut off, and what comes next is read', () => {
  const written: number[] = []
  const store = newStore()
  const appending = journal(store, written).appending(entryOf(store))
  // The header of the segment is written first.
  while (written.length < 2) appending.next()
  expect(readBack()).toEqual([])
  const again = journal(newStore())
  again.append({ kind: 'tick', time_ms: 1 })
  again.close()
  expect(readBack()).toEqual([[]])
})
