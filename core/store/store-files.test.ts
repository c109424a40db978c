// The store over files: what was sealed is read back from disk, survives restarts and crashes, and goes by whole files.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Log } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import type { StoreLimits } from './limits.ts'
import { Store } from './store.ts'

const ALL = { from_ms: -Infinity, to_ms: Infinity }
const STEP_MS = 10_000
const HOUR = 3_600_000

let folder: string
let told: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-store-'))
  told = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const tell = (message: string): void => void told.push(message)
const log: Log = { debug: tell, info: tell, warn: tell, error: tell }

function storeIn(limits: Partial<StoreLimits> = {}): Store {
  return new Store({ limits, analysis_ms: () => undefined, meter: silentMeter, log, folder })
}

const gauge = (name: string): SeriesDefinition => {
  return {
    labels: Labels.of({ __name__: name }),
    type: 'gauge',
    unit: '',
    help: '',
    kind: 'float',
    bounds: new Float64Array(0),
  }
}

/** Samples of these numbers. */
function write(store: Store, name: string, from: number, to: number): void {
  const id = store.resolve(gauge(name))
  for (let at = from; at < to; at += 500) {
    const builder = new SampleBuilder()
    for (let i = at; i < Math.min(to, at + 500); i++) builder.float(id, i * STEP_MS, Math.sin(i))
    store.append(builder.batch())
  }
}

function numbersOf(store: Store, name: string): number[] {
  const [slice] = store.select([{ name: '__name__', op: '=', value: name }], ALL)
  if (slice === undefined) return []
  const numbers = Array.from(slice.time_ms, (time_ms) => time_ms / STEP_MS)
  expect([...slice.value]).toEqual(numbers.map((n) => Math.sin(n)))
  return numbers
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
const chunkFiles = (): string[] => readdirSync(join(folder, 'chunks'))

async function checkpoint(store: Store): Promise<Uint8Array> {
  const saved = store.save().slice()
  await store.durable()
  store.placed()
  return saved
}

function loaded(saved: Uint8Array, limits: Partial<StoreLimits> = {}): Store {
  const store = storeIn(limits)
  store.load(saved)
  return store
}

test('samples are read from files, whatever memory there is for them', async () => {
  for (const cache_bytes of [1, 50_000, 2 ** 28]) {
    const store = storeIn({ cache_bytes })
    write(store, 'x', 0, 5000)
    expect(numbersOf(store, 'x')).toEqual(numbers(0, 5000))
    const again = loaded(await checkpoint(store), { cache_bytes })
    write(again, 'x', 5000, 6000)
    expect(numbersOf(again, 'x')).toEqual(numbers(0, 6000))
    store.close()
    again.close()
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
  }
  expect(told).toEqual([])
})

describe('after a crash', () => {
  test('the journal repeats what came behind the checkpoint, and nothing is there twice', async () => {
    const store = storeIn({ cache_bytes: 100_000 })
    write(store, 'x', 0, 10_000)
    const saved = await checkpoint(store)
    write(store, 'x', 10_000, 20_000)
    store.close()
    const again = loaded(saved, { cache_bytes: 100_000 })
    expect(numbersOf(again, 'x')).toEqual(numbers(0, 10_000))
    write(again, 'x', 10_000, 20_000)
    expect(numbersOf(again, 'x')).toEqual(numbers(0, 20_000))
    const once_more = loaded(await checkpoint(again))
    expect(numbersOf(once_more, 'x')).toEqual(numbers(0, 20_000))
    const late = new SampleBuilder()
    for (let i = 19_990; i < 20_000; i++) late.float(once_more.resolve(gauge('x')), i * STEP_MS, Math.sin(i))
    expect(once_more.append(late.batch()).counts.duplicate).toBe(10)
    again.close()
    once_more.close()
  })

  test('without any checkpoint, files of the life before are deleted when the first is made', async () => {
    const store = storeIn({ cache_bytes: 100_000 })
    write(store, 'x', 0, 10_000)
    store.close()
    const before = chunkFiles()
    const again = storeIn({ cache_bytes: 100_000 })
    write(again, 'x', 0, 10_000)
    await checkpoint(again)
    expect(chunkFiles().filter((file) => before.includes(file))).toEqual([])
    expect(numbersOf(again, 'x')).toEqual(numbers(0, 10_000))
    again.close()
  })
})

test('damage in a file costs the chunks that it hit; all others answer', async () => {
  const store = storeIn()
  write(store, 'x', 0, 30_000)
  write(store, 'y', 0, 30_000)
  const saved = await checkpoint(store)
  store.close()
  for (const file of chunkFiles()) {
    const path = join(folder, 'chunks', file)
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 0x10
    writeFileSync(path, bytes)
    truncateSync(path, bytes.length - 10)
  }
  const again = loaded(saved)
  const left = numbersOf(again, 'x').length + numbersOf(again, 'y').length
  expect(left).toBeLessThan(60_000)
  // Old chunks hold thousands of samples each, and each file had damage in two places.
  expect(left).toBeGreaterThan(30_000)
  const lines = told.filter((line) => line === 'Stored samples are damaged and left out.')
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.length).toBeLessThanOrEqual(chunkFiles().length)
  write(again, 'x', 30_000, 31_000)
  expect(numbersOf(again, 'x').slice(-1000)).toEqual(numbers(30_000, 31_000))
  again.close()
})

test('small chunks are joined, and what they leave behind goes when no checkpoint needs it', async () => {
  const limits = { cache_bytes: 2000, retention_ms: Infinity }
  const store = storeIn(limits)
  let saved = await checkpoint(store)
  for (let at = 0; at < 60_000; at += 5000) {
    write(store, 'x', at, at + 5000)
    const before = saved
    saved = await checkpoint(store)
    if (at !== 30_000) continue
    // The checkpoint before this one can still be read, should this one be damaged.
    const copy = join(folder, 'copy')
    for (const part of ['chunks', 'rollups']) cpSync(join(folder, part), join(copy, part), { recursive: true })
    const older = new Store({ limits, analysis_ms: () => undefined, meter: silentMeter, log, folder: copy })
    older.load(before)
    expect(numbersOf(older, 'x')).toEqual(numbers(0, at))
    older.close()
  }
  const sizes = chunkFiles().map((file) => statSync(join(folder, 'chunks', file)).size)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60_000 * 8.5 * 1.3)
  const again = loaded(saved, limits)
  expect(numbersOf(again, 'x')).toEqual(numbers(0, 60_000))
  expect(told).toEqual([])
  store.close()
  again.close()
})

test('by age, whole files go, and what lay in them', () => {
  const store = storeIn({ retention_ms: 24 * HOUR, cache_bytes: 100_000 })
  write(store, 'gone', 0, 100)
  write(store, 'x', 0, 30_000)
  const left = numbersOf(store, 'x')
  // A sweep is due every five minutes; what is older than the newest hours of retention may stay as long as its chunk.
  expect(left.at(-1)).toBe(29_999)
  expect(left[0]).toBeGreaterThan(30_000 - 8640 - 700)
  expect(left[0]).toBeLessThanOrEqual(30_000 - 8640)
  expect(numbersOf(store, 'gone')).toEqual([])
  expect(store.labelSets([]).map(String)).toEqual(['x'])
  expect(chunkFiles().length).toBeLessThan(40)
  store.close()
})

test('by bytes, the oldest files go', () => {
  const store = storeIn({ bytes: 200_000, cache_bytes: 100_000, retention_ms: Infinity })
  write(store, 'x', 0, 60_000)
  expect(store.bytes).toBeLessThanOrEqual(200_000)
  const sizes = chunkFiles().map((file) => statSync(join(folder, 'chunks', file)).size)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(200_000)
  const left = numbersOf(store, 'x')
  expect(left).toEqual(numbers(left[0]!, 60_000))
  expect(left.length).toBeGreaterThan(10_000)
  store.close()
})

test('a series that is silent for an hour leaves memory, its history stays, and it may go on', async () => {
  const store = storeIn()
  const constants = new SampleBuilder()
  const ids = numbers(0, 200).map((n) => store.resolve(gauge(`quiet${n}`)))
  for (const i of numbers(0, 40)) for (const id of ids) constants.float(id, i * STEP_MS, 7)
  store.append(constants.batch())
  const before = store.bytes
  expect(before).toBeGreaterThan(200 * 300)
  write(store, 'x', 40, 1000)
  expect(store.bytes - 960 * 9).toBeLessThan(before / 2)
  const again = loaded(await checkpoint(store))
  const more = new SampleBuilder()
  more.float(ids[7]!, 1000 * STEP_MS, 8)
  again.append(more.batch())
  const [slice] = again.select([{ name: '__name__', op: '=', value: 'quiet7' }], ALL)
  expect([...slice!.time_ms]).toEqual([...numbers(0, 40), 1000].map((i) => i * STEP_MS))
  expect([...slice!.value]).toEqual([...numbers(0, 40).map(() => 7), 8])
  store.close()
  again.close()
})

test('when the disk takes nothing, samples are kept as far as memory goes, then refused, and all is well when it does again', async () => {
  const store = storeIn({ cache_bytes: 200_000 })
  for (let n = 1; n < 500; n++) mkdirSync(join(folder, 'chunks', `${String(n).padStart(8, '0')}.chunk`))
  let written = 0
  const fill = (): void => {
    for (; written < 200_000; written += 500) write(store, 'x', written, written + 500)
  }
  expect(fill).toThrow(expect.objectContaining({ code: 'unavailable' }))
  expect(written).toBeGreaterThan(4000)
  expect(written).toBeLessThan(100_000)
  expect(numbersOf(store, 'x')).toEqual(numbers(0, written))
  expect(() => store.save()).toThrow(expect.objectContaining({ code: 'unavailable' }))
  expect(told).toEqual(['Sealed samples cannot be written and stay in memory; is the disk full?'])
  for (const file of chunkFiles()) rmSync(join(folder, 'chunks', file), { recursive: true })
  const again = loaded(await checkpoint(store))
  expect(numbersOf(again, 'x')).toEqual(numbers(0, written))
  write(store, 'x', written, written + 1000)
  expect(numbersOf(store, 'x')).toEqual(numbers(0, written + 1000))
  store.close()
  again.close()
})
