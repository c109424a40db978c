import { expect, test } from 'vitest'

import { Labels } from '#core/series.ts'

import { answersOf, type Batch } from './batch.ts'

const MINUTE = 60_000
const BEGIN = 1_795_000_020_000
const question = (rule: string) => ({
  rule,
  datasource: 'prom',
  expr: rule,
  interval_ms: MINUTE,
  offset_ms: 0,
  mark_ms: -Infinity,
})
const batch: Batch = {
  questions: ['a', 'b'].map(question),
  from_ms: BEGIN,
  to_ms: BEGIN + MINUTE,
  step_ms: MINUTE,
  due_ms: BEGIN + MINUTE,
}

test('each rule is told of its own series: floats and native histograms, at its steps', () => {
  const shown = (time_ms: number) => ({
    time_ms,
    count: 2,
    sum: 3,
    buckets: [{ rule: 0 as const, lower: 1, upper: 2, count: 2 }],
  })
  const none = { time_ms: new Float64Array(), value: new Float64Array(), histograms: [] }
  const series = [
    {
      ...none,
      labels: Labels.of({ job: 'x', barograph_asked: '0' }),
      time_ms: Float64Array.of(BEGIN, BEGIN + MINUTE, BEGIN + 2 * MINUTE),
      value: Float64Array.of(1, 2, 3),
    },
    {
      ...none,
      labels: Labels.of({ job: 'y', barograph_asked: '1' }),
      histograms: [shown(BEGIN - MINUTE), shown(BEGIN), shown(BEGIN + 30_000)],
    },
  ]
  const [a, b] = answersOf(batch, { type: 'matrix', series, warnings: [], infos: [] })
  expect(a!.series).toEqual([
    { labels: Labels.of({ job: 'x' }), time_ms: Float64Array.of(BEGIN, BEGIN + MINUTE), value: Float64Array.of(1, 2) },
  ])
  expect(b!.series).toEqual([
    {
      labels: Labels.of({ job: 'y' }),
      time_ms: new Float64Array(),
      value: new Float64Array(),
      histograms: [
        { time_ms: BEGIN, value: { count: 2, sum: 3, buckets: [{ bounds: 0, lower: 1, upper: 2, count: 2 }] } },
      ],
    },
  ])
})
