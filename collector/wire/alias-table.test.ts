import fc from 'fast-check'
import { expect, test } from 'vitest'

import { AliasTable } from './alias-table.ts'

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const strings = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  // Many that are alike but for one byte, and repeat.
  fc.tuple(fc.nat(3), fc.nat(30)).map(([at, size]) => Uint8Array.from({ length: size }, (_, i) => (i === at ? 1 : 0))),
)

test('gives a byte string in a context one alias, and another string or context another one', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(strings, fc.nat(2), fc.nat(5))), fc.integer(), (asked, seed) => {
      const table = new AliasTable(seed)
      const model = new Map<string, number>()
      for (const [bytes, context, offset] of asked) {
        const placed = new Uint8Array(offset + bytes.length + 3)
        placed.set(bytes, offset)
        const view = viewOf(placed)
        const key = `${context} ${Buffer.from(bytes).toString('hex')}`
        const found = table.find(view, offset, offset + bytes.length, context)
        expect(found).toBe(model.get(key) ?? -1)
        if (found >= 0) continue
        const alias = table.add(view, offset, offset + bytes.length, context)
        model.set(key, alias)
        const kept = table.keyOf(alias)
        expect(Buffer.from(kept.view.buffer).subarray(kept.start, kept.end).equals(bytes)).toBe(true)
        expect(table.contextOf(alias)).toBe(context)
      }
      expect(table.length).toBe(model.size)
    }),
  )
})

test('tells strings apart by any one of their bits, however long they are', () => {
  for (let size = 1; size <= 50; size++) {
    const bytes = new Uint8Array(size)
    const view = viewOf(bytes)
    const table = new AliasTable(7)
    table.add(view, 0, size, 0)
    for (let bit = 0; bit < size * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(table.expect(view, 0, size, 0)).toBe(-1)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(table.expect(view, 0, size, 0)).toBe(0)
    }
  }
})

test('keeps hundreds of thousands apart, over many pages, in any order', () => {
  const table = new AliasTable(7)
  const bytes = Buffer.alloc(32)
  const view = viewOf(bytes)
  const write = (i: number): void => void bytes.write(`series number ${i}`.padEnd(32))
  const count = 100_000
  for (let i = 0; i < count; i++) {
    write(i)
    expect(table.find(view, 0, 32, 0)).toBe(-1)
    expect(table.add(view, 0, 32, 0)).toBe(i)
  }
  for (let i = 0; i < count; i++) {
    const which = (i * 7919) % count
    write(which)
    expect(table.find(view, 0, 32, 0)).toBe(which)
  }
  expect(table.bytes).toBe(count * 80)
})

test('keeps bytes once that come in many contexts', () => {
  const bytes = Buffer.alloc(200)
  const view = viewOf(bytes)
  const table = new AliasTable(3)
  const inContexts = (contexts: number): number => {
    for (let context = 0; context < contexts; context++) {
      for (let i = 0; i < 500; i++) {
        bytes.writeUInt32LE(i, 100)
        if (table.find(view, 0, 200, context) < 0) table.add(view, 0, 200, context)
      }
    }
    return table.bytes
  }
  const once = inContexts(1)
  const often = inContexts(100)
  expect(table.length).toBe(50_000)
  expect((often - once) / (table.length - 500)).toBeLessThan(50)
})

test('does not keep a string that is too long', () => {
  const table = new AliasTable()
  const view = new DataView(new ArrayBuffer(100_000))
  expect(table.add(view, 0, 100_000, 0)).toBe(-1)
  expect(table.find(view, 0, 100_000, 0)).toBe(-1)
})

test('guesses what followed last time, and goes on only when it is told that this is it', () => {
  const table = new AliasTable()
  const view = viewOf(Buffer.from('aababc'))
  const [a, ab, abc] = [table.add(view, 0, 1, 0), table.add(view, 1, 3, 0), table.add(view, 3, 6, 0)]
  expect(table.find(view, 0, 1, 0)).toBe(a)
  // "ab" stands at the beginning of "abc", too.
  expect(table.guess(view, 1, 6, 0)).toBe(ab)
  expect(table.guess(view, 3, 6, 0)).toBe(ab)
  expect(table.guess(view, 3, 4, 0)).toBe(-1)
  expect(table.guess(view, 3, 6, 1)).toBe(-1)
  table.met(ab)
  expect(table.guess(view, 3, 6, 0)).toBe(abc)
})
