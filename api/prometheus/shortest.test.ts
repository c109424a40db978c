import fc from 'fast-check'
import { expect, test } from 'vitest'

import { writeValue } from './number-bytes.ts'
import { formatValue } from './number.ts'
import { Shortest } from './shortest.ts'

const bytes = Buffer.alloc(64)
const written = (value: number): string => bytes.toString('latin1', 0, writeValue(bytes, 0, value))

const quotient = fc.tuple(fc.integer(), fc.integer({ min: 1, max: 1e6 })).map(([a, b]) => a / b)
const decimal = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 22 })).map(([a, b]) => a / 10 ** b)
/** Next to a number of few digits: the nearest choices are close. */
const neighbour = fc.tuple(decimal, fc.integer({ min: -3, max: 3 })).map(([a, b]) => a * (1 + b * Number.EPSILON))

test('any number is written as its shortest text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), quotient, decimal, neighbour), (value) => {
      expect(written(value)).toBe(formatValue(value))
    }),
    { numRuns: 50_000 },
  )
})

test.each([0.1, 1 / 3, 2 / 3, 0.30000000000000004, 5e-324, 1.7976931348623157e308, 4.35, 123456789012345.67, 0.00001])(
  'so is %d',
  (value) => {
    expect([written(value), written(-value)]).toEqual([String(value), String(-value)].map(goForm))
  },
)

/** Two digits of an exponent at least. */
function goForm(text: string): string {
  return text.replace(/e-(\d)$/, 'e-0$1')
}

test('digits are found for nearly all values of usual size', () => {
  const shortest = new Shortest()
  let found = 0
  for (let i = 1; i <= 1000; i++) found += Number(shortest.find((i * Math.PI) / 7))
  expect(found).toBeGreaterThan(990)
})
