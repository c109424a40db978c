import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import { Blocks } from './blocks.ts'
import { ChunkFiles } from './chunk-files.ts'
import { ChunkLists, type ChunkListsOptions } from './chunk-lists.ts'
import { NONE } from './chunk-table.ts'
import { SampleBuffer } from './sample-buffer.ts'

const ALL = { from_ms: -Infinity, to_ms: Infinity }
const CHUNK = 96

function samplesFrom(first: number, count: number): SampleBuffer {
  const samples = new SampleBuffer()
  samples.reset(1)
  samples.reserve(count)
  for (let i = 0; i < count; i++) {
    samples.time_ms[i] = (first + i) * 1000
    samples.columns[0]![i] = first + i
    samples.stale[i] = 0
  }
  samples.length = count
  return samples
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-lists-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function listsWith(options: Partial<ChunkListsOptions> = {}): ChunkLists {
  const tell = (): void => undefined
  const log = { debug: tell, info: tell, warn: tell, error: tell }
  const files = new ChunkFiles({ folder, file_bytes: 1e6, span_ms: Infinity, cache_bytes: 0, meter: silentMeter, log })
  return new ChunkLists(
    {
      blocks: new Blocks(),
      files,
      columns: () => 1,
      open_bytes: 1e6,
      least_samples: 24,
      chunk_samples: CHUNK,
      span_ms: Infinity,
      ...options,
    },
    new SampleBuffer(),
  )
}

function valuesOf(lists: ChunkLists, row: number): number[] {
  const read = new SampleBuffer()
  read.reset(1)
  lists.read(row, ALL, [0], read)
  return Array.from(read.columns[0]!.subarray(0, read.length))
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i)

test('what has the length of a chunk at once goes to a file, what is shorter grows in memory', () => {
  const lists = listsWith()
  lists.add()
  lists.append(0, samplesFrom(0, CHUNK * 3), 0, CHUNK * 3)
  expect([lists.hasOpen(0), lists.bytes]).toEqual([false, 0])
  lists.append(0, samplesFrom(CHUNK * 3, 5), 0, 5)
  expect(lists.hasOpen(0)).toBe(true)
  expect(valuesOf(lists, 0)).toEqual(upTo(CHUNK * 3 + 5))
})

test.each([0, 24])('growing chunks keep to their memory, but for %i samples of each row', (least_samples) => {
  const rows = 200
  const open_bytes = 10_000
  const lists = listsWith({ open_bytes, least_samples })
  for (let row = 0; row < rows; row++) lists.add()
  let most = 0
  for (let from = 0; from < CHUNK * 4; from += 8) {
    for (let row = 0; row < rows; row++) {
      lists.append(row, samplesFrom(from, 8), 0, 8)
      most = Math.max(most, lists.bytes)
    }
  }
  // A piece of eight takes 40 bytes with its head.
  expect(most).toBeLessThan(open_bytes + rows * (least_samples / 8) * 40 + 100)
  expect(most).toBeGreaterThan(open_bytes / 2)
  for (const row of [0, 7, 199]) expect(valuesOf(lists, row)).toEqual(upTo(CHUNK * 4))
})

test('short pieces become one where somebody asks for it, and what he leaves of them is kept', () => {
  const evenOnly = (samples: SampleBuffer): void => {
    let kept = 0
    for (let i = 0; i < samples.length; i++) {
      if (samples.columns[0]![i]! % 2 === 1) continue
      samples.time_ms[kept] = samples.time_ms[i]!
      samples.columns[0]![kept++] = samples.columns[0]![i]!
    }
    samples.length = kept
  }
  const plain = listsWith()
  const merging = listsWith({ merged: evenOnly })
  // The first chunk of a row is short for its number: this one has nearly the usual length.
  for (const lists of [plain, merging]) for (let row = 0; row < 16; row++) lists.add()
  for (let from = 0; from < 40; from += 2)
    for (const lists of [plain, merging]) lists.append(15, samplesFrom(from, 2), 0, 2)
  expect(valuesOf(plain, 15)).toEqual(upTo(40))
  // At most three pieces of two wait for a fourth.
  const left = upTo(40).filter((n) => n % 2 === 0 || n >= 34)
  expect(left).toEqual(expect.arrayContaining(valuesOf(merging, 15)))
  expect(valuesOf(merging, 15)).toEqual(expect.arrayContaining(upTo(40).filter((n) => n % 2 === 0)))
  expect(merging.bytes).toBeLessThan(plain.bytes / 2)
  const before = valuesOf(merging, 15)
  merging.close(15)
  expect([merging.bytes, merging.hasOpen(15)]).toEqual([0, false])
  expect(valuesOf(merging, 15)).toEqual(before)
})

function chunksOf(lists: ChunkLists, row: number): number {
  let chunks = 0
  for (let chunk = lists.first(row); chunk !== NONE; chunk = lists.table.next(chunk)) chunks++
  return chunks
}

test('a row has a few chunks of each size, however long it goes on, and each part of it is read as it came', () => {
  const lists = listsWith()
  lists.add()
  const count = CHUNK * 1500
  const most: number[] = []
  for (let from = 0; from < count; from += CHUNK) {
    lists.append(0, samplesFrom(from, CHUNK), 0, CHUNK)
    most.push(chunksOf(lists, 0))
  }
  // Three of each of four sizes, and those that are as large as they get.
  expect(Math.max(...most)).toBeLessThan(3 * 4 + count / (CHUNK * 4 ** 4))
  expect(valuesOf(lists, 0)).toEqual(upTo(count))
  for (const [from, to] of [
    [0, 0],
    [5, 2000],
    [CHUNK * 64 - 3, CHUNK * 64 + 3],
    [70_001, 70_001],
    [count - 9, count],
  ] as const) {
    const read = new SampleBuffer()
    read.reset(1)
    lists.read(0, { from_ms: from * 1000, to_ms: to * 1000 }, [0], read)
    const inside = Array.from(read.columns[0]!.subarray(0, read.length)).filter((value) => value >= from && value <= to)
    expect(inside).toEqual(upTo(Math.min(to + 1, count)).slice(from))
    // Not much beside what was asked for.
    expect(read.length).toBeLessThan(to - from + CHUNK * 10)
  }
})

test('no chunk lasts longer than a file may, and what fits into that becomes one', () => {
  const span_ms = CHUNK * 5 * 1000
  const lists = listsWith({ span_ms })
  lists.add()
  const count = CHUNK * 200
  for (let from = 0; from < count; from += CHUNK) lists.append(0, samplesFrom(from, CHUNK), 0, CHUNK)
  const { table } = lists
  for (let chunk = lists.first(0); chunk !== NONE; chunk = table.next(chunk)) {
    expect(table.to_ms(chunk) - table.from_ms(chunk)).toBeLessThanOrEqual(span_ms)
  }
  expect(chunksOf(lists, 0)).toBeLessThanOrEqual(200 / 4 + 6)
  expect(valuesOf(lists, 0)).toEqual(upTo(count))
})

test('wide rows are not joined into what nobody would want to read', () => {
  const lists = listsWith({ columns: () => 100 })
  lists.add()
  const wide = new SampleBuffer()
  for (let i = 0; i < 30; i++) {
    wide.reset(100)
    wide.reserve(CHUNK)
    for (let k = 0; k < CHUNK; k++) {
      wide.time_ms[k] = (i * CHUNK + k) * 1000
      wide.stale[k] = 0
      for (const [c, column] of wide.columns.entries()) column[k] = Math.sin(i * CHUNK + k + c)
    }
    wide.length = CHUNK
    lists.append(0, wide, 0, CHUNK)
  }
  expect(chunksOf(lists, 0)).toBe(30)
})
