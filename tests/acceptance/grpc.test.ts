// OTLP over gRPC into a whole process: what senders should not send, and that it harms nobody.
import { gzipSync } from 'node:zlib'

import { Client, credentials, type ServiceError as GrpcError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { countingMeter } from '../../collector/testing/decoding.fixture.ts'
import { encode } from '../../collector/testing/otlp.fixture.ts'
import { Barograph, BEGIN } from './barograph.ts'
import { good, MIB } from './garbage.ts'

const METRICS = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
const meter = countingMeter()
let barograph: Barograph
let client: Client

beforeAll(async () => {
  barograph = await Barograph.start({ rules: 'groups: []', meter })
  client = new Client(new URL(barograph.service.grpcUrl).host, credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await barograph.stop()
})

const same = (bytes: Buffer): Buffer => bytes

/** The code, and the answer or what is said. */
function exported(body: Uint8Array): Promise<[number, string]> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(METRICS, same, same, Buffer.from(body), (error: GrpcError | null, value) => {
      resolve(error === null ? [status.OK, value!.toString()] : [error.code, error.details])
    })
  })
}

test.each([
  ['random bytes', () => Buffer.alloc(1000, 0xff), status.INVALID_ARGUMENT, /malformed protobuf/],
  ['protobuf that breaks off', () => good.subarray(0, -5), status.INVALID_ARGUMENT, /malformed protobuf/],
  ['what was compressed twice', () => gzipSync(good), status.INVALID_ARGUMENT, /malformed protobuf/],
  ['65 MB', () => Buffer.alloc(65 * MIB), status.RESOURCE_EXHAUSTED, /a message may have 67108864 bytes/],
  [
    'six million empty objects',
    () => Buffer.alloc(12 * MIB, Buffer.from([0x0a, 0])),
    status.RESOURCE_EXHAUSTED,
    /4000000 objects/,
  ],
])('%s: refused with a word', async (_, body, code, says) => {
  expect(await exported(body())).toEqual([code, expect.stringMatching(says)])
})

test('a point without a time is told, and what is good beside it is kept', async () => {
  const point = { asDouble: 1, attributes: [{ key: 'good', value: { stringValue: 'yes' } }] }
  const dataPoints = [point, { ...point, timeUnixNano: `${BEGIN}000000` }]
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
  const scopeMetrics = [{ metrics: [{ name: 'over_grpc', gauge: { dataPoints } }] }]
  const [code, answer] = await exported(encode('metrics', { resourceMetrics: [{ resource, scopeMetrics }] }))
  expect([code, answer]).toEqual([status.OK, expect.stringContaining('a point has no time (1)')])
  const parameters = new URLSearchParams({ query: 'over_grpc{good="yes"}', time: String(BEGIN / 1000) })
  const { data } = await barograph.get<{ data: { result: object[] } }>(`/api/v1/query?${parameters.toString()}`)
  expect(data.result).toHaveLength(1)
})

test('after all of it the process works, and none of it was a bug', async () => {
  expect(await exported(good)).toEqual([status.OK, ''])
  expect(Object.keys(meter.counts).filter((name) => name.includes('internal'))).toEqual([])
})
