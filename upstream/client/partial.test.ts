// Answers in which something is missing, in the words of Thanos 0.42 and of a cluster of VictoriaMetrics.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { systemClock } from '#core/clock.ts'

import { Peer } from '../peer.ts'
import { failure, FakePrometheus } from '../testing/prometheus.fixture.ts'
import { UpstreamClient } from './client.ts'

const T = 1_795_000_000_000
const RANGE = { from_ms: T - 60_000, to_ms: T, step_ms: 15_000 }
const GONE =
  'fetch series for {receive="r2", tenant_id="default-tenant"} Addr: 127.0.0.1:10901 MinTime: 1795779590163 MaxTime: 9223372036854775807: ' +
  'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:10901: connect: connection refused"'
const EMPTY = { resultType: 'matrix', result: [] }

let prometheus: FakePrometheus
let told: string[]
beforeEach(async () => {
  told = []
  prometheus = new FakePrometheus()
  await prometheus.start()
})
afterEach(() => prometheus.stop())

function clientOf(query = '', timeout_ms = 2000): UpstreamClient {
  const url = `${prometheus.url}/${query}`
  const peer = new Peer({ url, headers: {}, timeout_ms, version: 'test', clock: systemClock, fetch })
  return new UpstreamClient(peer, (why) => told.push(why))
}

const answered = (more: object): void => {
  prometheus.refuse = (path) =>
    path === 'stores'
      ? undefined
      : { status: 200, body: JSON.stringify({ status: 'success', data: path === 'series' ? [] : EMPTY, ...more }) }
}

describe('an answer without what a store should have said', () => {
  test('is no answer: what it lacks is not gone', async () => {
    answered({ warnings: [GONE] })
    await expect(clientOf().range('up', RANGE)).rejects.toMatchObject({ code: 'unavailable', retryable: true })
    await expect(clientOf().range('up', RANGE)).rejects.toThrow('answered in part: fetch series for')
    await expect(clientOf().series('up', RANGE, 10)).rejects.toMatchObject({ code: 'unavailable' })
    answered({ isPartial: true })
    await expect(clientOf().instant('up', T)).rejects.toMatchObject({ code: 'unavailable' })
    expect(told).toEqual([])
  })

  test('is not asked for, unless the address asks for it; then it is taken and told', async () => {
    answered({ warnings: [GONE] })
    expect(await clientOf('?partial_response=true').range('up', RANGE)).toMatchObject({ series: [] })
    expect(told).toEqual([GONE.slice(0, 300)])
    await clientOf('?partial_response=false')
      .metadata()
      .catch(() => undefined)
    await clientOf()
      .metadata()
      .catch(() => undefined)
    expect(prometheus.asked.map(({ form }) => form.getAll('partial_response'))).toEqual([[], ['false'], ['false']])
  })

  test('is told from one with which the expression has to do', async () => {
    answered({
      warnings: ['PromQL warning: encountered a mix of histograms and floats', 'results truncated due to limit'],
    })
    await clientOf().range('up', RANGE)
    expect(told).toEqual([])
    answered({ warnings: ['remote read: server returned HTTP status 500'] })
    await clientOf().range('up', RANGE)
    expect(told).toEqual(['remote read: server returned HTTP status 500'])
  })
})

test.each([
  [`expanding series: proxy Series(): ${GONE}`, 'unavailable'],
  ['expanding series: proxy Series(): No StoreAPIs available', 'unavailable'],
  [
    'expanding series: proxy Series(): rpc error: code = Aborted desc = receive series from Addr: store:10901: context deadline exceeded',
    'timeout',
  ],
  [
    'expanding series: proxy Series(): rpc error: code = Aborted desc = fetch series for {} store:10901: rpc error: code = ResourceExhausted desc = exceeded series limit: limit 10 violated',
    'too_large',
  ],
  [
    'expanding series: proxy Series(): rpc error: code = Aborted desc = receive series from Addr: sidecar:10901: rpc error: code = Unknown desc = ' +
      'query Prometheus: send request: Post "http://prometheus:9090/api/v1/read": read tcp: read: connection reset by peer',
    'unavailable',
  ],
  ['multiple matches for labels: many-to-one matching must be explicit', 'execution'],
])('of a failure that is said to be of the query, %j is %s', async (error, code) => {
  prometheus.refuse = () => failure(422, 'execution', error)
  await expect(clientOf().range('up', RANGE)).rejects.toMatchObject({ code })
})

describe('a store that is asked no more', () => {
  test('makes of an answer none, until it is asked again', async () => {
    prometheus.evaluate = () => ({ '{}': 1 })
    prometheus.stores = [
      { name: 'a:10901', lastError: null },
      { name: 'b:10901', lastError: 'rpc error: code = Unavailable' },
    ]
    const client = clientOf()
    await expect(client.range('up', RANGE)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(client.range('up', RANGE)).rejects.toThrow('answers without b:10901: rpc error')
    await expect(client.series('{__name__="up"}', RANGE, 10)).rejects.toMatchObject({ code: 'unavailable' })
    prometheus.stores[1] = { name: 'b:10901', lastError: null }
    expect(await client.range('up', RANGE)).toMatchObject({ series: [{}] })
  })

  test('is not known of while the list does not come: that is no fault of the query', async () => {
    prometheus.evaluate = () => ({ '{}': 1 })
    prometheus.stores = [{ name: 'a:10901', lastError: null }]
    const client = clientOf()
    prometheus.refuse = (path) => (path === 'stores' ? { status: 500, body: '' } : undefined)
    await client.range('up', RANGE)
    let muted = 0
    prometheus.mute = (form) => form.size === 0 && muted++ === 0
    await expect(clientOf('', 100).range('up', RANGE)).rejects.toMatchObject({ code: 'unavailable' })
    prometheus.refuse = () => undefined
    expect(await client.range('up', RANGE)).toMatchObject({ series: [{}] })
    prometheus.refuse = (path) => (path === 'stores' ? { status: 502, body: '' } : undefined)
    await expect(client.range('up', RANGE)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('does not matter where partial answers are wanted, nor is a Prometheus asked for its stores again', async () => {
    prometheus.evaluate = () => ({ '{}': 1 })
    const paths: string[] = []
    prometheus.refuse = (path) => void paths.push(path)
    prometheus.stores = [{ name: 'b:10901', lastError: 'rpc error: code = Unavailable' }]
    await clientOf('?partial_response=1').range('up', RANGE)
    expect(paths).toEqual(['query_range'])
    const client = clientOf()
    prometheus.refuse = (path) => {
      paths.push(path)
      return path === 'stores' ? { status: 404, body: '404 page not found' } : undefined
    }
    await client.range('up', RANGE)
    await client.range('up', RANGE)
    expect(paths).toEqual(['query_range', 'query_range', 'stores', 'query_range'])
  })
})
