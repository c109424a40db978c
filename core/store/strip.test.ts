import { expect, test } from 'vitest'

import { Strip } from './strip.ts'

test('arrays are apart until the strip is rewound, and then take the place of the first', () => {
  const strip = new Strip()
  const arrays = Array.from({ length: 50 }, (_, i) => strip.take(i * 10).fill(i))
  expect(arrays.every((array, i) => array.length === i * 10 && array.every((one) => one === i))).toBe(true)
  strip.rewind()
  const again = strip.take(100)
  strip.rewind()
  expect(strip.take(50).buffer).toBe(again.buffer)
})

test('a strip tells how long it has become', () => {
  const strip = new Strip()
  strip.take(1_000_000)
  expect(strip.length).toBeGreaterThanOrEqual(1_000_000)
})
