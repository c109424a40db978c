import fc from 'fast-check'

// Arbitrary OTLP messages as protobufjs takes them. Times: of these years, 0, and absurd ones.

const text = fc.oneof(
  fc.constantFrom('a', 'service.name', 'http.route', '__proto__', 'ä/ö', ''),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
)
/** Mostly such as have a form in Prometheus. */
const name = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom('a', 'service.name', 'service.instance.id', 'http.route', '__proto__', 'host.name'),
  },
  { weight: 1, arbitrary: text },
)
const double = fc.double().map((value) => (value === 0 ? 0 : value))
const whole = fc.integer({ min: 0, max: 2 ** 40 })
const nanos = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1_790_000_000_000, max: 1_800_000_000_000 }).map((ms) => `${ms}123456`) },
  fc.constantFrom('0', '1', '999999', '18446744073709551615', '9223372036854775808'),
)

const { value: anyValue } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.maxSafeInteger() }),
    fc.record({ doubleValue: double }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)) }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({ values: fc.array(fc.record({ key: name, value: tie('value') }), { maxLength: 3 }) }),
    }),
  ),
}))

const attributes = fc.array(fc.record({ key: name, value: anyValue }), { maxLength: 3 })
const common = {
  attributes,
  startTimeUnixNano: nanos,
  timeUnixNano: nanos,
  flags: fc.constantFrom(0, 0, 0, 1, 256),
}
const count = fc.oneof(whole, fc.constant('18446744073709551615'))
const numberPoint = fc.oneof(
  fc.record({ ...common, asDouble: double }),
  fc.record({ ...common, asInt: fc.maxSafeInteger() }),
  fc.record(common),
)
const histogramPoint = fc
  .record({
    ...common,
    count,
    sum: double,
    bounds: fc.array(fc.integer(), { maxLength: 4 }),
    off: fc.constantFrom(1, 1, 1, 0),
  })
  .chain(({ bounds, off, ...point }) => {
    const explicitBounds = bounds.toSorted((a, b) => a - b)
    const length = explicitBounds.length + off
    return fc
      .array(count, { minLength: length, maxLength: length })
      .map((bucketCounts) => Object.assign({}, point, { explicitBounds, bucketCounts }))
  })
const summaryPoint = fc.record({
  ...common,
  count,
  sum: double,
  quantileValues: fc.array(fc.record({ quantile: fc.constantFrom(0, 0.5, 0.99, 1), value: double }), { maxLength: 3 }),
})
const side = fc.record({
  offset: fc.integer({ min: -40, max: 40 }),
  bucketCounts: fc.array(fc.nat(9), { maxLength: 8 }),
})
const exponentialPoint = fc.record({
  ...common,
  count,
  sum: double,
  scale: fc.integer({ min: -5, max: 20 }),
  zeroCount: fc.nat(9),
  zeroThreshold: fc.constantFrom(0, 0, 1e-9),
  positive: side,
  negative: side,
})
const points = <T>(point: fc.Arbitrary<T>) => fc.array(point, { maxLength: 4 })
const aggregationTemporality = fc.constantFrom(0, 1, 2, 2)

const data = fc.oneof(
  fc.record({ gauge: fc.record({ dataPoints: points(numberPoint) }) }),
  fc.record({
    sum: fc.record({ dataPoints: points(numberPoint), aggregationTemporality, isMonotonic: fc.boolean() }),
  }),
  fc.record({ histogram: fc.record({ dataPoints: points(histogramPoint), aggregationTemporality }) }),
  fc.record({ summary: fc.record({ dataPoints: points(summaryPoint) }) }),
  fc.record({ exponentialHistogram: fc.record({ dataPoints: points(exponentialPoint), aggregationTemporality }) }),
  fc.constant({}),
)
const metric = fc
  .record({ name, unit: fc.constantFrom('', 's', 'By/s', '1'), description: text })
  .chain((head) => data.map((content) => Object.assign({}, head, content)))

const id = (length: number) =>
  fc.oneof(
    fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(Buffer.alloc(length), Buffer.alloc(0), Buffer.of(1)),
  )
const logRecord = fc.record({
  timeUnixNano: nanos,
  observedTimeUnixNano: nanos,
  severityNumber: fc.integer({ min: 0, max: 25 }),
  severityText: fc.constantFrom('', 'WARNING', 'Error'),
  body: anyValue,
  attributes,
  traceId: id(16),
  spanId: id(8),
  eventName: text,
})
const span = fc.record({
  traceId: id(16),
  spanId: id(8),
  parentSpanId: id(8),
  name: text,
  kind: fc.integer({ min: 0, max: 6 }),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  status: fc.record({ code: fc.integer({ min: 0, max: 2 }) }),
})

function requests<T>(root: string, scopes: string, items: readonly [string, fc.Arbitrary<T>]): fc.Arbitrary<object> {
  const scope = fc.record({ [items[0]]: fc.array(items[1], { maxLength: 3 }) })
  const resource = fc.record({ resource: fc.record({ attributes }), [scopes]: fc.array(scope, { maxLength: 2 }) })
  return fc.record({ [root]: fc.array(resource, { maxLength: 2 }) })
}

/** Valid requests by signal. */
export const messages = {
  metrics: requests('resourceMetrics', 'scopeMetrics', ['metrics', metric]),
  logs: requests('resourceLogs', 'scopeLogs', ['logRecords', logRecord]),
  traces: requests('resourceSpans', 'scopeSpans', ['spans', span]),
} as const
