import { expect, test } from 'vitest'

import { SampleBuilder } from './sample.ts'

test('columns grow and keep what was put in, floats and histograms apart', () => {
  const builder = new SampleBuilder()
  for (let i = 0; i < 1000; i++) {
    builder.float(i, i * 10, i / 2, i % 3 === 0)
    builder.histogram({ series: i, time_ms: i, sum: i, count: 3, buckets: [1, 2], stale: i === 7 })
  }
  const { floats, histograms } = builder.batch()
  expect([floats.length, histograms.length, builder.length]).toEqual([1000, 1000, 2000])
  expect([floats.series[999], floats.time_ms[999], floats.value[999], floats.stale[999]]).toEqual([999, 9990, 499.5, 1])
  const [from, to] = [histograms.start[500]!, histograms.start[501]!]
  expect([...histograms.buckets.subarray(from, to)]).toEqual([1, 2])
  expect(histograms.stale[7]).toBe(1)
})

test('after clear it begins anew', () => {
  const builder = new SampleBuilder()
  builder.histogram({ series: 1, time_ms: 1, sum: 1, count: 1, buckets: [1, 2, 3] })
  builder.clear()
  builder.histogram({ series: 2, time_ms: 2, sum: 2, count: 2, buckets: [9] })
  const { histograms } = builder.batch()
  expect([...histograms.start]).toEqual([0, 1])
  expect([...histograms.buckets]).toEqual([9])
})
