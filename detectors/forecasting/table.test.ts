import { expect, test } from 'vitest'

import type { Forecast } from '#core/forecast.ts'
import { Labels } from '#core/series.ts'

import { ForecastTable } from './table.ts'

const MINUTE = 60_000

function forecast(made_ms: number, value: number): Forecast {
  const target_ms = Float64Array.from({ length: 10 }, (_, i) => made_ms + (i + 1) * MINUTE)
  return {
    rule: 'demand',
    labels: Labels.of({ __name__: 'rps', service_name: 'shop' }),
    made_ms,
    model: 'x',
    trust: 1,
    skill: 0,
    coverage: new Map(),
    step_ms: MINUTE,
    target_ms,
    quantiles: [0.5],
    values: [target_ms.map(() => value)],
  }
}

const everything = { from_ms: -Infinity, to_ms: Infinity }

test('future targets show the newest forecast, passed ones the last that was made at least the lead before', () => {
  const table = new ForecastTable({ lead_ms: 3 * MINUTE, retention_ms: 1e9 })
  for (let minute = 0; minute <= 5; minute++) table.put('demand', [forecast(minute * MINUTE, minute)])
  const [slice] = table.select([{ name: '__name__', op: '=', value: 'barograph_forecast' }], everything)
  expect(slice!.labels.toJSON()).toEqual({
    __name__: 'barograph_forecast',
    metric: 'rps',
    quantile: '0.5',
    rule: 'demand',
    service_name: 'shop',
  })
  expect([...slice!.time_ms].map((t) => t / MINUTE)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1))
  // Minutes 1 and 2 had none made three minutes before; 3, 4, 5 show those of minutes 0, 1, 2.
  expect([...slice!.value]).toEqual([0, 1, 0, 1, 2, ...Array.from({ length: 10 }, () => 5)])
})

test('what was forecast can be judged later, also after a restart', () => {
  const table = new ForecastTable({ lead_ms: 0, retention_ms: 1e9 })
  table.put('demand', [forecast(0, 7)])
  const again = new ForecastTable({ lead_ms: 0, retention_ms: 1e9 })
  again.load(JSON.parse(JSON.stringify(table.save())) as ReturnType<typeof table.save>)
  const labels = Labels.of({ __name__: 'rps', service_name: 'shop' })
  expect(again.judged('demand', labels, 0.5, 4 * MINUTE)).toBe(7)
  expect(again.judged('demand', labels, 0.5, 11 * MINUTE)).toBeUndefined()
  expect(again.select([], everything)).toEqual(table.select([], everything))
})

test('a series that is forecast no more leaves with its last target', () => {
  const table = new ForecastTable({ lead_ms: 0, retention_ms: 60 * MINUTE })
  for (let pod = 0; pod < 50; pod++) {
    const labels = Labels.of({ __name__: 'rps', pod: `pod-${pod}` })
    const made_ms = pod * 10 * MINUTE
    table.put('demand', [{ ...forecast(made_ms, pod), labels }])
    // Of the last hour, and ten minutes ahead.
    expect(table.save().length).toBeLessThanOrEqual(9)
  }
  const pods = table.labelSets([]).map((labels) => labels.get('pod'))
  expect(pods).toContain('pod-49')
  expect(pods).toContain('pod-44')
})

test('old targets leave', () => {
  const table = new ForecastTable({ lead_ms: 0, retention_ms: 5 * MINUTE })
  for (let minute = 0; minute <= 100; minute++) table.put('demand', [forecast(minute * MINUTE, minute)])
  const [slice] = table.select([], everything)
  expect(slice!.time_ms.length).toBeLessThanOrEqual(16)
  expect(table.extent([])).toEqual({ from_ms: 95 * MINUTE, to_ms: 110 * MINUTE })
})
