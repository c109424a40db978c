// Requests of OTLP metrics at random: legal, and odd. Not among them is what Prometheus refuses a whole request for, and Barograph one point (a delta
// beside the others, a point without a time); attributes whose keys have two signs in a row that no label has, which are one `_` here and two there;
// and scales above 8, whose counts behind empty buckets Prometheus 3.15 merges into the bucket before.
import fc from 'fast-check'

type Value = fc.Arbitrary<object>

const picked = fc.constantFrom
const NAMES = [
  'a',
  'a.b',
  'total',
  'x.total.y',
  'foo.ratio',
  'x.bytes',
  'a-b--c',
  'seconds',
  'http_requests',
  'X.y',
  'a:b',
  'ü',
  '9',
  'a  b',
  'b_sum',
]
const UNITS = [
  '',
  '1',
  's',
  'ms',
  'By',
  'By/s',
  '{x}',
  '{x}/s',
  '%',
  '1/s',
  'm/s',
  'foo bar',
  'KiBy/min',
  'ü',
  '/s',
  's/',
  'By{x}',
  'a/b/c',
  ' s',
  'total',
  'a:b',
  's/s',
]
const KEYS = [
  'a',
  'b',
  'c.d',
  'a.b',
  'a_b',
  'A',
  '1a',
  '_a',
  '__a__',
  'ü',
  ' ',
  '区',

  'quantile',
  'job',
  'instance',
  'service.name',
  'host.name',
]

const { value } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    picked('x', 'y', '', 'ü', 'a;b', 'l\nm', '"', '😀').map((stringValue) => ({ stringValue })),
    picked('1', '-5', 7).map((intValue) => ({ intValue })),
    picked(1.5, 1, 0, 1e21, 1e-7).map((doubleValue) => ({ doubleValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.constant({ bytesValue: 'AQID' }),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
    fc
      .uniqueArray(picked('k', 'j', '<&>'), { maxLength: 2 })
      .chain((keys) =>
        fc
          .tuple(...keys.map((key) => tie('value').map((one) => ({ key, value: one }))))
          .map((values) => ({ kvlistValue: { values } })),
      ),
  ),
}))

const attributes = fc.uniqueArray(fc.record({ key: picked(...KEYS), value }), {
  maxLength: 4,
  selector: ({ key }) => key,
})

const exemplar = fc.record(
  {
    asDouble: picked(0.5, 3),
    traceId: picked('0af7651916cd43dd8448eb211c80319c', ''),
    filteredAttributes: fc.oneof(attributes, fc.constant([{ key: 'big', value: { stringValue: 'x'.repeat(70) } }])),
  },
  { requiredKeys: ['asDouble'] },
)

const ended = fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.constant({ flags: 1 }) })

function number(): Value {
  const numbers = fc.oneof(
    picked<number | string>(1, 2.5, -3, 1e300, 'NaN', '-Infinity', -0).map((asDouble) => ({ asDouble })),
    picked('1', '-7', '9007199254740993').map((asInt) => ({ asInt })),
  )
  return fc
    .tuple(numbers, ended, fc.array(exemplar, { maxLength: 1 }))
    .map(([one, end, exemplars]) => ({ ...one, ...end, exemplars }))
}

const counts = (length: number) => fc.array(fc.nat(9), { minLength: length, maxLength: length })
const total = (some: readonly number[]): number => some.reduce((sum, one) => sum + one, 0)
const sum = fc.oneof(
  { weight: 5, arbitrary: picked(1.5, -4, 0).map((one) => ({ sum: one })) },
  { weight: 1, arbitrary: fc.constant({}) },
)

function histogram(bounds: readonly number[]): Value {
  return fc
    .tuple(counts(bounds.length + 1), sum, ended, fc.array(exemplar, { maxLength: 1 }))
    .map(([buckets, told, end, exemplars]) => ({
      ...told,
      ...end,
      exemplars,
      count: String(total(buckets)),
      bucketCounts: buckets.map(String),
      explicitBounds: bounds,
    }))
}

const side = fc.record({ offset: picked(0, -3, 5, 100, -1), bucketCounts: fc.array(fc.nat(4), { maxLength: 8 }) })

function exponential(): Value {
  const parts = fc.tuple(side, fc.option(side, { nil: undefined }), fc.nat(3), picked(0, 1, 3, 8, -1, -4), sum, ended)
  return parts.map(([positive, negative, zeroCount, scale, told, end]) => {
    const count = zeroCount + total(positive.bucketCounts) + total(negative?.bucketCounts ?? [])
    return { ...told, ...end, count: String(count), zeroCount, scale, positive, ...(negative && { negative }) }
  })
}

function summary(): Value {
  const quantiles = fc.uniqueArray(picked(0, 0.5, 0.9, 1, 1e-7), { maxLength: 3 })
  return fc.tuple(quantiles, fc.nat(9), ended).map(([some, one, end]) => ({
    ...end,
    count: String(one),
    sum: one / 2,
    quantileValues: some.map((quantile) => ({ quantile, value: one })),
  }))
}

const cumulative = { aggregationTemporality: 2 }
const BOUNDS = [[0.5, 1, 2.5], [1], [], [0, 10, 1e6, 1e7], [-5, 0.001, 5]]

const points = fc.oneof(
  fc.array(number(), { minLength: 1, maxLength: 3 }).map((all) => ({ gauge: { dataPoints: all } })),
  fc
    .tuple(fc.array(number(), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([dataPoints, isMonotonic]) => ({ sum: { ...cumulative, isMonotonic, dataPoints } })),
  picked(...BOUNDS)
    .chain((bounds) => fc.array(histogram(bounds), { minLength: 1, maxLength: 3 }))
    .map((dataPoints) => ({ histogram: { ...cumulative, dataPoints } })),
  fc
    .array(exponential(), { minLength: 1, maxLength: 3 })
    .map((dataPoints) => ({ exponentialHistogram: { ...cumulative, dataPoints } })),
  fc.array(summary(), { minLength: 1, maxLength: 3 }).map((dataPoints) => ({ summary: { dataPoints } })),
)

const metric = fc.record({
  name: picked(...NAMES),
  unit: picked(...UNITS),
  description: picked('', 'help "x" \n ü'),
  data: points,
  attributes,
  started: fc.boolean(),
})

const resource = fc.uniqueArray(
  fc.record({
    key: picked(
      'service.namespace',
      'host.name',
      'k8s.pod.name',
      'os.type',
      'process.pid',
      'ü.x',
      'a.b',
      'a_b',
      'job',
      'telemetry.sdk.name',
    ),
    value: fc.oneof(
      picked('v', 'w').map((stringValue) => ({ stringValue })),
      picked('1').map((intValue) => ({ intValue })),
    ),
  }),
  { maxLength: 4, selector: ({ key }) => key },
)

interface Metric {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly data: object
  readonly attributes: readonly object[]
  readonly started: boolean
}

const STEP_MS = 10_000

/** The metric `i` of a message: a name of its own, the same attributes for all of its points, a moment for each. */
function metricOf({ name, unit, description, data, attributes: own, started }: Metric, i: number, begin_ms: number) {
  const [[kind, { dataPoints, ...rest }]] = Object.entries(data) as [[string, { dataPoints: object[] }]]
  const placed = dataPoints.map((point, j) => {
    const time = `${begin_ms + i + j * STEP_MS}000000`
    const exemplars = (point as { exemplars?: object[] }).exemplars?.map((one) => ({ ...one, timeUnixNano: time }))
    const start = started && { startTimeUnixNano: `${begin_ms - STEP_MS}000000` }
    return { ...point, attributes: own, timeUnixNano: time, ...start, ...(exemplars && { exemplars }) }
  })
  return { name: `n${i}.${name}`, unit, description, [kind]: { ...rest, dataPoints: placed } }
}

/** What a request is made of. */
export const message = fc.record({
  resource,
  instance: fc.boolean(),
  metrics: fc.array(metric, { minLength: 1, maxLength: 4 }),
  scope: attributes,
})

type Message = typeof message extends fc.Arbitrary<infer One> ? One : never

/** A request of the service `service`, whose first points lie at `begin_ms`. */
export function requestOf(
  { resource: more, instance, metrics, scope }: Message,
  service: string,
  begin_ms: number,
): object {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const own = [text('service.name', service), ...(instance ? [text('service.instance.id', 'i')] : []), ...more]
  const made = metrics.map((one, i) => metricOf(one, i, begin_ms))
  const scopeMetrics = [{ scope: { name: 'x', attributes: scope }, metrics: made }]
  return { resourceMetrics: [{ resource: { attributes: own }, scopeMetrics }] }
}
