import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { formatExponent, formatSeconds, formatValue } from './number.ts'

describe('a sample value', () => {
  test.each([
    [1, '1'],
    [0.1, '0.1'],
    [-0, '-0'],
    [1e-6, '0.000001'],
    [9.9e-7, '9.9e-07'],
    [1e-100, '1e-100'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    [Number.NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ])('%f is written as Go writes it: %s', (value, text) => {
    expect(formatValue(value)).toBe(text)
  })

  test('reads back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(formatValue(value))).toBe(value)
        expect(formatValue(value)).not.toMatch(/e[+-]\d$/)
      }),
    )
  })
})

test.each([
  [1, '1e+00'],
  [-0, '-0e+00'],
  [0.05, '5e-02'],
  [1234.5, '1.2345e+03'],
  [Number.NaN, 'NaN'],
])('the value of an alert, %f, always has an exponent: %s', (value, text) => {
  expect(formatExponent(value)).toBe(text)
})

describe('a timestamp', () => {
  test.each([
    [1_795_191_648_000, '1795191648'],
    [1_795_191_648_100, '1795191648.100'],
    [1, '0.001'],
    [-1500, '-1.500'],
    [0, '0'],
    [-0.2, '0'],
  ])('%f ms is %s', (time_ms, text) => {
    expect(formatSeconds(time_ms)).toBe(text)
  })

  test('is JSON, and the same time', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e15, max: 1e15 }), (time_ms) => {
        expect(Math.round(Number(JSON.parse(formatSeconds(time_ms))) * 1000)).toBe(time_ms)
      }),
    )
  })
})
