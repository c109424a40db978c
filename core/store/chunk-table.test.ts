import { expect, test } from 'vitest'

import { ByteReader, ByteWriter } from './bytes.ts'
import { type ChunkInfo, ChunkTable, NONE } from './chunk-table.ts'

const CHUNKS = 10_000

function infoOf(n: number): ChunkInfo {
  return { from_ms: n * 1000.5, to_ms: n * 1000.5 + n, count: n % 65_536, size: n * 3, file: n % 7, at: n * 11 }
}

const factsOf = (table: ChunkTable, chunk: number): ChunkInfo => ({
  from_ms: table.from_ms(chunk),
  to_ms: table.to_ms(chunk),
  count: table.count(chunk),
  size: table.size(chunk),
  file: table.file(chunk),
  at: table.at(chunk),
})

test('ten thousand chunks in one list keep their facts and their order, over a snapshot as well', () => {
  const table = new ChunkTable()
  const first = table.insert(infoOf(0), NONE)
  let last = first
  for (let n = 1; n < CHUNKS; n++) last = table.insert(infoOf(n), last)
  const writer = new ByteWriter()
  table.save(writer)
  const again = new ChunkTable()
  again.load(new ByteReader(writer.copy()))
  for (const one of [table, again]) {
    let n = 0
    for (let chunk = first; chunk !== NONE; chunk = one.next(chunk)) expect(factsOf(one, chunk)).toEqual(infoOf(n++))
    expect(n).toBe(CHUNKS)
  }
})

test('rows of freed chunks are used again before there are more', () => {
  const table = new ChunkTable()
  let first = table.insert(infoOf(0), NONE)
  let last = first
  for (let n = 1; n < CHUNKS; n++) {
    last = table.insert(infoOf(n), last)
    first = table.dropFirst(first)
  }
  expect(table.bytes).toBe(4096 * 34)
  expect(factsOf(table, first)).toEqual(infoOf(CHUNKS - 1))
})
