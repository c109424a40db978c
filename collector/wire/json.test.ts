import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { outcomeOf } from '../testing/decoding.fixture.ts'
import { parseJson } from './json.ts'

describe('JSON from outside', () => {
  test('is what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text))
      }),
    )
  })

  test.each([
    ['{"a":1,"b":2,"a":3}', 'a'],
    ['{"x":[{"a":1},{"a":2,"\\u0061":3}]}', 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    [`{${Array.from({ length: 40 }, (_, i) => `"k${i}":0`).join()},"k20":1}`, 'k20'],
  ])('with a key that stands twice in one object is refused by its name: %s', (text, key) => {
    expect(() => parseJson(text)).toThrow(`the key "${key}" stands twice in one object`)
  })

  test('may have one key in two objects, inside strings too', () => {
    const text = '{"a":{"a":1,"b":"{\\"a\\":1,\\"a\\":2"},"b":[{"a":1},{"a":1}]}'
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  test('may have __proto__ as a key, which changes nothing', () => {
    const object = parseJson('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as object
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test.each([
    ['nested without end', '['.repeat(100_000), /nested more than 300 deep/],
    ['cut off', '{"a":', /malformed JSON/],
    ['cut off in a string', '{"a', /malformed JSON/],
    ['closed too often', '}}}]', /malformed JSON/],
    ['with a bad escape in a key', '{"\\x":1}', /bad escape/],
    ['empty', '', /malformed JSON/],
  ])('%s is refused', (_, text, message) => {
    expect(() => parseJson(text)).toThrow(message)
  })

  test('that is no UTF-8 is refused', () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('not UTF-8')
  })

  test('whatever it is, is read or refused', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', 'u0061', '1', 'a', ' ', '\n') }),
        (text) => {
          expect(['read', 'bad_data']).toContain(outcomeOf(() => parseJson(text)))
        },
      ),
      { numRuns: 500 },
    )
  })
})
