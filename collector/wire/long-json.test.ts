// A long JSON text is read piece by piece, to what it is as a whole.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { atOnce } from '#core/steps.ts'

import { outcomeOf } from '../testing/decoding.fixture.ts'
import { Allowance } from './allowance.ts'
import { parseJson } from './json.ts'
import { parsingJson } from './long-json.ts'

const pieces = (text: string | Uint8Array, piece: number, limits = {}): unknown =>
  atOnce(parsingJson(Buffer.from(text), limits, piece))

/** Spaces wherever they may stand, which say nothing. */
function spaced(text: string): string {
  return JSON.stringify(JSON.parse(text), null, 2)
}

describe('JSON in pieces', () => {
  test('is what JSON.parse reads, whatever is a piece', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, stringUnit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, piece) => {
        expect(pieces(text, piece)).toEqual(JSON.parse(text))
        expect(pieces(spaced(text), piece)).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })

  test('is refused where parseJson refuses it, whatever is changed in it', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 4 }),
        fc.nat(),
        fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', '1', 'x', ' '),
        fc.integer({ min: 1, max: 20 }),
        (text, where, put, piece) => {
          const at = where % (text.length + 1)
          const changed = text.slice(0, at) + put + text.slice(at + 1)
          const outcome = outcomeOf(() => parseJson(changed))
          expect(outcomeOf(() => pieces(changed, piece))).toBe(outcome)
          if (outcome === 'read') expect(pieces(changed, piece)).toEqual(parseJson(changed))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['{"a":1,"b":[1,2,3],"a":3}', 'the key "a" stands twice in one object'],
    ['{"a":[1,2,3],"\\u0061":[3]}', 'the key "a" stands twice in one object'],
    ['{"a":[1,2,3}', 'malformed JSON at byte'],
    ['[1,2,xyz,4]', '(in what begins at byte 5)'],
    ['[1,2,3,4] 5', 'malformed JSON at byte 10'],
    [`${'['.repeat(301)}1${']'.repeat(301)}`, 'nested more than 300 deep'],
    ['['.repeat(100_000), 'nested more than 300 deep'],
  ])('that is %s is refused', (text, message) => {
    expect(() => pieces(text, 4)).toThrow(message)
  })

  test('nested as deep as may be is read', () => {
    const text = `${'['.repeat(300)}1${']'.repeat(300)}`
    expect(pieces(text, 4)).toEqual(JSON.parse(text))
  })

  test('may begin with a byte order mark, and is UTF-8', () => {
    expect(pieces('\uFEFF{"a":["é","中"]}', 4)).toEqual({ a: ['é', '中'] })
    expect(() => pieces(Uint8Array.of(91, 34, 0xff, 34, 44, 49, 93), 2)).toThrow('not UTF-8')
  })

  test('may have __proto__ as a key, which changes nothing', () => {
    const object = pieces('{"__proto__":{"polluted":1},"a":[1,2,3]}', 4) as object
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect(Object.keys(object)).toEqual(['__proto__', 'a'])
  })

  test('may hold as many objects and lists as it may as a whole', () => {
    const text = JSON.stringify(Array.from({ length: 50 }, (_, i) => ({ i, list: [[i]] })))
    const objects = 1 + 50 * 3
    expect(pieces(text, 64, { allowance: new Allowance(objects) })).toHaveLength(50)
    expect(() => pieces(text, 64, { allowance: new Allowance(objects - 1) })).toThrow('limits.body_objects')
  })

  test('is read in steps of a piece, whether it is long for a list or for an object', () => {
    const list = Array.from({ length: 20_000 }, (_, i) => ({ i, text: `line ${i}` }))
    for (const long of [{ a: [{ b: list }] }, Object.fromEntries(list.map((one) => [one.text, one]))]) {
      const text = JSON.stringify(long)
      const steps = parsingJson(Buffer.from(text))
      let count = 1
      while (steps.next().done !== true) count++
      expect(count).toBeGreaterThan(text.length / 2 ** 16 / 2)
    }
  })
})
