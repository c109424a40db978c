// History and forecast in one panel: forecasts answer at the times that they are about, everything else as in Prometheus.
import { afterEach, expect, test } from 'vitest'

import { Barograph, BEGIN, MINUTE, SECOND } from './barograph.ts'

const STEP = 5 * MINUTE
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const RULES = `
groups:
  - name: demand
    interval: 5m
    rules:
      - forecast: demand
        expr: load
        horizon: 2h
        step: 5m
        quantiles: [0.1, 0.5, 0.9]
`

/** Twice as much at noon as at midnight. */
const load = (time_ms: number): number => 150 - 50 * Math.cos((2 * Math.PI * (time_ms % DAY)) / DAY)

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [at: number, value: string])[]
}

let barograph: Barograph | undefined

afterEach(async () => {
  await barograph?.service.stop()
  barograph = undefined
})

/** Three days of history, and half a minute for the forecast to be made. */
async function fed(value: (time_ms: number) => number): Promise<Barograph> {
  const started = await Barograph.start({ rules: RULES, set: ['limits.out_of_order=4d'] })
  const times = Array.from({ length: (3 * DAY) / STEP }, (_, i) => BEGIN - 3 * DAY + (i + 1) * STEP)
  const dataPoints = times.map((at) => ({ timeUnixNano: `${at}000000`, asDouble: value(at) }))
  const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'load', gauge: { dataPoints } }] }] }] }
  expect((await started.post('/v1/metrics', body)).status).toBe(200)
  await started.pass(30 * SECOND)
  return started
}

async function panel(from: Barograph, expr: string): Promise<readonly Series[]> {
  const [start, end] = [from.now_ms - 6 * HOUR, from.now_ms + 2 * HOUR]
  const asked = new URLSearchParams({ query: expr, start: `${start / 1000}`, end: `${end / 1000}`, step: '300' })
  const answer = await from.get<{ data: { result: Series[] } }>(`/api/v1/query_range?${asked.toString()}`)
  return answer.data.result
}

test('a range from six hours ago to two hours ahead shows history and forecast, each where it belongs', async () => {
  barograph = await fed(load)
  const now_s = barograph.now_ms / 1000

  const [history] = await panel(barograph, 'load')
  // A sample counts for five minutes and no longer, whatever lies ahead.
  expect(history!.values.at(-1)![0]).toBeLessThan(now_s + 300)
  expect(history!.values.length).toBeGreaterThan((6 * HOUR) / STEP)

  const [median] = await panel(barograph, 'barograph_forecast{rule="demand",quantile="0.5"}')
  const ahead = median!.values.filter(([at]) => at > now_s)
  expect(ahead.length).toBeGreaterThanOrEqual((2 * HOUR) / STEP - 1)
  for (const [at, value] of ahead) expect(Number(value) / load(at * 1000)).toBeCloseTo(1, 1)

  const both = await panel(
    barograph,
    'sum without (rule, quantile, metric) ({__name__=~"load|barograph_forecast",quantile=~"0.5|"})',
  )
  expect(both[0]!.values.at(-1)![0]).toBeGreaterThan(now_s + 6000)
})

test('bands of a forecast do not cross at any time ahead', async () => {
  barograph = await fed((at) => load(at) + ((7919 * (at / STEP)) % 13))
  const wide = await panel(
    barograph,
    'barograph_forecast{quantile="0.9"} - ignoring(quantile) barograph_forecast{quantile="0.1"}',
  )
  expect(wide).toHaveLength(1)
  for (const [, value] of wide[0]!.values) expect(Number(value)).toBeGreaterThan(0)
})
