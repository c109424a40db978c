import { expect, test } from 'vitest'

import { Labels } from '../series.ts'
import { Expansions } from './expansions.ts'

test('the series of a histogram are put together once, and those of many histograms do not pile up', () => {
  const expansions = new Expansions(100)
  const definition = {
    labels: Labels.of({ __name__: 'h' }),
    type: 'histogram' as const,
    unit: '',
    help: '',
    kind: 'histogram' as const,
    bounds: Float64Array.of(1, 2, 3),
  }
  const first = expansions.of(0, definition)
  expect(first).toHaveLength(6)
  expect(expansions.of(0, definition)).toBe(first)
  for (let row = 1; row < 1000; row++) {
    expansions.of(row, definition)
    expect(expansions.size).toBeLessThanOrEqual(100)
  }
  expansions.forget(999)
  expansions.forget(999)
  const { size } = expansions
  expansions.of(999, definition)
  expect(expansions.size).toBe(size + 6)
})
