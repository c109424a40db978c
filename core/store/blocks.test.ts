import fc from 'fast-check'
import { expect, test } from 'vitest'

import { slabOf, wordOf } from './arena.ts'
import { Blocks, roomFor } from './blocks.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

interface Held {
  readonly address: number
  readonly words: number
  readonly mark: number
}

function fill(blocks: Blocks, { address, words, mark }: Held): void {
  const word = wordOf(address)
  blocks.arena.f64[slabOf(address)]!.fill(mark, word, word + words)
}

function isWhole(blocks: Blocks, { address, words, mark }: Held): boolean {
  const word = wordOf(address)
  return blocks.arena.f64[slabOf(address)]!.subarray(word, word + words).every((value) => value === mark)
}

const size = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 70 }) }, fc.integer({ min: 1, max: 5000 }))
const step = fc.record({ words: size, frees: fc.boolean(), which: fc.nat(1000) })

test('no block overlaps another, whatever is taken and given back, before and after a reload', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), fc.nat(300), (steps, reload) => {
      let blocks = new Blocks()
      const held: Held[] = []
      for (const [i, { words, frees, which }] of steps.entries()) {
        if (frees && held.length > 0) {
          const [gone] = held.splice(which % held.length, 1)
          blocks.release(gone!.address, gone!.words)
        } else {
          const one = { address: blocks.allocate(words), words, mark: i + 1 }
          expect(one.address).toBeGreaterThan(0)
          fill(blocks, one)
          held.push(one)
        }
        if (i === reload) {
          const writer = new ByteWriter()
          blocks.save(writer)
          blocks = new Blocks()
          blocks.load(new ByteReader(writer.copy()))
        }
      }
      expect(held.filter((one) => !isWhole(blocks, one))).toEqual([])
      expect(blocks.bytes).toBe(held.reduce((sum, { words }) => sum + roomFor(words) * 8, 0))
    }),
    { numRuns: 200 },
  )
})

test('what is given back is used again, in smaller pieces as well', () => {
  const blocks = new Blocks()
  const large = Array.from({ length: 2000 }, () => blocks.allocate(60))
  const { slabs } = blocks.arena
  for (const address of large) blocks.release(address, 60)
  for (let i = 0; i < 12_000; i++) blocks.allocate(10)
  expect(blocks.arena.slabs).toBe(slabs)
})
