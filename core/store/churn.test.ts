// Series that end leave memory, and whoever kept their ids learns of it in time.
import { describe, expect, test, vi } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import { ReportingWriter } from '../reporting-writer.ts'
import { type SampleBatch, SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '../series.ts'
import { atOnce } from '../steps.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { IN_FLIGHT } from './ended-series.ts'
import { JournalSeries } from './journal-series.ts'
import { STORE_LIMITS } from './limits.ts'
import { SampleColumns } from './sample-columns.ts'
import { SampleTable } from './sample-table.ts'
import { SeriesTable } from './series-table.ts'
import { Store } from './store.ts'

const DAY_MS = 86_400_000

function gauge(name: string, labels: Record<string, string> = {}): SeriesDefinition {
  const all = Labels.of({ ...labels, __name__: name })
  return { labels: all, type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) }
}

/** A store of one day, and a clock of its own. */
function dayStore(): {
  store: Store
  write: (definition: SeriesDefinition, time_ms: number) => SeriesId
  at: (now_ms: number) => void
} {
  let now_ms = 0
  const store = new Store({ limits: { retention_ms: DAY_MS }, analysis_ms: () => now_ms, meter: silentMeter })
  const write = (definition: SeriesDefinition, time_ms: number): SeriesId => {
    const id = store.resolve(definition)
    const builder = new SampleBuilder()
    builder.float(id, time_ms, 1)
    store.append(builder.batch())
    return id
  }
  return { store, write, at: (time_ms) => (now_ms = time_ms) }
}

describe('a series that has ended', () => {
  test('is the same when it comes back soon', () => {
    const { store, write, at } = dayStore()
    const id = write(gauge('x'), 0)
    write(gauge('other'), 0)
    at(2 * DAY_MS)
    write(gauge('other'), 2 * DAY_MS)
    expect(store.isLive(id)).toBe(false)
    expect(write(gauge('x'), 2 * DAY_MS)).toBe(id)
    expect(store.isLive(id)).toBe(true)
  })

  test('is gone a while later, told, and another one when it comes back', () => {
    const { store, write, at } = dayStore()
    const gone: SeriesId[] = []
    store.onRemoved((ids) => gone.push(...ids))
    const id = write(gauge('x'), 0)
    const { generation } = store
    let told = Infinity
    for (let i = 0; i <= IN_FLIGHT * 2; i++) {
      at(2 * DAY_MS + i)
      write(gauge('other'), 2 * DAY_MS + i)
      if (store.generation !== generation) told = Math.min(told, i)
      // Who decoded a request before that was told could still store it.
      if (!(i >= told + IN_FLIGHT)) expect(store.definition(id).labels.name).toBe('x')
    }
    expect(store.generation).toBe(generation + 1)
    expect(gone).toEqual([id])
    expect(() => store.definition(id)).toThrow(/^BUG/)
    expect(store.metadata().map(({ name }) => name)).toEqual(['other'])
    expect(store.labelSets([]).map(String)).toEqual(['other'])
    expect(write(gauge('x'), 3 * DAY_MS)).not.toBe(id)
  })

  test.each(['before any was listed', 'when some were'])('is left out of a list that is being read: %s', (when) => {
    const { store, write, at } = dayStore()
    // More than are listed between two turns of others.
    for (let i = 0; i < 1000; i++) write(gauge('x', { i: String(1000 + i) }), 0)
    const list = store.listing([])
    let first = list.next().value!
    // Before that, they are put in order.
    expect(first).toEqual([])
    if (when === 'when some were') {
      while (first.length === 0) first = list.next().value!
      expect(first[0]!.get('i')).toBe('1000')
    }
    for (let i = 0; i <= IN_FLIGHT * 2; i++) {
      at(2 * DAY_MS + i)
      write(gauge('other'), 2 * DAY_MS + i)
    }
    expect(Array.from(list).flat()).toEqual([])
  })

  test('with very many others leaves in steps, and readers see those that are not gone', () => {
    const { store, at, write } = dayStore()
    const series = Array.from({ length: 5000 }, (_, i) => store.resolve(gauge('x', { i: String(i) })))
    const batchAt = (time_ms: number): SampleBatch => {
      const builder = new SampleBuilder()
      for (const id of series) builder.float(id, time_ms, 1)
      return builder.batch()
    }
    store.append(batchAt(0))
    const gone: number[] = []
    store.onRemoved((ids) => gone.push(ids.length))
    for (let i = 0; i <= IN_FLIGHT * 2 + 2; i++) {
      at(2 * DAY_MS + i)
      const builder = new SampleBuilder()
      builder.float(store.resolve(gauge('other')), 2 * DAY_MS + i, 1)
      for (const _ of store.appending(builder.batch())) {
        expect(store.labelSets([]).map(String)).toContain('other')
      }
    }
    expect(gone.reduce((sum, count) => sum + count, 0)).toBe(5000)
    expect(Math.max(...gone)).toBeLessThanOrEqual(1024)
    expect(store.labelSets([]).map(String)).toEqual(['other'])
    expect(write(gauge('x', { i: '0' }), 3 * DAY_MS)).toBeGreaterThan(5000)
  })

  test('with very many others is swept in steps, as their samples are stored and sealed', () => {
    const { store, at } = dayStore()
    const series = Array.from({ length: 20_000 }, (_, i) => store.resolve(gauge('x', { i: String(i) })))
    const seal = vi.spyOn(SampleTable.prototype, 'seal')
    const drop = vi.spyOn(SampleTable.prototype, 'dropBefore')
    let [sealed, dropped] = [0, 0]
    const append = (ids: readonly SeriesId[], time_ms: number): void => {
      at(time_ms)
      const builder = new SampleBuilder()
      for (const id of ids) builder.float(id, time_ms, 1)
      const steps = store.appending(builder.batch())
      for (let done: boolean | undefined = false; done !== true;) {
        seal.mockClear()
        drop.mockClear()
        done = steps.next().done
        sealed = Math.max(sealed, seal.mock.calls.length)
        dropped = Math.max(dropped, drop.mock.calls.length)
      }
    }
    for (let i = 0; i < 40; i++) append(series, i * 1000)
    for (let i = 0; i < 20; i++) append([store.resolve(gauge('other'))], 2 * DAY_MS + i)
    vi.restoreAllMocks()
    expect(store.labelSets([]).map(String)).toEqual(['other'])
    expect(sealed).toBeGreaterThan(0)
    expect(sealed).toBeLessThanOrEqual(8192)
    expect(dropped).toBeGreaterThan(0)
    expect(dropped).toBeLessThanOrEqual(128)
  })

  test('is told of by a writer that stands before the store, too', () => {
    const { store, write, at } = dayStore()
    const gone: SeriesId[] = []
    const writer = new ReportingWriter(store, { stored() {} }, 'derived')
    writer.onRemoved((ids) => gone.push(...ids))
    const { generation } = writer
    const id = write(gauge('x'), 0)
    for (let i = 0; i <= IN_FLIGHT * 2; i++) {
      at(2 * DAY_MS + i)
      write(gauge('other'), 2 * DAY_MS + i)
      expect(writer.isLive(id)).toBe(false)
    }
    expect(writer.generation).not.toBe(generation)
    expect(gone).toEqual([id])
  })

  test('leaves its id unused over a restart', () => {
    const { store, write, at } = dayStore()
    write(gauge('x'), 0)
    for (let i = 0; i <= IN_FLIGHT * 2; i++) {
      at(2 * DAY_MS + i)
      write(gauge('other'), 2 * DAY_MS + i)
    }
    const other = store.resolve(gauge('other'))
    const saved = store.save().slice()
    const again = dayStore().store
    again.load(saved)
    expect(again.save()).toEqual(saved)
    expect(again.resolve(gauge('other'))).toBe(other)
    expect(again.resolve(gauge('x'))).toBe(other + 1)
  })

  test('is resolved again by who reads the journal', () => {
    const { store, write, at } = dayStore()
    const writing = dayStore()
    const written = new JournalSeries(writing.store)
    const read = new JournalSeries(store)
    const columns = new SampleColumns()
    /** Written by one process, read by another. */
    const pass = (definition: SeriesDefinition, time_ms: number): void => {
      const builder = new SampleBuilder()
      builder.float(writing.store.resolve(definition), time_ms, 1)
      const record = new ByteWriter()
      atOnce(columns.write(builder.batch(), record, written))
      written.commit()
      store.append(columns.read(new ByteReader(record.view()), read))
    }
    pass(gauge('x'), 0)
    for (let i = 0; i <= IN_FLIGHT * 4; i++) {
      at(2 * DAY_MS + i)
      pass(gauge('other'), 2 * DAY_MS + i)
    }
    pass(gauge('x'), 2 * DAY_MS)
    expect(read.lost).toBe(0)
    expect(store.extent([{ name: '__name__', op: '=', value: 'x' }])?.to_ms).toBe(2 * DAY_MS)
    expect(write(gauge('x'), 2 * DAY_MS + 1)).toBe(store.resolve(gauge('x')))
  })
})

test('what is kept of samples, and written of them, does not grow with the series that have been, a restart between or not', () => {
  let now_ms = 0
  const make = (): Store =>
    new Store({ limits: { retention_ms: DAY_MS }, analysis_ms: () => now_ms, meter: silentMeter })
  let store = make()
  const stays = gauge('stays')
  const write = (definitions: readonly SeriesDefinition[]): void => {
    const builder = new SampleBuilder()
    for (const definition of definitions) builder.float(store.resolve(definition), now_ms, now_ms)
    store.append(builder.batch())
  }
  const wave = (number: number): void => {
    const pods = Array.from({ length: 4000 }, (_, i) => gauge(`m${i % 20}`, { pod: `pod-${number}-${i}` }))
    for (let sample = 0; sample < 8; sample++, now_ms += 60_000) write([...pods, stays])
    now_ms += 2 * DAY_MS
    for (let i = 0; i <= IN_FLIGHT * 3; i++, now_ms += 1000) write([stays])
  }
  const fixed: number[] = []
  const sizes: number[] = []
  for (let number = 0; number < 7; number++) {
    wave(number)
    fixed.push(store.memory.fixed)
    const saved = store.save().slice()
    sizes.push(saved.length)
    if (number !== 3) continue
    store = make()
    store.load(saved)
    expect(Buffer.compare(store.save(), saved)).toBe(0)
  }
  for (const [first = 0, ...more] of [fixed.slice(1), sizes.slice(1)]) {
    expect(Math.max(...more)).toBeLessThanOrEqual(first * 1.01)
  }
  expect(store.labelSets([]).map(String)).toEqual(['stays'])
  expect(store.extent([{ name: '__name__', op: '=', value: 'stays' }])?.to_ms).toBe(now_ms - 1000)
})

test('memory does not grow with the series that have been', () => {
  const table = new SeriesTable(STORE_LIMITS, { add() {} })
  const round = (number: number): void => {
    const ids = Array.from({ length: 1000 }, (_, i) => {
      return table.add(gauge(`m${i % 20}`, { pod: `pod-${number}-${i % 100}`, i: String(i), zone: 'a' }))
    })
    for (const id of ids) table.retire(id)
    for (let i = 0; i <= IN_FLIGHT * 2; i++) Array.from(table.settling())
  }
  for (let i = 0; i < 3; i++) round(i)
  const { bytes } = table
  for (let i = 3; i < 20; i++) round(i)
  expect(table.length).toBe(20_000)
  expect(table.known).toBe(0)
  // A page of ids that are gone is a pointer.
  expect(table.bytes).toBeLessThanOrEqual(bytes + 20_000 / 16)
})

test('a flood of new series is refused without a trace', () => {
  let refused = 0
  const table = new SeriesTable({ ...STORE_LIMITS, series: 10 }, { add: (n) => (refused += n) })
  for (let i = 0; i < 10; i++) table.add(gauge('x', { i: String(i) }))
  const before = { ...table.held, bytes: table.bytes }
  const errors = new Set<unknown>()
  for (let i = 0; i < 10_000; i++) {
    try {
      table.add(gauge('x', { i: `new ${i}` }))
    } catch (error) {
      errors.add(error)
    }
  }
  expect(refused).toBe(10_000)
  expect([...errors].map(String)).toEqual(['ServiceError: there are too many series: limits.series is 10'])
  expect({ ...table.held, bytes: table.bytes }).toEqual(before)
})
