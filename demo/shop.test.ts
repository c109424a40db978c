import { expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

import { history } from './history.ts'
import { duration_ms, load, median_ms, shareBelow } from './shop.ts'

const MINUTE = 60_000
const DAY = 86_400_000

test('the day begins now, as it did yesterday', () => {
  const begin = 1_700_000_000_000
  expect(load(begin + 40 * MINUTE, begin)).toBeGreaterThan(5 * load(begin, begin))
  expect(load(begin - DAY + 20 * MINUTE, begin)).toBeCloseTo(load(begin + 20 * MINUTE, begin))
  expect(load(begin - MINUTE, begin)).toBeLessThan(8)
})

test('a slow database slows everyone who waits for it, and nobody else', () => {
  const fault = { service: 'payments-db', factor: 40 }
  expect(median_ms('storefront', fault) - median_ms('storefront')).toBe(273)
  expect(median_ms('catalog', fault)).toBe(median_ms('catalog'))
})

test('durations follow the distribution that the history was written with', () => {
  const random = seeded(1)
  const durations = Array.from({ length: 20_000 }, () => duration_ms(50, random))
  for (const bound of [0.025, 0.05, 0.075]) {
    const share = durations.filter((ms) => ms <= bound * 1000).length / durations.length
    expect(Math.abs(share - shareBelow(bound, 50))).toBeLessThan(0.01)
  }
})

test('history is cumulative, in order, and the same each time', () => {
  const now = 1_700_000_040_000
  const requests = [...history(now, 1)]
  expect(requests.at(-1)!.done).toBe(1)
  expect([...history(now, 1)].map(({ body }) => body)).toEqual(requests.map(({ body }) => body))
  let count = 0
  for (const { body } of requests) {
    const { resourceMetrics } = JSON.parse(body) as {
      resourceMetrics: {
        scopeMetrics: { metrics: { histogram: { dataPoints: { count: number; timeUnixNano: string }[] } }[] }[]
      }[]
    }
    for (const point of resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!.histogram.dataPoints) {
      expect(point.count).toBeGreaterThanOrEqual(count)
      ;({ count } = point)
    }
  }
  expect(count).toBeGreaterThan(100_000)
})
