import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { formatTime, parseSpan, parseTime } from './time.ts'

describe('a time in a request', () => {
  test.each([
    ['4', 4000],
    ['1795191955.1746578', 1_795_191_955_175],
    ['-1.5', -1500],
    ['1e3', 1_000_000],
    ['2026-11-20T10:00:00Z', 1_795_168_800_000],
    ['2026-11-20T10:00:00.25+02:00', 1_795_161_600_250],
    ['2026-11-20t10:00:00.123456789z', 1_795_168_800_123],
  ])('%s is read', (text, time_ms) => {
    expect(parseTime(text)).toBe(time_ms)
  })

  test.each(['', 'now', 'NaN', '1e400', '2026-11-20', '2026-02-30T10:00:00Z', '0x10', ' 4'])(
    '%j is refused',
    (text) => {
      expect(parseTime(text)).toBeUndefined()
    },
  )

  test('never comes out as anything but a time, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const time_ms = parseTime(text)
        expect(time_ms === undefined || Number.isFinite(time_ms)).toBe(true)
      }),
    )
  })

  test('is read back from what we write', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4e12 }), (time_ms) => {
        expect(parseTime(formatTime(time_ms))).toBe(time_ms)
      }),
    )
  })
})

test.each([
  ['30', 30_000],
  ['0.5', 500],
  ['-1', -1000],
  ['1h30m', 5_400_000],
  // As Go multiplies it: 270 418 999 999 ns.
  ['270.419', 270_418.999_999],
])('a duration of %s is read', (text, span_ms) => {
  expect(parseSpan(text)).toBe(span_ms)
})

test.each(['', 'x', '1.5h', 'Infinity', '1e300'])('a duration of %j is refused', (text) => {
  expect(parseSpan(text)).toBeUndefined()
})

test('a rule that never ran has the zero time of Go', () => {
  expect(formatTime(0)).toBe('0001-01-01T00:00:00Z')
  expect(formatTime(Number.NaN)).toBe('0001-01-01T00:00:00Z')
})
