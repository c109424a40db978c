// The same telemetry over HTTP and from a real broker, to processes of which one is killed in the middle. Set BAROGRAPH_TEST_KAFKA.
import kafkajs, { type Kafka, type Producer } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { encode } from '../../collector/testing/otlp.fixture.ts'
import { endAll, Server, until } from './process/barograph.ts'
import { SHOP_RULES, shopUntil, type Signal } from './process/shop.ts'

const { CompressionTypes, logLevel } = kafkajs
const BROKERS = process.env['BAROGRAPH_TEST_KAFKA'] ?? ''
const SERVICES = ['catalog', 'checkout', 'payments', 'payments-db']
/** Metrics are produced in so many records at once, with a pause between. */
const PACE = { records: 10, pause_ms: 50 }
const KILLED_AT = [120]

type Encoding = 'otlp_proto' | 'otlp_json'
type Topics = Readonly<Record<Signal, string>>

let kafka: Kafka
let producer: Producer

afterEach(endAll)

async function topicsFor(encoding: Encoding): Promise<Topics> {
  const named = (signal: Signal): string => `process_${encoding}_${signal}_${process.pid}_${Date.now()}`
  const topics = { traces: named('traces'), metrics: named('metrics'), logs: named('logs') }
  const admin = kafka.admin()
  await admin.connect()
  const created = Object.values(topics).map((topic) => ({ topic, numPartitions: 1 }))
  await admin.createTopics({ topics: created, waitForLeaders: true })
  await admin.disconnect()
  return topics
}

/** Ids in OTLP/JSON are hex; in protobuf they are bytes. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      /^(trace|span|parentSpan)Id$/.test(key) ? Buffer.from(String(inner), 'hex') : withBytes(inner),
    ]),
  )
}

function recordOf(signal: Signal, request: object, encoding: Encoding): Buffer {
  return encoding === 'otlp_json'
    ? Buffer.from(JSON.stringify(request))
    : Buffer.from(encode(signal, withBytes(request) as object))
}

/** Protobuf is packed with gzip, as the Collector does it; JSON is not. */
async function produced(topics: Topics, signal: Signal, requests: readonly object[], encoding: Encoding) {
  const compression = encoding === 'otlp_proto' ? CompressionTypes.GZIP : CompressionTypes.None
  const messages = requests.map((request) => ({ value: recordOf(signal, request, encoding) }))
  await producer.send({ topic: topics[signal], compression, messages })
}

async function slowly(topics: Topics, requests: readonly object[], encoding: Encoding): Promise<void> {
  for (let from = 0; from < requests.length; from += PACE.records) {
    await produced(topics, 'metrics', requests.slice(from, from + PACE.records), encoding)
    await new Promise((resolve) => setTimeout(resolve, PACE.pause_ms))
  }
}

const same = <T>(value: T): Record<string, T> => Object.fromEntries(SERVICES.map((service) => [service, value]))

/** Waits for points of every service, and gives what is counted. */
async function counted(server: Server, at_least: number, time_ms: number): Promise<Record<string, number>> {
  return until(`${at_least} points`, async () => {
    const counts = await server.query('count_over_time(latency_seconds[2h])', time_ms)
    return Object.values(counts).length === 4 && Object.values(counts).every((count) => count >= at_least)
      ? counts
      : undefined
  })
}

async function edges(server: Server): Promise<{ calls: number }[]> {
  return (await server.get<{ edges: { calls: number }[] }>('/api/v1/graph')).edges
}

/** Every trace is in: no edge waits for more. */
async function traced(server: Server, calls: number): Promise<void> {
  await until('all traces', async () => {
    const found = await edges(server)
    return found.length === 2 && found.every((edge) => edge.calls >= calls) ? true : undefined
  })
}

async function everything(server: Server) {
  await server.incidentOf(3, 1)
  return {
    open: await server.openIncidents(),
    incidents: await server.incidents(),
    findings: await server.get<unknown>('/api/v1/findings?limit=1000'),
    edges: await edges(server),
    scores: await server.get<unknown>('/api/v1/scores?limit=1000'),
  }
}

describe.skipIf(BROKERS === '')('Kafka (skipped unless BAROGRAPH_TEST_KAFKA names a broker)', () => {
  beforeAll(async () => {
    kafka = new kafkajs.Kafka({ clientId: 'test', brokers: BROKERS.split(','), logLevel: logLevel.NOTHING })
    producer = kafka.producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await producer.connect()
  })
  afterAll(() => producer.disconnect())

  test('the same input gives the same incident, and kill -9 in the middle loses and doubles nothing', async () => {
    const shop = shopUntil(Date.now())
    const { end_ms, requests, steps } = shop
    const topics = { otlp_proto: await topicsFor('otlp_proto'), otlp_json: await topicsFor('otlp_json') }
    const setup = (encoding: Encoding) => {
      const kafkaOf = {
        brokers: BROKERS.split(','),
        group: topics[encoding].metrics,
        topics: topics[encoding],
        encoding,
      }
      return { rules: SHOP_RULES, set: [`kafka=${JSON.stringify(kafkaOf)}`] }
    }
    const [overHttp, json, first] = await Promise.all([
      Server.start({ rules: SHOP_RULES }),
      Server.start(setup('otlp_json')),
      Server.start(setup('otlp_proto')),
    ])
    let proto = first

    // A topic has its own order and no more: who calls whom is known before the metrics come, as over HTTP.
    for (const request of requests.traces) await overHttp.post('traces', request)
    for (const encoding of ['otlp_json', 'otlp_proto'] as const)
      await produced(topics[encoding], 'traces', requests.traces, encoding)
    await Promise.all([overHttp, json, proto].map((server) => traced(server, steps)))

    for (const request of requests.metrics) await overHttp.post('metrics', request)
    const producing = Promise.all([
      produced(topics.otlp_json, 'metrics', requests.metrics, 'otlp_json'),
      slowly(topics.otlp_proto, requests.metrics, 'otlp_proto'),
    ])
    const killed: number[] = []
    for (const at of KILLED_AT) {
      killed.push((await counted(proto, at, end_ms))['checkout']!)
      await proto.kill()
      proto = await Server.start(setup('otlp_proto'), proto.folder)
    }
    await producing
    for (const server of [overHttp, json, proto]) {
      await counted(server, steps, end_ms)
      expect(await server.query('count_over_time(latency_seconds[2h])', end_ms)).toEqual(same(steps))
      expect(await server.query('sum_over_time(latency_seconds[2h])', end_ms)).toEqual(
        Object.fromEntries(Object.entries(shop.sums).map(([service, sum]) => [service, expect.closeTo(sum, 9)])),
      )
    }
    expect(killed.every((count) => count < steps)).toBe(true)
    const servers = [overHttp, json, proto]
    const [expected, ...others] = await Promise.all(servers.map(everything))
    expect(expected!.open).toHaveLength(1)
    for (const other of others) expect(other).toEqual(expected)

    for (const request of requests.logs) await overHttp.post('logs', request)
    for (const encoding of ['otlp_json', 'otlp_proto'] as const)
      await produced(topics[encoding], 'logs', requests.logs, encoding)
    const incidents = await Promise.all(servers.map((server) => server.incidentOf(4, 1)))
    expect(new Set(incidents.map(({ id }) => id))).toEqual(new Set([expected!.open[0]!.id]))
  })
})

test('a broker that is away holds nothing up', async () => {
  const [server, other] = await Promise.all([
    Server.start({ rules: SHOP_RULES, set: ['kafka={brokers: ["127.0.0.1:1"]}'] }),
    Server.start({ rules: SHOP_RULES }),
  ])
  await server.post('metrics', shopUntil(Date.now()).requests.metrics[0])
  expect((await fetch(`${server.apiUrl}/-/ready`)).status).toBe(200)
  expect(server.startup_ms).toBeLessThan(2 * other.startup_ms + 2000)
  expect(await server.stop()).toBe(0)
  expect(server.stderr).toBe('barograph: stopping\n')
})
