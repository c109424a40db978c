import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { JsonBytes } from './json-bytes.ts'
import { formatSeconds, formatValue } from './number.ts'

function written(write: (json: JsonBytes) => void): string {
  const json = new JsonBytes()
  write(json)
  return Buffer.from(json.bytes).toString()
}

describe('a point', () => {
  const decimal = fc
    .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 }))
    .map(([digits, places]) => digits / 10 ** places)
  const value = fc.oneof(fc.double(), decimal, fc.maxSafeInteger(), fc.constantFrom(-0, 1e-6, 1e-7, 1e15, 1e21, 0.001))

  test('is written as its parts are written as text', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e15, max: 1e15 }), value, (time_ms, one) => {
        expect(written((json) => json.point(time_ms, one))).toBe(`[${formatSeconds(time_ms)},"${formatValue(one)}"]`)
      }),
      { numRuns: 2000 },
    )
  })
})

test('points of series are written one by one, whether or not the series share their times', () => {
  const times = fc.array(fc.integer({ min: -1e15, max: 1e15 }), { maxLength: 20 }).map((all) => Float64Array.from(all))
  fc.assert(
    fc.property(
      fc.array(times, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(2), { maxLength: 8 }),
      (all, order) => {
        const series = order.map((i, n) => ({ time_ms: all[i % all.length]!, seed: n / 7 }))
        const expected = series.map(({ time_ms, seed }) => {
          return Array.from(time_ms, (t, i) => `[${formatSeconds(t)},"${formatValue(seed * i)}"]`).join(',')
        })
        const json = new JsonBytes()
        for (const { time_ms, seed } of series) {
          json.points(
            time_ms,
            time_ms.map((_, i) => seed * i),
          )
          json.text('\n')
        }
        expect(Buffer.from(json.bytes).toString()).toBe(expected.map((line) => `${line}\n`).join(''))
      },
    ),
  )
})

test('text of every script stays what it is, however much is written', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 5000 })), (texts) => {
      expect(written((json) => texts.forEach((text) => json.text(text)))).toBe(texts.join(''))
    }),
  )
})
