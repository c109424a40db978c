import { expect, test } from 'vitest'

import { Postings } from './postings.ts'
import { WordBlocks } from './word-blocks.ts'

const PAIR = 3

test.each([1, 2, 3, 4, 1000, 16_383, 16_384, 16_385, 50_000])(
  'a list of %d rows is read as it was written',
  (length) => {
    const postings = new Postings(new WordBlocks())
    for (let row = 0; row < length; row++) postings.add(PAIR, row * 2)
    const rows = postings.rows(PAIR)
    expect(rows).toHaveLength(length)
    expect(rows.every((row, i) => row === i * 2)).toBe(true)
    expect(postings.rows(PAIR + 1)).toHaveLength(0)
  },
)

test('rows that are gone leave the list before they are many, and their memory is used again', () => {
  const blocks = new WordBlocks()
  const postings = new Postings(blocks)
  const there = new Set<number>()
  for (let row = 0; row < 50_000; row++) {
    postings.add(PAIR, row)
    there.add(row)
  }
  for (let row = 0; row < 50_000; row += 2) {
    there.delete(row)
    postings.remove(PAIR, there)
    if (row % 5000 === 0) expect(postings.size(PAIR)).toBeLessThanOrEqual(Math.ceil(there.size * 1.34) + 1)
  }
  expect([...postings.rows(PAIR)].filter((row) => there.has(row))).toEqual([...there])
  let left = postings.size(PAIR)
  const ids = Array.from(there)
  for (const row of ids) {
    there.delete(row)
    left = postings.remove(PAIR, there)
  }
  expect(left).toBe(0)
  expect(blocks.held).toBe(0)
  const { bytes } = blocks
  for (let round = 0; round < 20; round++) {
    for (let row = 0; row < 10_000; row++) {
      postings.add(PAIR, row)
      there.add(row)
    }
    for (let row = 0; row < 10_000; row++) {
      there.delete(row)
      postings.remove(PAIR, there)
    }
  }
  expect(blocks.bytes).toBe(bytes)
})
