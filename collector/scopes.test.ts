// Who a series is where scopes are labels: names and precedence are those of Prometheus' `otlp.promote_scope_metadata`.
import { describe, expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'

import { createDecoder } from './decoder.ts'
import { decoded, nanos, request, storeWith } from './testing/decoding.fixture.ts'
import { encode } from './testing/otlp.fixture.ts'

const T = 1_795_192_692_702
const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } })
const point = { timeUnixNano: nanos(T), asDouble: 1 }
const counts = { timeUnixNano: nanos(T), count: '3', sum: 4 }

const KINDS: Record<string, object> = {
  gauge: { gauge: { dataPoints: [point] } },
  sum: { sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] } },
  'sum of deltas': { sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] } },
  histogram: {
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [{ ...counts, bucketCounts: ['1', '2'], explicitBounds: [1] }],
    },
  },
  'exponential histogram': {
    exponentialHistogram: {
      aggregationTemporality: 2,
      dataPoints: [{ ...counts, scale: 0, zeroCount: '0', positive: { offset: 0, bucketCounts: ['3'] } }],
    },
  },
  summary: { summary: { dataPoints: [{ ...counts, quantileValues: [{ quantile: 0.5, value: 1 }] }] } },
}

interface InScope {
  readonly scope?: object
  readonly schemaUrl?: string
}

function body(scopes: readonly InScope[], data = KINDS['gauge']!): object {
  const attributes = [text('service.name', 'checkout'), text('host.arch', 'arm64')]
  const metrics = [{ name: 'm', ...data }]
  // As the SDK for JavaScript and the Collector write it: the schema behind the metrics.
  return {
    resourceMetrics: [
      { resource: { attributes }, scopeMetrics: scopes.map(({ scope, schemaUrl }) => ({ scope, metrics, schemaUrl })) },
    ],
  }
}

/** A body in each of the ways in which it is read. */
const WAYS: Record<string, (message: object) => Parameters<typeof request>[1]> = {
  protobuf: (message) => encode('metrics', JSON.parse(JSON.stringify(message)) as object),
  JSON: (message) => message,
  'JSON that is parsed': (message) => `{"unknown":1,${JSON.stringify(message).slice(1)}`,
}
const promoting = { meter: silentMeter, promote_scope_metadata: true }
const series = (lines: readonly string[]): string[] => lines.map((line) => line.slice(0, line.indexOf('}') + 1))

describe.each(Object.keys(WAYS))('in %s', (way) => {
  const write = WAYS[way]!
  const seriesOf = (scopes: readonly InScope[], data?: object, decoder = createDecoder(promoting)): string[] =>
    series(decoded(request('metrics', write(body(scopes, data))), { decoder }).lines)

  test.each(Object.keys(KINDS))('two libraries with one %s have a series each', (kind) => {
    const [a, b] = [{ name: 'liba', version: '1' }, { name: 'libb' }]
    const store = storeWith()
    const decoder = createDecoder(promoting)
    const take = (): string[] =>
      series(
        decoded(request('metrics', write(body([{ scope: a }, { scope: b }], KINDS[kind]))), { decoder, store }).lines,
      ).filter((line) => !line.startsWith('target_info'))
    const first = take()
    expect(new Set(first).size).toBe(first.length)
    const half = first.length / 2
    expect(first.filter((line) => line.includes('otel_scope_name="liba", otel_scope_version="1"'))).toHaveLength(half)
    expect(first.filter((line) => line.includes('otel_scope_name="libb"') && !line.includes('_version'))).toHaveLength(
      half,
    )
    // What is known already is the same.
    if (kind !== 'sum of deltas') expect(take()).toEqual(first)
  })

  test('attributes and schema are labels too; what says who the scope is stands above what an attribute says', () => {
    const scope = { name: 'lib', attributes: [text('lib.kind', 'db'), text('name', 'other')] }
    const own = { ...point, attributes: [text('otel.scope.version', 'mine'), text('otel_scope_lib_kind', 'x')] }
    expect(seriesOf([{ scope, schemaUrl: 'http://s/1' }], { gauge: { dataPoints: [own] } })).toEqual([
      'm{job="checkout", otel_scope_lib_kind="db", otel_scope_name="lib", otel_scope_schema_url="http://s/1", service_name="checkout"}',
      'target_info{host_arch="arm64", job="checkout"}',
    ])
  })

  test.each([
    ['none', {}],
    ['one without a name', { scope: { version: '1', attributes: [text('a', 'b')] }, schemaUrl: 'http://s/1' }],
  ])('of %s there are no labels', (_, scope) => {
    expect(seriesOf([scope])[0]).toBe('m{job="checkout", service_name="checkout"}')
  })

  test('scopes that differ in one thing alone are different', () => {
    const scopes = [
      { scope: { name: 'a' } },
      { scope: { name: 'a', version: '1' } },
      { scope: { name: 'a' }, schemaUrl: '1' },
      { scope: { name: 'a', attributes: [text('version', '1')] } },
      { scope: { name: 'a', attributes: [text('x', '1')] } },
    ]
    // An attribute `version` is nobody's: the version of the scope stands above it.
    expect(new Set(seriesOf(scopes)).size).toBe(5)
  })

  test('nothing of it unless it is asked for', () => {
    const scopes = [{ scope: { name: 'liba' }, schemaUrl: 'http://s/1' }, { scope: { name: 'libb' } }]
    const lines = seriesOf(scopes, undefined, createDecoder({ meter: silentMeter }))
    expect(new Set(lines)).toEqual(
      new Set(['m{job="checkout", service_name="checkout"}', 'target_info{host_arch="arm64", job="checkout"}']),
    )
  })
})

test('one resource in two scopes has one target_info', () => {
  const message = body([{ scope: { name: 'a' } }, { scope: { name: 'b' } }])
  const { lines } = decoded(request('metrics', message), { decoder: createDecoder(promoting) })
  expect(lines.filter((line) => line.startsWith('target_info'))).toHaveLength(1)
})
