import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import type { Decoder } from '#core/ports/decoder.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { serviceOf } from '#core/series.ts'
import { atOnce } from '#core/steps.ts'

import { createDecoder } from './decoder.ts'
import { countingMeter, decoded, metrics, nanos, request, storeWith } from './testing/decoding.fixture.ts'
import { encode } from './testing/otlp.fixture.ts'

const T = 1_795_192_692_702
const point = { timeUnixNano: nanos(T), asDouble: 1 }
const pointAt = (time_ms: number, asDouble: unknown): object => ({ timeUnixNano: nanos(time_ms), asDouble })
const gauge = (...dataPoints: readonly object[]): object => ({ name: 'x', gauge: { dataPoints } })
const sum = (temporality: number, ...dataPoints: readonly object[]): object => {
  return { name: 'x', sum: { aggregationTemporality: temporality, isMonotonic: true, dataPoints } }
}
const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } })
const fixture = (name: string): Buffer => readFileSync(`${import.meta.dirname}/../tests/fixtures/otlp-js/${name}`)

describe('captures of the OpenTelemetry JS SDK', () => {
  const ME = 'instance="i-1", job="checkout", service_name="checkout"'

  test.each(['js-01-metrics.json', 'js-05-metrics.pb'])('become Prometheus series: %s', (name) => {
    const body = fixture(name)
    const { lines, rejected, message } = decoded(request('metrics', name.endsWith('pb') ? body : body.toString()))
    const at = name.endsWith('pb') ? 1_795_192_692_724 : T
    expect(lines).toEqual([
      `req_count_total{http_route="/a", ${ME}} counter {request} ${at} 5`,
      `temp_celsius{${ME}} gauge Cel ${at} 2.5`,
      `q{${ME}} gauge  ${at} -2`,
      `target_info{arr="[\\"a\\",\\"b\\"]", b="true", f="1.5", instance="i-1", job="checkout", n="3"} gauge  ${at} 1`,
      `lat_milliseconds{${ME}} histogram ms ${at} le [1,10] 1 3 [0,1,0]`,
      // 0.5 and 4 at scale 5: buckets -33 and 63, in a window of 112 from -48 on.
      `eh_seconds{${ME}} exponential s ${at} 5 [-48,112] [0,0] 2 4.5 {16:1,112:1}`,
    ])
    expect({ rejected, message }).toEqual({ rejected: 0, message: '' })
  })

  test('become log records', () => {
    const { logs } = decoded(request('logs', fixture('js-07-logs.json').toString()))
    expect(logs.map((record) => Object.assign({}, record, { labels: String(record.labels) }))).toEqual([
      {
        time_ms: 1_795_192_692_731,
        labels: '{service_name="checkout"}',
        level: 'error',
        body: 'boom',
        trace_id: '',
        span_id: '',
      },
    ])
  })
})

describe('labels', () => {
  test('come from the point, then from the resource', () => {
    const attributes = [
      attribute('service.name', 'pay'),
      attribute('service.namespace', 'shop'),
      attribute('service.version', '1.2'),
      attribute('k8s.pod.name', 'pay-1'),
      attribute('host.name', 'n1'),
    ]
    const own = {
      ...point,
      attributes: [
        attribute('host.name', 'mine'),
        // Empty, they are as good as none.
        attribute('k8s.pod.name', ''),
        attribute('a-b', ''),
        attribute('a.b', '1'),
        attribute('a_b', '2'),
      ],
    }
    const { lines } = decoded(
      request('metrics', {
        resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics: [gauge(own)] }] }],
      }),
    )
    expect(lines[0]).toBe(
      `x{a_b="1;2", host_name="mine", job="shop/pay", k8s_pod_name="pay-1", service_name="pay", service_namespace="shop"} gauge  ${T} 1`,
    )
    expect(lines[1]).toBe(
      `target_info{host_name="n1", job="shop/pay", k8s_pod_name="pay-1", service_version="1.2"} gauge  ${T} 1`,
    )
  })

  test('cannot take the name away, and __proto__ is one like others', () => {
    const own = { ...point, attributes: [attribute('__name__', 'y'), attribute('__proto__', 'z')] }
    const text = JSON.stringify(metrics(gauge(own)))
    expect(decoded(request('metrics', text)).lines[0]).toContain('x{__proto__="z", job="checkout"')
    expect(({} as Record<string, unknown>)['z']).toBeUndefined()
  })

  test('in another order are the same series', () => {
    const [a, b] = [attribute('a', '1'), attribute('b', '2')]
    const store = storeWith()
    const body = metrics(gauge({ ...point, attributes: [a, b] }, { ...point, attributes: [b, a] }))
    const { samples } = atOnce(createDecoder({ meter: silentMeter }).decode(request('metrics', body), store))
    expect(new Set(samples.floats.series).size).toBe(1)
  })
})

describe('a point', () => {
  test.each([
    ['without a time', { asDouble: 1 }, 'no time'],
    ['at time 0', { ...point, timeUnixNano: '0' }, 'no time'],
    ['without a value', { timeUnixNano: nanos(T) }, 'no value'],
    ['before 1970', { ...point, timeUnixNano: '-5' }, 'beyond every calendar'],
    ['beyond 64 bits', { ...point, timeUnixNano: '99999999999999999999' }, 'beyond every calendar'],
    ['in the year 2400', { ...point, timeUnixNano: '13569465600000000000' }, 'beyond every calendar'],
    ['with a key that is no label', { ...point, attributes: [attribute('', 'x')] }, 'no form as a label'],
    ['with attributes of a wrong type', { ...point, attributes: ['x'] }, '"attributes" must be an object'],
  ])('%s is refused, the good one beside it kept', (_, bad, message) => {
    const seen = decoded(request('metrics', metrics(gauge(bad, point))))
    expect(seen.lines).toEqual([`x{job="checkout", service_name="checkout"} gauge  ${T} 1`])
    expect(seen.rejected).toBe(1)
    expect(seen.message).toContain(message)
  })

  test('that a limit refuses is told and counted, the others are kept', () => {
    const meter = countingMeter()
    const long = { ...point, attributes: [attribute('a', 'x'.repeat(2 ** 20))] }
    const what = request('metrics', metrics(gauge(point, long, long)))
    const seen = decoded(what, { decoder: createDecoder({ meter }), store: storeWith() })
    expect(seen).toMatchObject({ rejected: 2, message: expect.stringContaining('limits.label_value_length') as string })
    expect(meter.counts).toMatchObject({
      'barograph.collector.points{signal=metrics}': 1,
      'barograph.collector.rejected{signal=metrics,reason=limit}': 2,
    })
  })

  test('may be NaN or infinite, a number in quotes, or an integer as number and text', () => {
    const values = ['NaN', '-Infinity', 'Infinity', '1.5', 2].map((value) => pointAt(T, value))
    const integers = ['-7', 8].map((asInt) => ({ timeUnixNano: nanos(T), asInt }))
    const { lines } = decoded(request('metrics', metrics(gauge(...values, ...integers))))
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(['NaN', '-Infinity', 'Infinity', '1.5', '2', '-7', '8'])
  })

  test('without a recorded value ends its series', () => {
    const ended = { timeUnixNano: nanos(T), flags: 1 }
    expect(decoded(request('metrics', metrics(gauge(ended)))).lines[0]).toContain(`${T} stale`)
  })

  test('has its whole milliseconds, rounded down, however the time is written', () => {
    const times = ['1795192692702999999', 1_795_192_692_702_000_000]
    const { lines } = decoded(
      request('metrics', metrics(gauge(...times.map((timeUnixNano) => ({ timeUnixNano, asDouble: 1 }))))),
    )
    for (const line of lines) expect(line).toContain(` ${T} `)
  })
})

describe('a metric', () => {
  test('of an unknown temporality is refused', () => {
    expect(decoded(request('metrics', metrics(sum(0, point))))).toMatchObject({ rejected: 1, lines: [] })
  })

  test('that is not monotonic is a gauge', () => {
    const updown = { name: 'x', unit: '1', sum: { aggregationTemporality: 2, dataPoints: [point] } }
    expect(decoded(request('metrics', metrics(updown))).lines[0]).toContain(
      'x{job="checkout", service_name="checkout"} gauge',
    )
  })

  test('and its labels have the names of OpenTelemetry where nothing is translated', () => {
    const decoder = createDecoder({ meter: silentMeter, translation_strategy: 'NoTranslation' })
    const own = { ...point, attributes: [attribute('http.route', '/'), attribute('größe', 'L')] }
    const store = storeWith()
    const what = metrics({ name: 'http.requests', unit: 'By', sum: { aggregationTemporality: 2, dataPoints: [own] } })
    const { samples } = atOnce(decoder.decode(request('metrics', what), store))
    const { labels } = store.definition(samples.floats.series[0]!)
    const named = { __name__: 'http.requests', 'http.route': '/', größe: 'L', job: 'checkout' }
    expect(labels.toJSON()).toEqual({ ...named, 'service.name': 'checkout' })
    expect(serviceOf(labels)).toBe('checkout')
  })

  test('that is a summary becomes quantiles, sum and count', () => {
    const quantileValues = [
      { quantile: 0.5, value: 2 },
      { quantile: 1, value: 9 },
    ]
    const dataPoints = [{ timeUnixNano: nanos(T), count: '3', sum: 12, quantileValues }]
    const { lines } = decoded(request('metrics', metrics({ name: 's', unit: 's', summary: { dataPoints } })))
    expect(lines).toEqual([
      `s_seconds_sum{job="checkout", service_name="checkout"} summary s ${T} 12`,
      `s_seconds_count{job="checkout", service_name="checkout"} summary s ${T} 3`,
      `s_seconds{job="checkout", quantile="0.5", service_name="checkout"} summary s ${T} 2`,
      `s_seconds{job="checkout", quantile="1.0", service_name="checkout"} summary s ${T} 9`,
    ])
  })
})

describe('a histogram', () => {
  const histogram = (temporality: number, ...dataPoints: readonly object[]): object => {
    return { name: 'h', histogram: { aggregationTemporality: temporality, dataPoints } }
  }
  const good = { timeUnixNano: nanos(T), count: '3', sum: 5, bucketCounts: ['1', 2], explicitBounds: [0.5] }

  test.each([
    ['bounds that fall', { explicitBounds: [2, 1], bucketCounts: [1, 1, 1] }],
    ['an infinite bound', { explicitBounds: ['Infinity'] }],
    ['a bound that is no number', { explicitBounds: ['NaN'] }],
    ['too few buckets', { bucketCounts: ['1'] }],
    ['a count below zero', { bucketCounts: [-1, 2] }],
  ])('with %s is refused', (_, change) => {
    const seen = decoded(request('metrics', metrics(histogram(2, { ...good, ...change }, good))))
    expect(seen.rejected).toBe(1)
    expect(seen.lines).toHaveLength(1)
  })

  test('of which only count and sum are known has one bucket', () => {
    const { lines } = decoded(request('metrics', metrics(histogram(2, { timeUnixNano: nanos(T), count: 4 }))))
    expect(lines[0]).toMatch(/le \[\] 4 NaN \[4\]$/)
  })

  test('ends without its bounds', () => {
    const store = storeWith()
    const decoder = createDecoder({ meter: silentMeter })
    const seen = decoded(request('metrics', metrics(histogram(2, good, { timeUnixNano: nanos(T + 1), flags: 1 }))), {
      decoder,
      store,
    })
    expect(seen.lines[1]).toContain(`${T + 1} le [0.5] stale`)
    const unknown = decoded(
      request('metrics', metrics({ ...histogram(2, { timeUnixNano: nanos(T), flags: 1 }), name: 'new' })),
    )
    expect(unknown).toMatchObject({ lines: [], rejected: 0 })
  })

  test('of deltas adds up', () => {
    const next = {
      ...good,
      startTimeUnixNano: nanos(T),
      timeUnixNano: nanos(T + 1000),
      bucketCounts: [0, 7],
      count: 7,
      sum: 1,
    }
    const { lines } = decoded(request('metrics', metrics(histogram(1, good, next))))
    expect(lines.map((line) => line.split('le ')[1])).toEqual(['[0.5] 3 5 [1,2]', '[0.5] 10 6 [1,9]'])
  })

  test('of deltas adds up where no point says when it began, request after request', () => {
    const decoder = createDecoder({ meter: silentMeter })
    const store = storeWith()
    const counts = [0, 1, 2].map((i) => {
      const body = metrics(histogram(1, { ...good, timeUnixNano: nanos(T + i * 1000) }))
      const { samples } = atOnce(decoder.decode(request('metrics', body), store))
      return [...samples.histograms.count, ...samples.histograms.buckets]
    })
    expect(counts).toEqual([
      [3, 1, 2],
      [6, 2, 4],
      [9, 3, 6],
    ])
  })
})

describe('deltas', () => {
  const delta = (start: number, end: number, value: number): object => {
    return { startTimeUnixNano: nanos(T + start), timeUnixNano: nanos(T + end), asDouble: value }
  }
  const valuesOf = (lines: readonly string[]): number[] => lines.map((line) => Number(line.split(' ').at(-1)))

  test('are added, also after a gap', () => {
    const body = metrics(sum(1, delta(0, 10, 5), delta(10, 20, 3), delta(30, 40, 4)))
    expect(valuesOf(decoded(request('metrics', body)).lines)).toEqual([0, 5, 8, 12])
  })

  test('that repeat or overlap are refused', () => {
    const body = metrics(sum(1, delta(0, 10, 5), delta(0, 10, 5), delta(5, 15, 3), delta(10, 20, 1)))
    const seen = decoded(request('metrics', body))
    expect(valuesOf(seen.lines)).toEqual([0, 5, 6])
    expect(seen.message).toBe('a delta overlaps one before it (2)')
  })

  test('go on from what is stored, after a restart and where storing failed', () => {
    const store = storeWith()
    const first = createDecoder({ meter: silentMeter })
    const take = (decoder: Decoder, body: object): number[] => {
      const { samples } = atOnce(decoder.decode(request('metrics', body), store))
      store.append(samples)
      return [...samples.floats.value]
    }
    expect(take(first, metrics(sum(1, delta(0, 10, 5))))).toEqual([0, 5])
    expect(take(createDecoder({ meter: silentMeter }), metrics(sum(1, delta(10, 20, 3))))).toEqual([8])
    const third = createDecoder({ meter: silentMeter })
    atOnce(third.decode(request('metrics', metrics(sum(1, delta(20, 30, 2)))), store))
    third.forget()
    expect(take(third, metrics(sum(1, delta(20, 30, 2))))).toEqual([10])
  })

  test('of more series than there is room for are refused, until some fall idle', () => {
    const decoder = createDecoder({ meter: silentMeter, delta_series: 1 })
    const other = (start: number, end: number): object => ({
      ...delta(start, end, 1),
      attributes: [attribute('a', 'b')],
    })
    const seen = decoded(request('metrics', metrics(sum(1, delta(0, 10, 5), other(0, 10)))), { decoder })
    expect(seen).toMatchObject({ rejected: 1, message: expect.stringContaining('too many delta series') as string })
    const HOUR_MS = 3_600_000
    const later = metrics(sum(1, delta(10, 2 * HOUR_MS, 1), other(0, 10)))
    expect(decoded(request('metrics', later), { decoder })).toMatchObject({ rejected: 1 })
  })

  test('of a body that breaks off have not counted', () => {
    const decoder = createDecoder({ meter: silentMeter })
    const store = storeWith()
    const dataPoints = [{ startTimeUnixNano: nanos(T), timeUnixNano: nanos(T + 10), asDouble: 5 }]
    const bytes = encode(
      'metrics',
      metrics({ name: 'x', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints } }),
    )
    expect(() => atOnce(decoder.decode(request('metrics', bytes.subarray(0, -1)), store))).toThrow('malformed protobuf')
    expect(store.labelSets([])).toEqual([])
    expect(valuesOf(decoded(request('metrics', bytes), { decoder }).lines)).toEqual([0, 5])
  })
})

describe('log records and spans', () => {
  test('have a level by number, else by word, else info', () => {
    const records = [
      { severityNumber: 9 },
      { severityNumber: 24 },
      { severityText: 'WARNING' },
      { severityText: 'Critical' },
      { severityNumber: 99, severityText: 'debug' },
      {},
    ].map((record) => Object.assign(record, { observedTimeUnixNano: nanos(T) }))
    const { logs } = decoded(request('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] }))
    expect(logs.map(({ level }) => level)).toEqual(['info', 'fatal', 'warn', 'fatal', 'debug', 'info'])
  })

  test('keep fields without a message as a line of them, ids in lower case, and refuse what has no time', () => {
    const body = { kvlistValue: { values: [{ key: 'n', value: { intValue: '9007199254740993' } }] } }
    const record = { timeUnixNano: nanos(T), body, traceId: 'AB'.repeat(16), spanId: '00'.repeat(8) }
    const seen = decoded(request('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record, { body }] }] }] }))
    expect(seen.logs[0]).toMatchObject({ body: 'n=9007199254740993', trace_id: 'ab'.repeat(16), span_id: '' })
    expect(seen).toMatchObject({ rejected: 1, message: 'a log record has no time (1)' })
  })

  test('of a resource without a service are of its workload, and say their exception or event where they have no body', () => {
    const at = { timeUnixNano: nanos(T), eventName: 'exception' }
    const attributes = [attribute('exception.message', 'no stock'), attribute('exception.type', 'ShopError')]
    const resource = { attributes: [attribute('k8s.container.name', 'app'), attribute('k8s.deployment.name', 'shop')] }
    const { logs } = decoded(
      request('logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [at, { ...at, attributes }] }] }] }),
    )
    expect(logs.map(({ labels, body }) => [labels.get('service_name'), body])).toEqual([
      ['shop', 'exception'],
      ['shop', 'ShopError: no stock'],
    ])
  })

  test('become spans with their service and peer', () => {
    const span = {
      traceId: '0a'.repeat(16),
      spanId: '0b'.repeat(8),
      parentSpanId: '',
      name: 'SELECT',
      kind: 3,
      startTimeUnixNano: nanos(T),
      endTimeUnixNano: nanos(T + 5),
      status: { code: 2 },
      attributes: [attribute('db.system', 'postgresql'), attribute('server.address', 'db1')],
    }
    const resource = { attributes: [attribute('service.name', 'pay')] }
    const bad = { ...span, traceId: '00'.repeat(16) }
    const seen = decoded(request('traces', { resourceSpans: [{ resource, scopeSpans: [{ spans: [span, bad] }] }] }))
    expect(seen.spans).toEqual([
      {
        trace_id: '0a'.repeat(16),
        span_id: '0b'.repeat(8),
        parent_span_id: '',
        service: 'pay',
        name: 'SELECT',
        kind: 'client',
        start_ms: T,
        end_ms: T + 5,
        error: true,
        peer: 'postgresql',
      },
    ])
    expect(seen.rejected).toBe(1)
  })

  test('of consumers, and of clients that fetch messages, say whose they took', () => {
    const [trace, sender] = ['0a'.repeat(16), '0c'.repeat(8)]
    const ids = { traceId: trace, startTimeUnixNano: nanos(T), endTimeUnixNano: nanos(T) }
    const links = [sender, ''].map((spanId) => ({ traceId: trace, spanId }))
    const receive = [attribute('messaging.operation.type', 'receive')]
    const kinds = [{ kind: 5 }, { kind: 3, attributes: receive }, { kind: 3 }, { kind: 2, attributes: receive }]
    const spans = kinds.map((one) => ({ ...ids, spanId: '0b'.repeat(8), links, ...one }))
    const body = { resourceSpans: [{ scopeSpans: [{ spans }] }] }
    const found = [{ trace_id: trace, span_id: sender }]
    const wanted = [found, found, undefined, undefined]
    expect(decoded(request('traces', body)).spans.map((span) => span.links)).toEqual(wanted)
  })
})

describe('a body', () => {
  test.each([
    ['with a list where an object is wanted', '{"resourceMetrics":[[]]}', '"resourceMetrics" must be an object'],
    ['that is a list', '[]', '"request" must be an object'],
    [
      'with text for a number',
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"asDouble":"x"}]}}]}]}]}',
      '"asDouble" must be a number',
    ],
    ['with a key that stands twice', '{"resourceMetrics":[],"resourceMetrics":[]}', '"resourceMetrics" stands twice'],
  ])('%s is refused as a whole', (_, text, message) => {
    expect(() => decoded(request('metrics', text))).toThrow(message)
  })

  test.each([
    '{}',
    '{"resourceMetrics":null}',
    '{"resourceMetrics":[{"resource":null,"scopeMetrics":[{}]}],"later":{"a":[1]}}',
  ])('with nothing in it, nulls and unknown keys is fine: %s', (text) => {
    expect(decoded(request('metrics', text))).toMatchObject({ lines: [], rejected: 0 })
  })

  test('decodes the same when its series are known, after what is known was thrown away, and in another store', () => {
    const body = request('metrics', fixture('js-05-metrics.pb'))
    const store = storeWith()
    const small = createDecoder({ meter: silentMeter, cache_bytes: 1 })
    const decoder = createDecoder({ meter: silentMeter })
    const expected = decoded(body, { decoder, store })
    expect(decoded(body, { decoder, store })).toEqual(expected)
    for (let i = 0; i < 2; i++) expect(decoded(body, { decoder: small, store })).toEqual(expected)
    const other = storeWith()
    decoded(request('metrics', metrics(gauge(point))), { store: other })
    expect(decoded(body, { decoder, store: other })).toEqual(expected)
  })
})
