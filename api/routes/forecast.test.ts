import { describe, expect, test } from 'vitest'

import { fixture } from '../testing/api.fixture.ts'

interface Answer {
  series: { points: { at: string; quantiles: Record<string, number> }[]; skill?: number; coverage?: unknown }[]
}

async function forecastOf(query: string): Promise<Answer['series'][number]> {
  const { series } = (await fixture().json(`/api/v1/forecast?${query}`)) as Answer
  expect(series).toHaveLength(1)
  return series[0] ?? { points: [] }
}

describe('the forecast of a rule', () => {
  test('is the rule’s own, NaN left out', async () => {
    const { points, skill } = await forecastOf('query=checkout_demand')
    expect(skill).toBe(0.34)
    expect(points).toHaveLength(3)
    expect(points[2]).toEqual({ at: '2026-11-20T10:03:00.000Z', quantiles: { 0.1: 83, 0.9: 133 } })
  })

  test('is cut to the horizon, step and quantiles asked for', async () => {
    const { points } = await forecastOf('query=checkout_demand&horizon=2m&step=2m&quantiles=0.9')
    expect(points).toEqual([{ at: '2026-11-20T10:02:00.000Z', quantiles: { 0.9: 132 } }])
  })

  test.each([
    ['quantiles=0.2', /has 0.1, 0.5, 0.9, not 0.2/],
    ['step=90s', /has a step of 60s/],
    ['horizon=soon', /expected a duration/],
    ['horizon=0', /expected a duration/],
    ['quantiles=0.5,2', /between 0 and 1/],
  ])('with %s is refused', async (query, message) => {
    const response = await fixture().ask(`/api/v1/forecast?query=checkout_demand&${query}`)
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: { message: string } }).error.message).toMatch(message)
  })
})

describe('the forecast of any other query', () => {
  test('is made on demand', async () => {
    const made = await forecastOf('query=sum(rate(x[5m]))&horizon=1h')
    expect(made).not.toHaveProperty('skill')
    expect(made).not.toHaveProperty('coverage')
  })

  test('has limits', async () => {
    const { ask } = fixture()
    expect((await ask('/api/v1/forecast?query=x&horizon=31d')).status).toBe(400)
    expect((await ask('/api/v1/forecast?query=x&horizon=30d&step=1s')).status).toBe(400)
    expect((await ask('/api/v1/forecast')).status).toBe(400)
  })
})
