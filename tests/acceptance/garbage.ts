import { gzipSync, zstdCompressSync } from 'node:zlib'

import { seeded } from '#core/random.ts'

import { encode } from '../../collector/testing/otlp.fixture.ts'
import { BEGIN } from './barograph.ts'

export const MIB = 2 ** 20
const YEAR = 365 * 86_400_000
export const JSON_TYPE = { 'content-type': 'application/json' }
export const PROTO = { 'content-type': 'application/x-protobuf' }
const GZIP = { ...PROTO, 'content-encoding': 'gzip' }

const nano = (time_ms: number): string => `${time_ms}000000`
const list = (attributes: Readonly<Record<string, string>>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }))
const resource = (service = 'shop') => ({ attributes: list({ 'service.name': service }) })
const point = (attributes: Readonly<Record<string, string>> = {}, more: object = {}) => ({
  timeUnixNano: nano(BEGIN),
  asDouble: 1,
  attributes: list(attributes),
  ...more,
})
/** One gauge with these points and a good one beside them. */
const gauge = (name: string, ...points: object[]) => ({
  resourceMetrics: [
    {
      resource: resource(),
      scopeMetrics: [{ metrics: [{ name, gauge: { dataPoints: [...points, point({ good: 'yes' })] } }] }],
    },
  ],
})
const histogram = (name: string, bounds: readonly number[], buckets: readonly string[]) => ({
  resourceMetrics: [
    {
      resource: resource(),
      scopeMetrics: [
        {
          metrics: [
            {
              name,
              histogram: {
                aggregationTemporality: 2,
                dataPoints: [{ timeUnixNano: nano(BEGIN), count: '3', explicitBounds: bounds, bucketCounts: buckets }],
              },
            },
          ],
        },
      ],
    },
    ...gauge(name.replace('histogram', 'beside')).resourceMetrics,
  ],
})
const logs = (service: string, ...records: object[]) => ({
  resourceLogs: [{ resource: resource(service), scopeLogs: [{ logRecords: records }] }],
})
const record = (more: object = {}) => ({ timeUnixNano: nano(BEGIN), body: { stringValue: 'hello' }, ...more })
const spans = (service: string, ...items: object[]) => ({
  resourceSpans: [{ resource: resource(service), scopeSpans: [{ spans: items }] }],
})
const span = (more: object = {}) => ({
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  name: 'serve',
  kind: 2,
  startTimeUnixNano: nano(BEGIN),
  endTimeUnixNano: nano(BEGIN + 1),
  ...more,
})
/** A field of protobuf with a message in it. */
function wrapped(field: number, inner: Uint8Array): Buffer {
  const { length } = inner
  return Buffer.concat([Buffer.of(field * 8 + 2, (length & 127) | 128, length >> 7), inner])
}
/** A log record whose body is a list in a list in a list… */
function nestedRecord(depth: number): Buffer {
  let value: Buffer = Buffer.alloc(0)
  for (let i = 0; i < depth; i++) value = wrapped(5, wrapped(1, value))
  return wrapped(1, wrapped(2, wrapped(2, wrapped(5, value))))
}
function noise(length: number): Buffer {
  const random = seeded(3)
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
}

/** Members one behind the other inflate to all of it. */
const TENTH = gzipSync(Buffer.alloc(40 * MIB))
export const good = encode('metrics', gauge('fine'))
const proto = (message: object): Uint8Array => encode('metrics', message)

export interface Case {
  readonly what: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: () => unknown
  readonly status: number
  readonly says: RegExp | ''
  /** Each grows. */
  readonly counts: readonly string[]
  /** A metric whose good point is there afterwards. */
  readonly kept?: string
}

export const refused = (outcome: string, signal = 'metrics'): string[] => [
  `barograph.collector.requests{receiver=otlp_http,signal=${signal},outcome=${outcome}}`,
]
const rejected = (reason: string, signal = 'metrics'): string =>
  `barograph.collector.rejected{signal=${signal},reason=${reason}}`
const BAD = { status: 400, counts: [...refused('bad_data'), 'barograph.pipeline.refused{kind=otlp,code=bad_data}'] }

/** Nobody can read them: refused as a whole. */
export const bodies: readonly Case[] = [
  {
    what: 'protobuf that breaks off',
    headers: PROTO,
    body: () => good.subarray(0, -5),
    ...BAD,
    says: /malformed protobuf: \d+ bytes announced/,
  },
  { what: 'random bytes', headers: PROTO, body: () => noise(10_000), ...BAD, says: /malformed protobuf/ },
  {
    what: 'a length beyond all bytes',
    headers: PROTO,
    body: () => Buffer.from('0affffffffffffffffff7f', 'hex'),
    ...BAD,
    says: /bytes announced, 0 there/,
  },
  {
    what: 'JSON said to be protobuf',
    headers: PROTO,
    body: () => JSON.stringify(gauge('x')),
    ...BAD,
    says: /malformed protobuf/,
  },
  { what: 'protobuf said to be JSON', body: () => good, ...BAD, says: /malformed JSON/ },
  { what: 'nothing said to be JSON', body: () => '', ...BAD, says: /malformed JSON: Unexpected end/ },
  { what: 'bytes that are no UTF-8', body: () => Buffer.from('7b22ff227d', 'hex'), ...BAD, says: /not UTF-8/ },
  { what: 'a list for a request', body: () => '[]', ...BAD, says: /"request" must be an object/ },
  {
    what: 'a word for a number',
    body: () => JSON.stringify(gauge('x', point({}, { asDouble: 'many' }))),
    ...BAD,
    says: /"asDouble" must be a number/,
  },
  {
    what: 'a word for a time',
    body: () => JSON.stringify(gauge('x', point({}, { timeUnixNano: 'now' }))),
    ...BAD,
    says: /"timeUnixNano" must be whole nanoseconds/,
  },
  {
    what: 'a key that stands twice',
    body: () => '{"resourceMetrics":[],"resourceMetrics":[]}',
    ...BAD,
    says: /the key "resourceMetrics" stands twice in one object/,
  },
  { what: 'JSON nested without end', body: () => '['.repeat(100_000), ...BAD, says: /nested more than 300 deep/ },
  {
    what: 'a value nested without end',
    headers: PROTO,
    path: '/v1/logs',
    body: () => nestedRecord(200),
    status: 400,
    counts: refused('bad_data', 'logs'),
    says: /nested more than 100 deep/,
  },
  {
    what: 'six million empty objects',
    headers: GZIP,
    body: () => gzipSync(Buffer.alloc(12 * MIB, Buffer.from([0x0a, 0]))),
    status: 413,
    counts: refused('too_large'),
    says: /4000000 objects: limits.body_objects/,
  },
  {
    what: 'what is no gzip',
    headers: GZIP,
    body: () => good,
    status: 400,
    counts: refused('bad_data'),
    says: /cannot be inflated/,
  },
  {
    what: 'gzip that breaks off',
    headers: GZIP,
    body: () => gzipSync(good).subarray(0, 30),
    status: 400,
    counts: refused('bad_data'),
    says: /unexpected end of file/,
  },
  {
    what: 'a gzip bomb of 400 MB',
    headers: GZIP,
    body: () => Buffer.concat(Array.from({ length: 10 }, () => TENTH)),
    status: 413,
    counts: refused('too_large'),
    says: /an inflated body may have 67108864 bytes/,
  },
  {
    what: 'a zstd bomb of 400 MB',
    headers: { ...PROTO, 'content-encoding': 'zstd' },
    body: () => zstdCompressSync(Buffer.alloc(400 * MIB)),
    status: 413,
    counts: refused('too_large'),
    says: /an inflated body may have 67108864 bytes/,
  },
  {
    what: '100 MB as they are',
    body: () => Buffer.alloc(100 * MIB, ' '),
    status: 413,
    counts: refused('too_large'),
    says: /a body may have 67108864 bytes/,
  },
  {
    what: 'another encoding',
    headers: { ...PROTO, 'content-encoding': 'br' },
    body: () => good,
    status: 415,
    counts: refused('http_415'),
    says: /content-encoding must be gzip, zstd, .* or identity/,
  },
  {
    what: 'another content type',
    headers: { 'content-type': 'text/plain' },
    body: () => 'up 1',
    status: 415,
    counts: refused('http_415'),
    says: /content-type must be application\/x-protobuf or application\/json/,
  },
  {
    what: 'no content type',
    headers: {},
    body: () => good,
    status: 415,
    counts: refused('http_415'),
    says: /content-type must be/,
  },
  {
    what: 'another path',
    path: '/v1/metric',
    body: () => '{}',
    status: 404,
    counts: refused('http_404', 'none'),
    says: /there are \/v1\/metrics, \/v1\/logs, \/v1\/traces/,
  },
  {
    what: 'another method',
    method: 'GET',
    body: () => undefined,
    status: 405,
    counts: refused('http_405'),
    says: /only POST/,
  },
  {
    what: 'a page of another origin',
    headers: { ...JSON_TYPE, origin: 'http://evil.example' },
    body: () => '{}',
    status: 403,
    counts: refused('http_403'),
    says: /may not send here/,
  },
]

const POISON = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},'
/** What is good in them is kept. */
export const points: readonly Case[] = [
  {
    what: '__proto__ as a key of JSON',
    body: () => JSON.stringify(gauge('proto_key')).replace('{', POISON),
    status: 200,
    says: '',
    counts: [],
    kept: 'proto_key',
  },
  {
    what: '__proto__ as an attribute',
    body: () =>
      JSON.stringify(
        gauge(
          'proto_attribute',
          point({ constructor: 'x' }, { attributes: [{ key: '__proto__', value: { stringValue: 'x' } }] }),
        ),
      ),
    status: 200,
    says: '',
    counts: [],
    kept: 'proto_attribute',
  },
  {
    what: 'NaN and infinities',
    body: () =>
      JSON.stringify(
        gauge('not_finite', point({ a: '1' }, { asDouble: 'NaN' }), point({ a: '2' }, { asDouble: '-Infinity' })),
      ),
    status: 200,
    says: '',
    counts: ['barograph.detectors.skipped{reason=not_finite}'],
    kept: 'not_finite',
  },
  {
    what: 'a point without a value',
    body: () => JSON.stringify(gauge('no_value', { timeUnixNano: nano(BEGIN) })),
    status: 200,
    says: /a point has no value \(1\)/,
    counts: [rejected('no_value')],
    kept: 'no_value',
  },
  {
    what: 'a point without a time',
    body: () => JSON.stringify(gauge('no_time', point({}, { timeUnixNano: '0' }))),
    status: 200,
    says: /a point has no time \(1\)/,
    counts: [rejected('no_time')],
    kept: 'no_time',
  },
  {
    what: 'a negative time',
    body: () => JSON.stringify(gauge('negative', point({}, { timeUnixNano: '-5000000' }))),
    status: 200,
    says: /beyond every calendar \(1\)/,
    counts: [rejected('bad_time')],
    kept: 'negative',
  },
  {
    what: 'the largest time',
    headers: PROTO,
    body: () => proto(gauge('largest', point({}, { timeUnixNano: '18446744073709551615' }))),
    status: 200,
    says: /beyond every calendar \(1\)/,
    counts: [rejected('bad_time')],
    kept: 'largest',
  },
  {
    what: 'a time ten years ahead',
    headers: PROTO,
    body: () => proto(gauge('ahead', point({ a: '1' }, { timeUnixNano: nano(BEGIN + 10 * YEAR) }))),
    status: 200,
    says: /a sample is further ahead than limits.ahead \(1\)/,
    counts: ['barograph.store.samples{outcome=too_far_ahead}'],
    kept: 'ahead',
  },
  {
    what: 'a time a year ago',
    headers: PROTO,
    body: () => proto(gauge('ago', point({ a: '1' }, { timeUnixNano: nano(BEGIN - YEAR) }))),
    status: 200,
    says: /a sample is older than is kept \(1\)/,
    counts: ['barograph.store.samples{outcome=too_old}'],
    kept: 'ago',
  },
  {
    what: 'a label of 1 MB',
    headers: PROTO,
    body: () => proto(gauge('label', point({ a: 'x'.repeat(MIB) }))),
    status: 200,
    says: /label a has 1048576 characters: limits.label_value_length is 4096 \(1\)/,
    counts: [rejected('limit'), 'barograph.store.series.refused{limit=label_value_length}'],
    kept: 'label',
  },
  {
    what: 'the name of a label of 1 MB',
    body: () => JSON.stringify(gauge('label_name', point({ ['k'.repeat(MIB)]: 'x' }))),
    status: 200,
    says: /limits.label_name_length is 512 \(1\)/,
    counts: [rejected('limit'), 'barograph.store.series.refused{limit=label_name_length}'],
    kept: 'label_name',
  },
  {
    what: 'a thousand labels',
    body: () =>
      JSON.stringify(
        gauge('labels', point(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 'x'])))),
      ),
    status: 200,
    says: /1003 labels: limits.labels is 64 \(1\)/,
    counts: [rejected('limit'), 'barograph.store.series.refused{limit=labels}'],
    kept: 'labels',
  },
  {
    what: 'a metric without a name',
    body: () => JSON.stringify({ resourceMetrics: [...gauge('').resourceMetrics, ...gauge('named').resourceMetrics] }),
    status: 200,
    says: /"" is no name for a metric/,
    counts: [rejected('name')],
    kept: 'named',
  },
  {
    what: 'bounds that do not ascend',
    body: () => JSON.stringify(histogram('histogram_bounds', [2, 1], ['1', '1', '1'])),
    status: 200,
    says: /bounds of a histogram do not ascend/,
    counts: [rejected('bounds')],
    kept: 'beside_bounds',
  },
  {
    what: 'a bucket too few',
    body: () => JSON.stringify(histogram('histogram_buckets', [1, 2], ['1', '2'])),
    status: 200,
    says: /2 bounds and 2 buckets/,
    counts: [rejected('buckets')],
    kept: 'beside_buckets',
  },
  {
    what: 'five thousand buckets',
    body: () =>
      JSON.stringify(
        histogram(
          'histogram_wide',
          Array.from({ length: 5000 }, (_, i) => i),
          Array.from({ length: 5001 }, () => '1'),
        ),
      ),
    status: 200,
    says: /5001 buckets: limits.buckets is 512/,
    counts: [rejected('limit')],
    kept: 'beside_wide',
  },
  {
    what: 'a log record without a time',
    path: '/v1/logs',
    body: () => JSON.stringify(logs('shop', { body: { stringValue: 'x' } }, record())),
    status: 200,
    says: /a log record has no time \(1\)/,
    counts: [rejected('no_time', 'logs'), 'barograph.collector.points{signal=logs}'],
  },
  {
    what: 'a log record of 1 MB',
    path: '/v1/logs',
    body: () => JSON.stringify(logs('shop', record({ body: { stringValue: 'word '.repeat(200_000) } }))),
    status: 200,
    says: '',
    counts: ['barograph.collector.points{signal=logs}'],
  },
  {
    what: 'a log of a service with a name of 1 MB',
    path: '/v1/logs',
    body: () => JSON.stringify(logs('x'.repeat(MIB), record())),
    status: 200,
    says: /label service_name has 1048576 characters/,
    counts: [rejected('limit', 'logs')],
  },
  {
    what: 'spans without ids',
    path: '/v1/traces',
    body: () => JSON.stringify(spans('shop', span({ traceId: 'zz' }), span({ spanId: '' }), span())),
    status: 200,
    says: /no trace id or no span id \(2\)/,
    counts: [rejected('id', 'traces'), 'barograph.collector.points{signal=traces}'],
  },
  {
    what: 'a span of a service with a name of 1 MB',
    path: '/v1/traces',
    body: () => JSON.stringify(spans('x'.repeat(MIB), span())),
    status: 200,
    says: /label service_name has 1048576 characters/,
    counts: [rejected('limit', 'traces')],
  },
]
