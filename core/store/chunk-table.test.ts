import { expect, test } from 'vitest'

import { Arena } from './arena.ts'
import { ChunkTable, NONE } from './chunk-table.ts'

const payload = (n: number): Uint8Array => new Uint8Array(1000 + (n % 50)).fill(n % 251)

function bytesOf(chunks: ChunkTable, chunk: number): Uint8Array {
  const { bytes, at } = chunks.place(chunk)
  return bytes.slice(at, at + chunks.size(chunk))
}

test('chunks keep their bytes, and memory is used again when the oldest go', () => {
  const arena = new Arena()
  const chunks = new ChunkTable(arena)
  let first = NONE
  let last = NONE
  for (let n = 0; n < 10_000; n++) {
    last = chunks.insert(payload(n), { from_ms: n, to_ms: n + 0.5, count: 1 }, last)
    if (first === NONE) first = last
    if (n >= 1500) first = chunks.dropFirst(first)
  }
  expect(arena.bytes).toBeLessThanOrEqual(4 * 2 ** 20)
  let n = 10_000 - 1500
  let size = 0
  const wrong: number[] = []
  for (let chunk = first; chunk !== NONE; chunk = chunks.next(chunk), n++) {
    const same = Buffer.compare(bytesOf(chunks, chunk), payload(n)) === 0
    if (!same || chunks.from_ms(chunk) !== n || chunks.to_ms(chunk) !== n + 0.5) wrong.push(n)
    size += chunks.size(chunk)
  }
  expect(wrong).toEqual([])
  expect(n).toBe(10_000)
  expect(chunks.bytes).toBe(size)
})

test('a chunk is replaced in its place', () => {
  const chunks = new ChunkTable(new Arena())
  const a = chunks.insert(payload(1), { from_ms: 1, to_ms: 1, count: 1 }, NONE)
  const c = chunks.insert(payload(3), { from_ms: 3, to_ms: 3, count: 1 }, a)
  const b = chunks.insert(payload(2), { from_ms: 2, to_ms: 2, count: 1 }, a)
  chunks.replace(a, payload(9), { from_ms: 0, to_ms: 1, count: 2 })
  expect([a, chunks.next(a), chunks.next(b), chunks.next(c)]).toEqual([a, b, c, NONE])
  expect(bytesOf(chunks, a)).toEqual(payload(9))
  expect(chunks.count(a)).toBe(2)
})
