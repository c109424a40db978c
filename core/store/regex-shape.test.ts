import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'

import { Matching } from './matching.ts'
import { globsOf, matchesGlob, prefixOf } from './regex-shape.ts'

const piece = fc.constantFrom(
  'a',
  'b',
  'ab',
  '.*',
  '.+',
  '.*?',
  '|',
  '(',
  ')',
  '(?:',
  '\\.',
  '^',
  '$',
  '😀',
  '-',
  'a*',
  '[ab]',
  '.',
)
const expression = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(''))
const value = fc
  .array(fc.constantFrom('a', 'b', '.', '-', '😀', '\n', 'ab'), { maxLength: 6 })
  .map((pieces) => pieces.join(''))

function engine(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch {
    return undefined
  }
}

test('an expression without the engine matches what the engine says', () => {
  fc.assert(
    fc.property(expression, fc.array(value, { minLength: 1, maxLength: 20 }), (pattern, values) => {
      const compiled = engine(pattern)
      const globs = globsOf(pattern)
      if (compiled === undefined) {
        expect(globs).toBeUndefined()
        return
      }
      const found = new Matching().test({ name: 'x', op: '=~', value: pattern })
      for (const one of values) {
        const expected = compiled.testExact(one)
        if (globs !== undefined) expect([one, globs.some((glob) => matchesGlob(glob, one))]).toEqual([one, expected])
        expect([one, found.matches(one)]).toEqual([one, expected])
        if (expected) {
          expect(one.startsWith(prefixOf(pattern))).toBe(true)
          expect(one.startsWith(found.prefix)).toBe(true)
          if (found.values !== undefined) expect(found.values).toContain(one)
        }
      }
    }),
    { numRuns: 3000 },
  )
})

describe('without the engine are', () => {
  test.each([
    ['a|b|c', ['a', 'b', 'c']],
    ['^5(00|03)$', ['500', '503']],
    ['(a|b)(c|d)', ['ac', 'ad', 'bc', 'bd']],
    ['10\\.0\\.0\\.1', ['10.0.0.1']],
    ['', ['']],
  ])('the values of %j', (pattern, values) => {
    expect(new Matching().test({ name: 'x', op: '=~', value: pattern }).values).toEqual(values)
    expect(new Matching().test({ name: 'x', op: '!~', value: pattern }).excluded).toEqual(values)
  })

  test.each(['abc.*', '.*abc', '.*abc.*', 'a.+|b.+', '(web|api)-.*'])('the wildcards of %j', (pattern) => {
    expect(globsOf(pattern)).toBeDefined()
  })

  test.each(['a*', 'a.c', '[ab]', '(?i)a', '\\d', 'a{2}', '.+.+', '\\Qa\\E', 'a(b', '(a)+', 'a^b', 'x$y'])(
    'not those of %j',
    (pattern) => {
      expect(globsOf(pattern)).toBeUndefined()
    },
  )

  test('not more than it can hold: what multiplies out, or is nested too deep, is left to the engine', () => {
    expect(globsOf('(a|b)'.repeat(11))).toBeUndefined()
    expect(globsOf('.*a'.repeat(20))).toBeUndefined()
    expect(globsOf('('.repeat(10_000))).toBeUndefined()
    expect(globsOf(`${'('.repeat(40)}a${')'.repeat(40)}`)).toBeUndefined()
  })
})

test.each([
  ['web-\\d+', 'web-'],
  ['ab*', 'a'],
  ['ab?c', 'a'],
  ['ab+c', 'ab'],
  ['a\\.b[c]', 'a.b'],
  ['^ab.', 'ab'],
  ['a|b', ''],
  ['(?i)ab', ''],
  ['😀*', ''],
])('what %j matches begins with %j', (pattern, prefix) => {
  expect(prefixOf(pattern)).toBe(prefix)
})
