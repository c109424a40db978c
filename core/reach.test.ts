import { expect, test } from 'vitest'

import type { ExpressionInfo } from './ports/query-engine.ts'
import { reachOf, speaksOfNothing } from './reach.ts'

test('the reach of an expression spans its selectors', () => {
  const info: ExpressionInfo = {
    type: 'vector',
    plain: null,
    unit: '',
    selectors: [
      { matchers: [{ name: 'a', op: '=', value: '1' }], reach_ms: 300 },
      { matchers: [{ name: 'a', op: '=', value: '2' }], reach_ms: 1000 },
      { matchers: [{ name: 'a', op: '=', value: '3' }], reach_ms: 5 },
    ],
  }
  const extents: Record<string, { from_ms: number; to_ms: number }> = {
    1: { from_ms: 50, to_ms: 900 },
    2: { from_ms: 70, to_ms: 100 },
  }
  const reader = { extent: ([matcher]: readonly { value: string }[]) => extents[matcher!.value] ?? null }
  expect(reachOf(info, reader)).toEqual({ from_ms: 50, newest_ms: 900, until_ms: 1200, series: 2 })
  expect(reachOf({ ...info, selectors: info.selectors.slice(2) }, reader)).toBeUndefined()
})

test.each([
  ['absent(x)', true],
  ['sum(x) or vector(0)', true],
  ['absent_over_time(x[5m])', true],
  ['hour() > 8 < bool 17', true],
  ['scalar(x) + x', true],
  ['hour(x)', false],
  ['x{job="absent(1)"}', false],
  ["x{a='vector(', b=`absent(`}", false],
  ['x # absent(y)', false],
  ['x_absent', false],
])('%s speaks of nothing: %s', (expr, speaks) => {
  const selectors = [{ matchers: [], reach_ms: 0 }]
  expect(speaksOfNothing({ type: 'vector', selectors, plain: null, unit: '' }, expr)).toBe(speaks)
  expect(speaksOfNothing({ type: 'vector', selectors: [], plain: null, unit: '' }, expr)).toBe(true)
  expect(speaksOfNothing({ type: 'scalar', selectors, plain: null, unit: '' }, expr)).toBe(true)
})
