import { expect, test } from 'vitest'

import { knotsOf } from './knots.ts'

test('knots are dense at first, ever wider apart, and end at the end', () => {
  expect(knotsOf(1)).toEqual([1])
  expect(knotsOf(4)).toEqual([1, 2, 3, 4])
  expect(knotsOf(24)).toEqual([1, 2, 3, 5, 8, 12, 18, 24])
  expect(knotsOf(100_000).length).toBeLessThan(32)
})
