import { describe, expect, test } from 'vitest'

import { detectCsv } from '../../detectors/index.ts'
import { Draw } from './draw.ts'
import { judge } from './faults.ts'
import { inject } from './inject.ts'
import { scoresOf } from './scored.ts'
import { MINUTE_MS, seriesOf, WEEK_MS } from './stream.ts'
import { STREAMS } from './streams.ts'

const SHORT = { seed: 1, weeks: 1, step_ms: 0 }

describe('streams', () => {
  test('there are 18, each with a name of its own', () => {
    expect(new Set(STREAMS.map(({ name }) => name)).size).toBe(18)
  })

  test.each(STREAMS)('$name: a seed is a series, another seed another', (stream) => {
    const series = seriesOf(stream, SHORT)
    expect(seriesOf(stream, SHORT)).toEqual(series)
    expect(seriesOf(stream, { ...SHORT, seed: 2 }).value).not.toEqual(series.value)
    expect(series.value.every(Number.isFinite)).toBe(true)
    expect(series.time_ms.every((time, i) => i === 0 || time > series.time_ms[i - 1]!)).toBe(true)
  })

  test('scores are those that barograph detect prints', () => {
    const { time_ms, value } = seriesOf(STREAMS[2]!, SHORT)
    time_ms[100] = time_ms[99]!
    value[200] = NaN
    const csv = Array.from(time_ms, (time, i) => `${time},${value[i]!}`).join('\n')
    const printed = [...detectCsv(csv, 'x.csv', { detector: 'auto', budget_per_week: 2 })].slice(1)
    const scores = scoresOf({ time_ms, value }, { detector: 'auto', budget_per_week: 2 })
    expect(printed.map((line) => Number(line.split(',').at(-2)))).toEqual([...scores])
  })
})

describe('faults', () => {
  test.each(STREAMS)('$name: a fault changes its own samples and no other', (stream) => {
    const clean = seriesOf(stream, { ...SHORT, weeks: 4 })
    const { series, faults } = inject(clean, { stream, draw: new Draw(1, 'faults'), after_ms: 2 * WEEK_MS })
    expect(faults).toHaveLength(4)
    const inside = new Uint8Array(series.value.length)
    for (const { from, to } of faults) {
      inside.fill(1, from, to)
      expect(series.value.subarray(from, to)).not.toEqual(clean.value.subarray(from, to))
    }
    expect(series.value.every((value, i) => inside[i] === 1 || value === clean.value[i])).toBe(true)
  })

  test('an alarm in a fault finds it, one in its echo is nothing, one elsewhere is false', () => {
    const time_ms = Float64Array.from({ length: 6 * 10_080 }, (_, i) => i * MINUTE_MS)
    const at = 3 * WEEK_MS
    const fault = { shape: 'spike', from: at / MINUTE_MS, to: at / MINUTE_MS + 30 } as const
    const series = { name: 'x', time_ms, value: time_ms }
    const alarms = [1000, at + 5 * MINUTE_MS, at + 100 * MINUTE_MS, at + WEEK_MS]
    expect(judge(series, [fault], alarms)).toEqual({
      found: [{ stream: 'x', shape: 'spike', delay_ms: 5 * MINUTE_MS }],
      wrong: 1,
    })
    expect(judge(series, [fault], []).found[0]!.delay_ms).toBeNaN()
  })
})
