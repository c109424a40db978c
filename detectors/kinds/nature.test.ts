import { expect, test } from 'vitest'

import { beliefOf, natureOf } from './nature.ts'

const limits = (metric: string, unit = '', rate = false): readonly [number, number] => {
  const { least, most } = beliefOf(natureOf({ metric, unit, rate }))
  return [least, most]
}

test.each([
  ['errors_ratio', '1', [0, 1]],
  ['system_cpu_utilization', '1', [0, 1]],
  ['disk_used_percent', '', [0, 100]],
  ['disk_used', '%', [0, 100]],
  ['heap_bytes', '', [0, Infinity]],
  ['process_memory_usage', 'By', [0, Infinity]],
  ['queue_size', '{message}', [0, Infinity]],
  ['gc_duration_seconds', 's', [0, Infinity]],
  ['clock_offset_seconds', 's', [0, Infinity]],
  ['temperature', 'Cel', [0, Infinity]],
  ['balance', '1', [0, Infinity]],
])('%s in %s is believed to lie within these limits', (metric, unit, expected) => {
  expect(limits(metric, unit)).toEqual(expected)
})

test('the rate of what only grows is never negative; seconds a second are a share of as many processors as there are', () => {
  expect(limits('requests_total', '{request}/s', true)).toEqual([0, Infinity])
  expect(limits('process_cpu_seconds_total', 's/s', true)).toEqual([0, Infinity])
  expect(beliefOf(natureOf({ metric: 'process_cpu_seconds_total', unit: 's/s', rate: true })).floor).toBeGreaterThan(0)
})

test('a code that this version does not know believes nothing', () => {
  expect(beliefOf(200)).toEqual(beliefOf(0))
})

test('what a rule computed of seconds a second is a share, of however many processors', () => {
  expect(natureOf({ metric: '', unit: 's/s', rate: false })).toBe(natureOf({ metric: 'x', unit: 's/s', rate: true }))
})
