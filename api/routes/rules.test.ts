import { describe, expect, test } from 'vitest'

import { fixture } from '../testing/api.fixture.ts'

const { ask, json } = fixture()

async function names(query: string): Promise<string[]> {
  const body = (await json(`/api/v1/rules?${query}`)) as { data: { groups: { rules: { name: string }[] }[] } }
  return body.data.groups.flatMap(({ rules }) => rules.map(({ name }) => name))
}

describe('rules', () => {
  test('look as those of Prometheus', async () => {
    const body = JSON.stringify(await json('/api/v1/rules'), null, 2)
    await expect(`${body}\n`).toMatchFileSnapshot('../../tests/golden/api/rules.json')
  })

  test.each([
    ['', ['CheckoutErrorsHigh', 'job:up:sum']],
    ['type=record', ['job:up:sum']],
    ['type=anomaly', ['CheckoutLatencyUnusual']],
    ['type=all&rule_group[]=checkout', ['CheckoutErrorsHigh', 'CheckoutLatencyUnusual']],
    ['rule_name[]=job:up:sum&file[]=rules/records.yml', ['job:up:sum']],
    ['match[]={severity="critical"}', ['CheckoutErrorsHigh']],
    ['match[]={severity=~"warn.*"}', []],
  ])('with %j show %j', async (query, expected) => {
    expect(await names(query)).toEqual(expected)
  })

  test('come a page of groups at a time', async () => {
    const first = (await json('/api/v1/rules?group_limit=1')) as { data: { groups: unknown[]; groupNextToken: string } }
    expect(first.data.groups).toHaveLength(1)
    expect(await names(`group_limit=1&group_next_token=${first.data.groupNextToken}`)).toEqual(['job:up:sum'])
    expect((await ask('/api/v1/rules?group_limit=1&group_next_token=x')).status).toBe(400)
  })

  test('leave alerts out when told', async () => {
    expect(await json('/api/v1/rules?type=alert&exclude_alerts=true')).toMatchObject({
      data: { groups: [{ rules: [{ alerts: [], state: 'firing' }] }] },
    })
  })

  test('of a type that is none are refused', async () => {
    expect(await (await ask('/api/v1/rules?type=toString')).json()).toMatchObject({
      error: 'invalid parameter "type": not supported value "toString"',
    })
  })
})

test('alerts have their value with an exponent', async () => {
  expect(await json('/api/v1/alerts')).toMatchObject({
    data: { alerts: [{ state: 'firing', value: '1e+00', activeAt: '2026-11-20T09:51:00.000Z' }] },
  })
})

describe('status', () => {
  test('keeps Grafana from taking us for Thanos or Mimir', async () => {
    const { data } = (await json('/api/v1/status/buildinfo')) as { data: Record<string, unknown> }
    expect(data['version']).toMatch(/^3\.\d+\.\d+/)
    expect(data).not.toHaveProperty('features')
    expect(data).not.toHaveProperty('application')
    const flags = await ask('/api/v1/status/flags')
    expect(flags.status).toBe(404)
    expect(flags.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await flags.text()).toBe('404 page not found\n')
  })

  test('tells where cardinality comes from', async () => {
    expect(await json('/api/v1/status/tsdb?limit=1')).toMatchObject({
      data: {
        headStats: { numSeries: 3 },
        seriesCountByMetricName: [{ name: 'up', value: 2 }],
        memoryInBytesByLabelName: [{ name: 'job', value: 'checkout'.length + 'payments'.length }],
      },
    })
    expect((await ask('/api/v1/status/tsdb?limit=20000')).status).toBe(400)
  })

  test('shows the configuration and when we began', async () => {
    expect(await json('/api/v1/status/config')).toMatchObject({ data: { yaml: 'language: en\n' } })
    expect(await json('/api/v1/status/runtimeinfo')).toMatchObject({ data: { startTime: '2026-11-20T10:00:00.000Z' } })
  })
})
