import { expect, test } from 'vitest'

import { parseBudget } from './budget.ts'

test('budgets are read per hour, day, week or month', () => {
  expect(['2/week', '1/d', '0.5/h', '7/month'].map(parseBudget)).toEqual([2, 7, 84, 7 * (7 / 30)])
  expect(['', '2', '0/week', 'x/week', '1/year'].map(parseBudget)).toEqual(Array.from({ length: 5 }, () => undefined))
})
