import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { createGzip, gzipSync, zstdCompressSync } from 'node:zlib'

import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import type { OtlpRequest } from '#core/ports/intake.ts'

import { decoded } from '../testing/decoding.fixture.ts'
import { receiverDeps } from '../testing/receiving.fixture.ts'
import { otlpHttp } from './otlp-http.ts'
import type { ReceiverLimits, RunningReceiver } from './receiver.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const PROTO_TYPE = { 'content-type': 'application/x-protobuf' }
const open: RunningReceiver[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((receiver) => receiver.stop()))
})

async function started(limits: Partial<ReceiverLimits> = {}, port = 0) {
  const deps = receiverDeps(limits)
  const receiver = otlpHttp.create({ host: 'localhost', port }, deps)
  open.push(receiver)
  await receiver.start()
  const { port: given } = receiver.addresses[0]!
  return { ...deps, receiver, port: given, url: `http://127.0.0.1:${given}` }
}

function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = JSON_TYPE,
): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body })
}

const fixture = (name: string): Buffer => readFileSync(`${import.meta.dirname}/../../tests/fixtures/otlp-js/${name}`)

describe('a request', () => {
  test.each([
    ['json', JSON_TYPE, '{}'],
    ['proto', PROTO_TYPE, ''],
  ])('in %s that is taken wholly gets an empty answer of its own type', async (encoding, type, expected) => {
    const { url, intake, meter } = await started()
    for (const signal of ['metrics', 'logs', 'traces']) {
      const response = await post(`${url}/v1/${signal}`, 'x', type)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe(type['content-type'])
      expect(await response.text()).toBe(expected)
      expect(intake.inputs.pop()).toMatchObject({ kind: 'otlp', signal, encoding, body: Buffer.from('x') })
      expect(meter.counts[`barograph.collector.requests{receiver=otlp_http,signal=${signal},outcome=ok}`]).toBe(1)
    }
    expect(meter.counts['barograph.collector.bytes{receiver=otlp_http,signal=logs}']).toBe(1)
  })

  test('that is taken in part is told how much was refused', async () => {
    const { url, intake } = await started()
    intake.answer = () => ({ rejected: 300, message: 'no time (300)' })
    const json = await post(`${url}/v1/logs`, '{}')
    expect(await json.json()).toEqual({ partialSuccess: { rejectedLogRecords: '300', errorMessage: 'no time (300)' } })
    const proto = await post(`${url}/v1/metrics`, '', PROTO_TYPE)
    const inner = Buffer.concat([Buffer.from([8, 172, 2, 18, 13]), Buffer.from('no time (300)')])
    expect(Buffer.from(await proto.arrayBuffer())).toEqual(Buffer.concat([Buffer.from([10, inner.length]), inner]))
  })

  test.each([
    ['bad_data', 400, 3, null],
    ['overloaded', 429, 8, '1'],
    ['unavailable', 503, 14, '1'],
  ] as const)('that is refused with %s gets %d and a google.rpc.Status', async (code, status, rpc, retry) => {
    const { url, intake, meter } = await started()
    intake.answer = () => {
      throw new ServiceError(code, 'because')
    }
    const json = await post(`${url}/v1/metrics`, '{}', { 'content-type': 'application/json; charset=utf-8' })
    expect([json.status, json.headers.get('retry-after'), json.headers.get('content-type')]).toEqual([
      status,
      retry,
      'application/json',
    ])
    const violation = {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ description: 'because' }],
    }
    const details = code === 'bad_data' ? { details: [violation] } : {}
    expect(await json.json()).toEqual({ code: rpc, message: 'because', ...details })
    const proto = Buffer.from(await (await post(`${url}/v1/metrics`, '', PROTO_TYPE)).arrayBuffer())
    const plain = Buffer.concat([Buffer.from([8, rpc, 18, 7]), Buffer.from('because')])
    expect(proto.subarray(0, plain.length)).toEqual(plain)
    expect(proto.includes('google.rpc.BadRequest')).toBe(code === 'bad_data')
    expect(meter.counts[`barograph.collector.requests{receiver=otlp_http,signal=metrics,outcome=${code}}`]).toBe(2)
  })

  test('that meets a bug of ours gets 500 and no details', async () => {
    const { url, intake } = await started()
    intake.answer = () => {
      throw new Error('BUG: secret')
    }
    const response = await post(`${url}/v1/metrics`, '{}')
    expect([response.status, await response.text()]).toEqual([
      500,
      '{"code":13,"message":"internal error; see the log"}',
    ])
  })

  test('elsewhere, by other means or in another form is refused', async () => {
    const { url, intake } = await started()
    const metrics = `${url}/v1/metrics`
    expect((await post(`${url}/v1/profiles`, '{}')).status).toBe(404)
    const got = await fetch(metrics)
    expect([got.status, got.headers.get('allow'), got.headers.get('content-type')]).toEqual([
      405,
      'POST',
      'text/plain; charset=utf-8',
    ])
    const csv = await post(metrics, 'a,b', { 'content-type': 'text/csv' })
    expect([csv.status, csv.headers.get('content-type')]).toEqual([415, 'text/plain; charset=utf-8'])
    expect((await post(metrics, '{}', { ...JSON_TYPE, 'content-encoding': 'br' })).status).toBe(415)
    expect(intake.inputs).toEqual([])
  })

  test('from a page elsewhere in a browser is refused', async () => {
    const { url, port } = await started()
    expect((await post(`${url}/v1/logs`, '{}', { ...JSON_TYPE, origin: 'http://evil.example' })).status).toBe(403)
    const asked = httpRequest({
      port,
      path: '/v1/logs',
      method: 'POST',
      headers: { ...JSON_TYPE, host: 'evil.example' },
    })
    asked.end('{}')
    const [response] = await once(asked, 'response')
    expect(response.statusCode).toBe(403)
    expect(JSON.parse(String(await buffer(response)))).toMatchObject({
      code: 7,
      message: expect.stringContaining('evil.example') as string,
    })
  })
})

describe('a body', () => {
  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['identity', (bytes: Buffer) => bytes],
  ] as const)('in %s, without a length, arrives inflated', async (encoding, compress) => {
    const { port, intake } = await started()
    const body = fixture('js-05-metrics.pb')
    const headers = { ...PROTO_TYPE, 'content-encoding': encoding, 'transfer-encoding': 'chunked' }
    const asked = httpRequest({ port, path: '/v1/metrics', method: 'POST', headers })
    asked.write(compress(body))
    asked.end()
    const [response] = await once(asked, 'response')
    response.resume()
    expect(response.statusCode).toBe(200)
    expect((intake.inputs[0] as OtlpRequest).body).toEqual(body)
  })

  test('that is too large gets 413, by its announced length and by what comes', async () => {
    const { url, port } = await started({ body: 1000 })
    expect((await post(`${url}/v1/metrics`, 'x'.repeat(1001))).status).toBe(413)
    const asked = httpRequest({
      port,
      path: '/v1/metrics',
      method: 'POST',
      headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' },
    })
    asked.write('x'.repeat(600))
    asked.end('x'.repeat(600))
    const [response] = await once(asked, 'response')
    response.resume()
    expect(response.statusCode).toBe(413)
  })

  test('of 400 MB behind a gzip bomb gets 413 and takes no memory', async () => {
    const { url } = await started()
    const gzip = createGzip({ level: 1 })
    const packed = buffer(gzip)
    for (let i = 0; i < 400; i++) if (!gzip.write(Buffer.alloc(2 ** 20))) await once(gzip, 'drain')
    gzip.end()
    const before = process.memoryUsage().rss
    const response = await post(`${url}/v1/metrics`, new Uint8Array(await packed), {
      ...PROTO_TYPE,
      'content-encoding': 'gzip',
    })
    expect(response.status).toBe(413)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20)
  })

  test('that cannot be inflated gets 400', async () => {
    const { url } = await started()
    const broken = [Buffer.from('plain'), gzipSync('{"a":1}').subarray(0, -5)]
    for (const body of broken) {
      const response = await post(`${url}/v1/logs`, new Uint8Array(body), { ...JSON_TYPE, 'content-encoding': 'gzip' })
      expect(response.status).toBe(400)
    }
  })

  test('waits for nothing when all bodies together are too many: 429', async () => {
    const { url, intake, port } = await started({ bodies_in_flight: 1000 })
    let settle = (): void => {}
    const reached = new Promise<void>((arrived) => {
      intake.answer = () => {
        arrived()
        return new Promise((done) => {
          settle = () => done({ rejected: 0, message: '' })
        })
      }
    })
    const first = post(`${url}/v1/metrics`, 'x'.repeat(900))
    await reached
    const second = await post(`${url}/v1/metrics`, 'x'.repeat(900))
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '1'])
    const bomb = gzipSync(Buffer.alloc(500))
    const packed = await post(`${url}/v1/metrics`, new Uint8Array(bomb), { ...JSON_TYPE, 'content-encoding': 'gzip' })
    expect(packed.status).toBe(429)
    settle()
    expect((await first).status).toBe(200)
    intake.answer = () => ({ rejected: 0, message: '' })
    // A sender who goes away gives back what he held.
    const gone = connect(port, '127.0.0.1')
    gone.write(
      `POST /v1/logs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n${'x'.repeat(900)}`,
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    gone.destroy()
    await expect.poll(async () => (await post(`${url}/v1/metrics`, 'x'.repeat(900))).status).toBe(200)
  })
})

describe('the receiver', () => {
  test('listens on both loopback addresses', async () => {
    const { receiver, port } = await started()
    for (const { host } of receiver.addresses) {
      const name = host.includes(':') ? `[${host}]` : host
      expect((await post(`http://${name}:${port}/v1/logs`, '{}')).status).toBe(200)
    }
  })

  test('says so when its port is taken', async () => {
    const { port } = await started()
    await expect(started({}, port)).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`)
  })

  test('finishes what it accepted before it stops, and takes nothing more', async () => {
    const { url, intake, receiver } = await started()
    let settle = (): void => {}
    const reached = new Promise<void>((resolve) => {
      intake.answer = () => {
        resolve()
        return new Promise((done) => {
          settle = () => done({ rejected: 0, message: '' })
        })
      }
    })
    const last = post(`${url}/v1/metrics`, '{}')
    await reached
    const stopping = receiver.stop()
    await expect(post(`${url}/v1/metrics`, '{}')).rejects.toThrow('fetch failed')
    settle()
    expect((await last).status).toBe(200)
    await stopping
    expect(intake.inputs).toHaveLength(1)
  })
})

describe.each([
  ['JSON', JsonMetrics, JsonLogs, JsonTraces],
  ['protobuf', ProtoMetrics, ProtoLogs, ProtoTraces],
] as const)('the stock OpenTelemetry SDK over %s', (_, Metrics, Logs, Traces) => {
  test.each(['none', 'gzip'])('with compression %s is understood', async (compression) => {
    const { url, intake } = await started()
    const resource = resourceFromAttributes({ 'service.name': 'shop' })
    const options = (signal: string) => ({ url: `${url}/v1/${signal}`, compression: compression as never })
    const reader = new PeriodicExportingMetricReader({ exporter: new Metrics(options('metrics')) })
    const meters = new MeterProvider({ resource, readers: [reader] })
    meters.getMeter('t').createCounter('orders').add(3, { kind: 'book' })
    meters.getMeter('t').createHistogram('wait', { unit: 's' }).record(0.2)
    const loggers = new LoggerProvider({
      resource,
      processors: [new SimpleLogRecordProcessor({ exporter: new Logs(options('logs')) })],
    })
    loggers.getLogger('t').emit({ body: 'it broke', severityNumber: SeverityNumber.ERROR })
    const tracers = new BasicTracerProvider({
      resource,
      spanProcessors: [new SimpleSpanProcessor(new Traces(options('traces')))],
    })
    tracers
      .getTracer('t')
      .startSpan('GET /', { attributes: { 'peer.service': 'db' } })
      .end()
    await Promise.all([meters.forceFlush(), loggers.forceFlush(), tracers.forceFlush()])
    // A flushed processor may still have its last request on the way.
    const signals = () => new Set((intake.inputs as OtlpRequest[]).map(({ signal }) => signal))
    await vi.waitFor(() => expect(signals().size).toBe(3), 5000)
    const of = (signal: string) => decoded((intake.inputs as OtlpRequest[]).find((input) => input.signal === signal)!)
    const { lines, rejected } = of('metrics')
    expect(rejected).toBe(0)
    expect(lines.join('\n')).toMatch(/^orders_total\{job="shop", kind="book", service_name="shop"\} counter {2}\d+ 3$/m)
    expect(lines.join('\n')).toMatch(
      /^wait_seconds\{job="shop", service_name="shop"\} histogram s \d+ le \[.*\] 1 0\.2 /m,
    )
    expect(of('logs').logs).toMatchObject([{ level: 'error', body: 'it broke' }])
    expect(of('traces').spans).toMatchObject([{ service: 'shop', name: 'GET /', peer: 'db', error: false }])
    await Promise.all([meters.shutdown(), loggers.shutdown(), tracers.shutdown()])
  })
})
