import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { systemClock } from '#core/clock.ts'
import { Secret } from '#core/config/secret.ts'
import { Labels } from '#core/series.ts'

import { Peer } from '../peer.ts'
import { clientOf, inspect } from '../testing/history.fixture.ts'
import { failure, FakePrometheus } from '../testing/prometheus.fixture.ts'
import { UpstreamClient } from './client.ts'
import { RemoteQueryEngine } from './remote-query-engine.ts'

let prometheus: FakePrometheus
beforeEach(async () => {
  prometheus = new FakePrometheus()
  await prometheus.start()
})
afterEach(() => prometheus.stop())

const T = 1_795_000_000_000
const answered = (data: unknown, more: object = {}) => {
  prometheus.refuse = () => ({ status: 200, body: JSON.stringify({ status: 'success', data, ...more }) })
}
const engine = () =>
  new RemoteQueryEngine(clientOf(prometheus.url), { inspect, format: (expr) => expr, matchers: () => [] })

describe('a query evaluated elsewhere', () => {
  test('answers an instant with every number that Prometheus writes', async () => {
    const value = (text: string) => ({ metric: { v: text }, value: [T / 1000, text] })
    answered(
      { resultType: 'vector', result: ['1.5', 'NaN', '+Inf', '-Inf', '1e-300'].map(value) },
      { warnings: ['w'], infos: ['i'] },
    )
    const result = await engine().instant('up', T)
    expect(result).toMatchObject({ type: 'vector', warnings: ['w'], infos: ['i'] })
    const series = result.type === 'vector' ? result.series : []
    const byText = new Map(series.map((one) => [one.labels.get('v'), one.value[0]]))
    expect(byText).toEqual(
      new Map([
        ['1.5', 1.5],
        ['NaN', Number.NaN],
        ['+Inf', Infinity],
        ['-Inf', -Infinity],
        ['1e-300', 1e-300],
      ]),
    )
    expect(series.find(({ labels }) => labels.get('v') === '1.5')).toEqual(series[2])
    expect(series[2]).toEqual({
      labels: Labels.of({ v: '1.5' }),
      time_ms: Float64Array.of(T),
      value: Float64Array.of(1.5),
    })
    const form = prometheus.of('query')[0]!
    expect([form.get('query'), form.get('time')]).toEqual(['up', String(T / 1000)])
  })

  test('answers a range in columns, times to the millisecond', async () => {
    answered({
      resultType: 'matrix',
      result: [
        {
          metric: { a: 'b' },
          values: [
            [T / 1000, '1'],
            [T / 1000 + 0.123, '2'],
          ],
        },
      ],
    })
    const result = await engine().range('up', {
      from_ms: T,
      to_ms: T + 1000,
      step_ms: 500,
      timeout_ms: 1500,
      lookback_ms: 60_000,
    })
    expect(result).toMatchObject({ series: [{ time_ms: Float64Array.of(T, T + 123), value: Float64Array.of(1, 2) }] })
    expect(Object.fromEntries(prometheus.of('query_range')[0]!)).toEqual({
      query: 'up',
      start: String(T / 1000),
      end: String(T / 1000 + 1),
      step: '0.5',
      timeout: '1500ms',
      lookback_delta: '60000ms',
      partial_response: 'false',
    })
  })

  test('is ordered by labels, except where the expression has an order of its own', async () => {
    const one = (a: string) => ({ metric: { a }, value: [T / 1000, '1'] })
    answered({ resultType: 'vector', result: ['c', 'a', 'b'].map(one) })
    const order = async (expr: string) => {
      const result = await engine().instant(expr, T)
      return result.type === 'vector' ? result.series.map(({ labels }) => labels.get('a')) : []
    }
    expect([await order('up'), await order('sort_desc(up)')]).toEqual([
      ['a', 'b', 'c'],
      ['c', 'a', 'b'],
    ])
  })

  test('answers scalars and strings', async () => {
    answered({ resultType: 'scalar', result: [T / 1000, '2'] })
    expect(await engine().instant('up', T)).toMatchObject({ type: 'scalar', time_ms: T, value: 2 })
    answered({ resultType: 'string', result: [T / 1000, 'x'] })
    expect(await engine().instant('up', T)).toMatchObject({ type: 'string', value: 'x' })
  })

  test('goes by GET where only that is let through, from then on', async () => {
    prometheus.series = [{ labels: { __name__: 'up' }, samples: [[T, '1']] }]
    prometheus.refuse = (_, method) => (method === 'POST' ? { status: 405, body: '' } : undefined)
    const client = clientOf(prometheus.url)
    for (let i = 0; i < 2; i++) await client.series('{__name__="up"}', { from_ms: T - 1, to_ms: T }, 10)
    expect(prometheus.asked.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET'])
  })

  test.each([
    [failure(400, 'bad_data', 'parse error'), 'bad_data', false],
    [failure(422, 'execution', 'many-to-many'), 'execution', false],
    [failure(503, 'timeout', 'query timed out'), 'timeout', true],
    [failure(499, 'canceled', 'gone'), 'canceled', false],
    [failure(500, 'internal', 'disk'), 'unavailable', true],
    [failure(422, '422', 'VictoriaMetrics says'), 'execution', false],
    [{ status: 401, body: 'login' }, 'bad_config', false],
    [{ status: 404, body: '404 page not found' }, 'not_found', false],
    [{ status: 429, body: '' }, 'overloaded', true],
    [{ status: 502, body: '<html>' }, 'unavailable', true],
    [{ status: 200, body: '<html>a login page' }, 'not_found', false],
    [{ status: 302, body: '', headers: { location: 'https://elsewhere' } }, 'not_found', false],
    [
      {
        status: 200,
        body: '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}',
      },
      'execution',
      false,
    ],
  ] as const)('that answers %o is %s', async (answer, code, retryable) => {
    prometheus.refuse = () => answer
    await expect(engine().instant('up', T)).rejects.toMatchObject({ name: 'ServiceError', code, retryable })
  })

  test('that is not answered, not in time, or no longer wanted, says so', async () => {
    await expect(clientOf('http://127.0.0.1:1').instant('up', T)).rejects.toMatchObject({ code: 'unavailable' })
    prometheus.mute = () => true
    const slow = clientOf(prometheus.url, 50)
    await expect(slow.instant('up', T)).rejects.toMatchObject({ code: 'timeout' })
    const signal = AbortSignal.abort()
    await expect(clientOf(prometheus.url).instant('up', T, { signal })).rejects.toMatchObject({ code: 'canceled' })
  })
})

test('what is secret is sent and never shown', async () => {
  const url = prometheus.url.replace('http://', 'http://me:password-1234@')
  const headers = { 'X-Scope-OrgID': new Secret('tenant-secret') }
  const client = new UpstreamClient(
    new Peer({
      url: `${url}/prometheus?token=token-1234`,
      headers,
      timeout_ms: 1000,
      version: '1',
      clock: systemClock,
      fetch,
    }),
  )
  prometheus.refuse = () => ({ status: 403, body: 'no password-1234 for tenant-secret, token-1234' })
  const error: unknown = await client.instant('up', T).catch((caught: unknown) => caught)
  expect(String(error)).toContain('no <secret> for <secret>, <secret>')
  expect(prometheus.asked[0]).toMatchObject({
    path: '/prometheusquery',
    headers: {
      'x-scope-orgid': 'tenant-secret',
      authorization: `Basic ${Buffer.from('me:password-1234').toString('base64')}`,
    },
  })
})

test('metadata is read, of several descriptions the first', async () => {
  prometheus.metadata = {
    a: [
      { type: 'counter', unit: '', help: 'x' },
      { type: 'gauge', unit: '', help: 'y' },
    ],
    b: [{ type: 'odd', unit: 's', help: '' }],
  }
  expect([...(await clientOf(prometheus.url).metadata()).values()]).toEqual([
    { name: 'a', type: 'counter', unit: '', help: 'x' },
    { name: 'b', type: 'unknown', unit: 's', help: '' },
  ])
})
