import fc from 'fast-check'
import { expect, test } from 'vitest'

import { durationOf, numberOf, quoted, stringOf } from './literals.ts'

test('numbers are read as Go reads them, durations as seconds', () => {
  expect(['1', '.5', '1e3', '0x1f', '010', '1_000', 'inf', '-Inf', '+ 2', '1m30s', '250ms'].map(numberOf)).toEqual([
    1,
    0.5,
    1000,
    31,
    8,
    1000,
    Infinity,
    -Infinity,
    2,
    90,
    0.25,
  ])
  expect(numberOf('NaN')).toBeNaN()
  expect(['', 'x', '1x', '0x', '--1', '1__0'].map(numberOf)).toEqual(Array.from({ length: 6 }))
})

test('durations have units', () => {
  expect(durationOf('1y2w3d4h5m6s7ms')).toBe(31_536_000_000 + 14 * 86_400_000 + 3 * 86_400_000 + 14_706_007)
  expect(durationOf('5')).toBeUndefined()
})

test('strings have the escapes of Go', () => {
  expect(stringOf(String.raw`"a\n\t\\\"\x41\101\u00e9\U0001F600"`)).toBe('a\n\t\\"AAé😀')
  expect(stringOf(String.raw`'it\'s'`)).toBe("it's")
  expect(stringOf('`\\n`')).toBe('\\n')
  expect(stringOf('"\\xc3\\xa9"')).toBe('é')
  expect(stringOf('"a')).toEqual({ at: 0, message: 'unterminated quoted string' })
  expect(stringOf('"\\\'"')).toEqual({ at: 0, message: "unknown escape sequence U+0027 '''" })
})

test('bytes that are no UTF-8 survive as they were written', () => {
  const value = stringOf('"a\\xc5z"')
  expect(value).not.toSatisfy((text: string) => text.isWellFormed())
  expect(quoted(value as string)).toBe('"a\\xc5z"')
})

test('what is quoted reads back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(stringOf(quoted(text))).toBe(text)
    }),
  )
})
