import { expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

import { leastAbsolute } from './least-absolute.ts'

const random = seeded(1)
const ROWS = 400
const x = Float64Array.from({ length: 2 * ROWS }, () => random() - 0.5)
const y = Float64Array.from({ length: ROWS }, (_, i) => 2 * x[2 * i]! - x[2 * i + 1]! + 0.01 * (random() - 0.5))

test('weights are found, and a tenth of wild values does not move them', () => {
  const wild = y.map((v, i) => (i % 10 === 0 ? 50 : v))
  for (const values of [y, wild]) {
    const [a, b] = leastAbsolute(x, values, 2, 1e-6)
    expect(Math.abs(a! - 2) + Math.abs(b! + 1)).toBeLessThan(0.1)
  }
})

test('a ridge pulls to nothing, and where there is nothing to learn nothing is learned', () => {
  expect(Math.abs(leastAbsolute(x, y, 2, 1e3)[0]!)).toBeLessThan(0.01)
  expect([...leastAbsolute(x, new Float64Array(ROWS), 2, 0.1)]).toEqual([0, 0])
  expect([...leastAbsolute(new Float64Array(2 * ROWS), y, 2, 0.1)]).toEqual([0, 0])
})
