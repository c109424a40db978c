import { expect, test } from 'vitest'

import { silentLog } from '#core/ports/log.ts'
import type { QueryEngine, RangeOptions } from '#core/ports/query-engine.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'

import { ForecastEngine } from './forecasting.ts'
import type { ForecastSpec } from './spec.ts'
import { ForecastTable } from './table.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const spec: ForecastSpec = {
  key: 'k',
  name: 'demand',
  expr: 'rps',
  horizon_ms: 60 * MINUTE,
  step_ms: MINUTE,
  interval_ms: MINUTE,
  quantiles: [0.1, 0.5, 0.9],
}

const truth = (time_ms: number): number => 100 + 50 * Math.sin((2 * Math.PI * time_ms) / DAY)

/** An engine over a series that is `truth` at every minute up to the time asked. */
function engine(series = 1) {
  const written: SeriesDefinition[] = []
  let queries = 0
  const query = {
    range: async (_: string, { from_ms, to_ms, step_ms }: RangeOptions) => {
      queries++
      const first = Math.max(0, from_ms)
      const time_ms = Float64Array.from(
        { length: Math.floor((to_ms - first) / step_ms) + 1 },
        (__, i) => first + i * step_ms,
      )
      return {
        type: 'matrix',
        series: Array.from({ length: series }, (__, i) => ({
          labels: Labels.of({ i: String(i) }),
          time_ms,
          value: time_ms.map(truth),
        })),
        warnings: [],
        infos: [],
      }
    },
  } as unknown as QueryEngine
  const table = new ForecastTable({ lead_ms: 5 * MINUTE, retention_ms: 15 * DAY })
  const writer = {
    resolve: (definition: SeriesDefinition) => written.push(definition) - 1,
    definition: (id: number) => written[id]!,
    newest: () => undefined,
    append: () => ({
      counts: { stored: 0, stored_late: 0, duplicate: 0, too_old: 0, too_far_ahead: 0, late_refused: 0 },
      refused_histograms: 0,
      exemplars: [],
      fresh: new Uint8Array(),
    }),
  }
  const made = new ForecastEngine({ query, writer, table, analysis_ms: () => 3 * DAY, log: silentLog })
  made.setRules([spec])
  return { engine: made, table, written, queries: () => queries }
}

test('a rule is forecast at most once a minute, readable at target times and at the present', async () => {
  const { engine: one, table, written, queries } = engine()
  for (let second = 0; second < 120; second += 15) await one.step('k', 3 * DAY + second * 1000)
  expect(queries()).toBe(2)
  const [forecast] = one.ofRule('demand')!
  expect(forecast!.target_ms[0]).toBe(3 * DAY + 2 * MINUTE)
  expect(forecast!.trust).toBe(1)
  expect(Math.abs(forecast!.values[1]![30]! - truth(forecast!.target_ms[30]!))).toBeLessThan(5)
  const future = table.select([{ name: 'quantile', op: '=', value: '0.5' }], {
    from_ms: 3 * DAY + 3 * MINUTE,
    to_ms: 4 * DAY,
  })
  expect(future[0]!.time_ms.length).toBe(59)
  const horizons = new Set(written.map(({ labels }) => labels.get('horizon')))
  expect(horizons).toEqual(new Set(['5m', '10m', '15m', '30m', '1h']))
  expect(one.ofRule('nothing')).toBeUndefined()
})

test('passed targets are judged: coverage and skill become known', async () => {
  const { engine: one } = engine()
  for (let minute = 0; minute < 60; minute++) await one.step('k', 3 * DAY + minute * MINUTE)
  const [forecast] = one.ofRule('demand')!
  expect([...forecast!.coverage.keys()]).toEqual([0.1, 0.5, 0.9])
  expect(Number.isFinite(forecast!.skill)).toBe(true)
})

test('a restart goes on as if there had been none', async () => {
  const [one, other] = [engine(), engine()]
  for (let minute = 0; minute < 5; minute++) {
    await one.engine.step('k', 3 * DAY + minute * MINUTE)
    if (minute < 3) await other.engine.step('k', 3 * DAY + minute * MINUTE)
  }
  const again = engine()
  again.engine.load(other.engine.save())
  expect(again.engine.ofRule('demand')).toEqual(other.engine.ofRule('demand'))
  for (let minute = 3; minute < 5; minute++) await again.engine.step('k', 3 * DAY + minute * MINUTE)
  expect(again.engine.save()).toEqual(one.engine.save())
  expect(() => again.engine.load(Buffer.from('{"version":9}'))).toThrow('version 9')
})

test('a forecast is made on demand; of too many series it is refused with advice', async () => {
  const request = { query: 'rps', horizon_ms: 10 * MINUTE, step_ms: MINUTE, quantiles: [0.5] }
  expect((await engine().engine.make(request))[0]!.target_ms.length).toBe(10)
  await expect(engine(101).engine.make(request)).rejects.toThrow('at most 100')
})

test('a rule that is gone takes its forecasts with it', async () => {
  const { engine: one, table } = engine()
  await one.step('k', 3 * DAY)
  one.setRules([])
  expect(one.ofRule('demand')).toBeUndefined()
  expect(table.labelSets([])).toEqual([])
  await one.step('k', 3 * DAY + MINUTE)
  expect(table.metadata()).toEqual([])
})
