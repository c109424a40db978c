import fc from 'fast-check'
import { expect, test } from 'vitest'

import { slabOf, wordOf } from './arena.ts'
import { Blocks } from './blocks.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { fullCapacity, LANES, wordsOf } from './head-block.ts'
import { Lanes } from './lanes.ts'

const WORDS = wordsOf(fullCapacity(1), 1)

interface Held {
  readonly address: number
  readonly mark: number
}

function wordsIn(blocks: Blocks, address: number): { words: Float64Array; at: number[] } {
  const at = Array.from({ length: WORDS }, (_, word) => wordOf(address) + word * LANES)
  return { words: blocks.arena.f64[slabOf(address)]!, at }
}

function fill(blocks: Blocks, { address, mark }: Held): void {
  const { words, at } = wordsIn(blocks, address)
  for (const word of at) words[word] = mark
}

function isWhole(blocks: Blocks, { address, mark }: Held): boolean {
  const { words, at } = wordsIn(blocks, address)
  return at.every((word) => words[word] === mark)
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
        let lanes = new Lanes(blocks)
        const held: Held[] = []
        for (const [i, { frees, which }] of steps.entries()) {
          if (frees < often && held.length > 0) {
            const [gone] = held.splice(which % held.length, 1)
            lanes.release(gone!.address)
          } else {
            const one = { address: lanes.allocate(), mark: i + 1 }
            fill(blocks, one)
            held.push(one)
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
            lanes = new Lanes(blocks)
            const reader = new ByteReader(writer.copy())
            blocks.load(reader)
            lanes.load(reader)
          }
        }
        expect(held.filter((one) => !isWhole(blocks, one))).toEqual([])
      },
    ),
    { numRuns: 100 },
  )
})

test('lanes that are taken one after the other lie side by side', () => {
  const lanes = new Lanes(new Blocks())
  const [first, ...others] = Array.from({ length: LANES }, () => lanes.allocate())
  expect(others).toEqual(others.map((_, i) => first! + 1 + i))
})

test('lanes that were given back are used before a block is taken, and a block goes with its last lane', () => {
  const blocks = new Blocks()
  const lanes = new Lanes(blocks)
  const taken = Array.from({ length: 10 * LANES }, () => lanes.allocate())
  const full = blocks.bytes
  for (const address of taken.filter((_, i) => i % 3 === 0)) lanes.release(address)
  expect(blocks.bytes).toBe(full)
  const again = taken.filter((_, i) => i % 3 === 0).map(() => lanes.allocate())
  expect(new Set(again)).toEqual(new Set(taken.filter((_, i) => i % 3 === 0)))
  for (const address of taken) lanes.release(address)
  expect(blocks.bytes).toBe(0)
})
