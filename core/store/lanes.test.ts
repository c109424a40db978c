import fc from 'fast-check'
import { expect, test } from 'vitest'

import { slabOf, wordOf } from './arena.ts'
import { Blocks } from './blocks.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { fullCapacity, LANES, wordsOf } from './head-block.ts'
import { Lanes } from './lanes.ts'

const WORDS = wordsOf(fullCapacity(1), 1)

/** By row; rows are marks. */
type Held = Map<number, number>

function wordsIn(blocks: Blocks, address: number): { words: Float64Array; at: number[] } {
  const at = Array.from({ length: WORDS }, (_, word) => wordOf(address) + word * LANES)
  return { words: blocks.arena.f64[slabOf(address)]!, at }
}

function fill(blocks: Blocks, row: number, address: number): void {
  const { words, at } = wordsIn(blocks, address)
  for (const word of at) words[word] = row
}

function isWhole(blocks: Blocks, row: number, address: number): boolean {
  const { words, at } = wordsIn(blocks, address)
  return at.every((word) => words[word] === row)
}

function lanesOn(blocks: Blocks, held: Held): Lanes {
  return new Lanes(blocks, (row, address) => held.set(row, address))
}

const step = fc.record({ frees: fc.integer({ min: 0, max: 9 }), which: fc.nat(1000) })

test('no lane overlaps another or a block beside it, whatever is taken and given back, before and after a reload', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 400, size: 'max' }),
      fc.nat(400),
      fc.integer({ min: 1, max: 9 }),
      (steps, reload, often) => {
        let blocks = new Blocks()
        const held: Held = new Map()
        let lanes = lanesOn(blocks, held)
        for (const [i, { frees, which }] of steps.entries()) {
          if (frees < often && held.size > 0) {
            const gone = [...held.keys()][which % held.size]!
            const address = held.get(gone)!
            held.delete(gone)
            lanes.release(address)
          } else {
            const row = i + 1
            held.set(row, lanes.allocate(row))
            fill(blocks, row, held.get(row)!)
          }
          if (i % 7 === 0) {
            const beside = blocks.allocate(9)
            const at = wordOf(beside)
            blocks.arena.f64[slabOf(beside)]!.fill(-1, at, at + 9)
          }
          if (i === reload) {
            const writer = new ByteWriter()
            blocks.save(writer)
            lanes.save(writer)
            blocks = new Blocks()
            lanes = lanesOn(blocks, held)
            const reader = new ByteReader(writer.copy())
            blocks.load(reader)
            lanes.load(reader)
          }
        }
        expect([...held].filter(([row, address]) => !isWhole(blocks, row, address))).toEqual([])
        expect(new Set(held.values()).size).toBe(held.size)
      },
    ),
    { numRuns: 100 },
  )
})

test('lanes that are taken one after the other lie side by side', () => {
  const lanes = lanesOn(new Blocks(), new Map())
  const [first, ...others] = Array.from({ length: LANES }, (_, row) => lanes.allocate(row))
  expect(others).toEqual(others.map((_, i) => first! + 1 + i))
})

test('lanes that were given back are used before a block is taken, and all memory is given back', () => {
  const blocks = new Blocks()
  const held: Held = new Map()
  const lanes = lanesOn(blocks, held)
  const rows = Array.from({ length: 10 * LANES }, (_, row) => row)
  for (const row of rows) held.set(row, lanes.allocate(row))
  const full = blocks.bytes
  const thirds = rows.filter((row) => row % 3 === 0)
  for (const row of thirds) lanes.release(held.get(row)!)
  expect(blocks.bytes).toBe(full)
  for (const row of thirds) held.set(row, lanes.allocate(row))
  expect(blocks.bytes).toBe(full)
  for (const row of rows) lanes.release(held.get(row)!)
  expect(blocks.bytes).toBe(0)
})

test('a row of each block that stays does not keep its memory', () => {
  const blocks = new Blocks()
  const held: Held = new Map()
  const lanes = lanesOn(blocks, held)
  for (let row = 0; row < 100 * LANES; row++) held.set(row, lanes.allocate(row))
  const full = blocks.bytes
  for (let row = 0; row < 100 * LANES; row++) if (row % LANES !== 7) lanes.release(held.get(row)!)
  expect(blocks.bytes).toBeLessThan(full / 10)
})
