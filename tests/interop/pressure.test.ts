// Senders that retry, before a Barograph that cannot take for a while: its disk fills, or more comes at once than may wait. A real Collector
// with all its ways to us, and the exporters of the OpenTelemetry SDK. Nothing is lost, nothing counts twice.
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { OTLPMetricExporter as MetricsGrpc } from '@opentelemetry/exporter-metrics-otlp-grpc'
import {
  AggregationTemporalityPreference,
  OTLPMetricExporter as MetricsJson,
} from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as MetricsProto } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { endAll, Server, spawnProgram, temporaryFolder, until } from './process/barograph.ts'
import { freePort } from './process/broker.ts'

const CACHE = process.env['TESTBED_CACHE'] ?? join(homedir(), '.cache/testbed')
const COLLECTOR = globSync(join(CACHE, 'collector-*/collector')).at(-1) ?? ''
const DISK_BYTES = 24 * 2 ** 20
const SERIES = 200
const BODIES = 240
const PAUSE_MS = 25

/** Mounts a small file system; the reason where that is not possible here. */
function mounted(folder: string): string {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder], { stdio: 'pipe' })
    return ''
  } catch (error) {
    return `a small file system cannot be mounted here: ${String(error).split('\n')[0]}`
  }
}

const probe = temporaryFolder()
const UNMOUNTABLE = mounted(probe)
if (UNMOUNTABLE === '') execFileSync('umount', ['-l', probe])
const SKIPPED = UNMOUNTABLE === '' ? '' : `(skipped: ${UNMOUNTABLE})`
const NO_COLLECTOR = COLLECTOR === '' ? '(skipped: needs the testbed’s Collector)' : ''

const RETRYING = {
  sending_queue: { enabled: true, queue_size: 10_000, num_consumers: 20 },
  retry_on_failure: { enabled: true, initial_interval: '50ms', max_interval: '500ms', max_elapsed_time: '0s' },
}

const DELTA = { temporalityPreference: AggregationTemporalityPreference.DELTA }

const WAYS = ['otlp_http', 'otlp_grpc', 'write_1', 'write_2'] as const
type Way = (typeof WAYS)[number]

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
const resourceOf = (way: string) => ({ attributes: [text('service.name', way)] })

/** Body `n` of one way: gauges that say n, a sum of deltas that adds 1, a record of the log. */
function bodiesOf(way: Way, n: number): readonly (readonly [signal: string, body: object])[] {
  const nano = (ms: number): string => `${ms}000000`
  const now_ms = Date.now()
  const levels = Array.from({ length: SERIES }, (_, i) => ({
    attributes: [text('point', String(i))],
    timeUnixNano: nano(now_ms),
    asDouble: n,
  }))
  const resource = resourceOf(way)
  const metrics: object[] = [{ name: 'level', gauge: { dataPoints: levels } }]
  const resourceMetrics = [{ resource, scopeMetrics: [{ metrics }] }]
  if (!way.startsWith('otlp')) return [['metrics', { resourceMetrics }]]
  const records = [{ timeUnixNano: nano(now_ms), severityNumber: 9, body: { stringValue: 'order taken' } }]
  const resourceLogs = [{ resource, scopeLogs: [{ logRecords: records }] }]
  return [
    ['metrics', { resourceMetrics }],
    ['logs', { resourceLogs }],
  ]
}

describe.skipIf(SKIPPED !== '')(`senders that retry ${SKIPPED}`, () => {
  let disk: string
  let server: Server

  beforeEach(async () => {
    disk = temporaryFolder()
    mounted(disk)
    mkdirSync(join(disk, 'state'))
    server = await Server.start({
      rules: 'groups: []',
      set: [`data=${join(disk, 'state')}`, 'limits.disk_reserve=4MiB', 'limits.queue=2', 'limits.journal=1MiB'],
    })
  })
  afterEach(async () => {
    execFileSync('umount', ['-l', disk])
    await endAll()
  })

  function fill(): void {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(join(disk, 'filler'), new Uint8Array(Math.max(0, bavail * bsize - 2 ** 20)))
  }
  const free = (): void => rmSync(join(disk, 'filler'))

  /** Requests by receiver, signal and outcome. */
  async function requests(outcome: string): Promise<number> {
    const page = await (await fetch(`${server.apiUrl}/metrics`)).text()
    const lines = page.split('\n').filter((line) => line.startsWith('barograph_collector_requests_total{'))
    const sum = (some: readonly string[]): number => some.reduce((total, line) => total + Number(line.split(' ')[1]), 0)
    return sum(lines.filter((line) => line.includes(`outcome="${outcome}"`)))
  }

  describe.skipIf(NO_COLLECTOR !== '')(`the Collector ${NO_COLLECTOR}`, () => {
    const inlets = new Map<Way, string>()

    async function started(): Promise<void> {
      const write = `${server.apiUrl}/api/v1/write`
      const queued = {
        ...RETRYING,
        sending_queue: undefined,
        remote_write_queue: { num_consumers: 1, queue_size: 10_000 },
      }
      const writing = {
        endpoint: write,
        tls: { insecure: true },
        resource_constant_labels: { included: ['*'] },
        // Of all attempts together: what is shorter than the trouble is lost in the Collector.
        timeout: '60s',
        ...queued,
      }
      const exporters: Record<string, object> = {
        otlp_http: { endpoint: server.otlpUrl, ...RETRYING },
        otlp_grpc: { endpoint: server.grpcUrl.replace(/^.*\/\//, ''), tls: { insecure: true }, ...RETRYING },
        'prometheus_remote_write/1': { ...writing, protobuf_message: 'prometheus.WriteRequest' },
        'prometheus_remote_write/2': { ...writing, protobuf_message: 'io.prometheus.write.v2.Request' },
      }
      const receivers: Record<string, object> = {}
      const pipelines: Record<string, object> = {}
      for (const [i, way] of WAYS.entries()) {
        const endpoint = `127.0.0.1:${await freePort()}`
        inlets.set(way, `http://${endpoint}`)
        receivers[`otlp/${way}`] = { protocols: { http: { endpoint } } }
        const through = { receivers: [`otlp/${way}`], exporters: [Object.keys(exporters)[i]] }
        pipelines[`metrics/${way}`] = through
        if (way.startsWith('otlp')) pipelines[`logs/${way}`] = through
      }
      const telemetry = { metrics: { level: 'none' }, logs: { level: 'fatal' } }
      const file = join(temporaryFolder(), 'collector.json')
      writeFileSync(file, JSON.stringify({ receivers, exporters, service: { telemetry, pipelines } }))
      const gate = '--feature-gates=exporter.prometheusremotewritexporter.enableSendingRW2'
      spawnProgram(COLLECTOR, ['--config', file, gate])
      await until('the Collector', () =>
        fetch(inlets.get('write_2')!).then(
          () => true,
          () => undefined,
        ),
      )
    }

    async function send(way: Way, n: number): Promise<void> {
      for (const [signal, body] of bodiesOf(way, n)) {
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(`${inlets.get(way)!}/v1/${signal}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        })
        expect(answer.status).toBe(200)
      }
    }

    const wanted = Object.fromEntries(WAYS.map((way) => [way, SERIES * BODIES]))

    /** Of all samples: how many, and what they add up to. */
    async function found(what: 'count' | 'sum'): Promise<Record<string, number>> {
      return server.query(`sum by (service_name) (${what}_over_time(level[1h]))`, Date.now() + 1000)
    }

    test('a disk that fills for a while, and more at once than may wait: every sample is there once', async () => {
      await started()
      const filled = (async () => {
        await sleep(1500)
        fill()
        await until('a refusal', async () => ((await requests('unavailable')) > 10 ? true : undefined))
        await sleep(6000)
        free()
      })()
      for (let n = 0; n < BODIES; n++) {
        await Promise.all(WAYS.map((way) => send(way, n)))
        await sleep(PAUSE_MS)
      }
      await filled
      await expect.poll(() => found('count')).toEqual(wanted)
      const sum = (SERIES * BODIES * (BODIES - 1)) / 2
      expect(await found('sum')).toEqual(Object.fromEntries(WAYS.map((way) => [way, sum])))
      expect(await requests('unavailable')).toBeGreaterThan(10)
      const logs = async (): Promise<Record<string, number>> =>
        server.query('sum by (service_name) (barograph_log_records_total)', Date.now() + 1000)
      await expect.poll(logs, { timeout: 90_000, interval: 1000 }).toEqual({ otlp_http: BODIES, otlp_grpc: BODIES })
    }, 240_000)
  })

  const SDK = {
    'http/protobuf': (it: Server) => new MetricsProto({ url: `${it.otlpUrl}/v1/metrics`, ...DELTA }),
    'http/json': (it: Server) => new MetricsJson({ url: `${it.otlpUrl}/v1/metrics`, ...DELTA }),
    // It does not try again: what was refused is missing, and counting goes on behind the gap.
    grpc: (it: Server) => new MetricsGrpc({ url: it.grpcUrl, ...DELTA }),
  }

  const accepts = async (): Promise<boolean> =>
    server.post('metrics', { resourceMetrics: [] }).then(
      () => true,
      () => false,
    )

  test.each(Object.entries(SDK))(
    'the SDK over %s: deltas that were refused come again, and add up',
    async (way, of) => {
      const exporter = of(server)
      const reader = new PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: 3_600_000,
        exportTimeoutMillis: 20_000,
      })
      const provider = new MeterProvider({
        resource: resourceFromAttributes({ 'service.name': 'shop' }),
        readers: [reader],
      })
      const orders = provider.getMeter('shop').createCounter('orders')
      orders.add(1)
      await reader.forceFlush()
      fill()
      await until('a refusal', async () => ((await accepts()) ? undefined : true))
      orders.add(10)
      const flushed = reader.forceFlush()
      await sleep(1500)
      free()
      await flushed
      await until('room', async () => ((await accepts()) ? true : undefined))
      orders.add(100)
      await reader.forceFlush()
      expect(await server.query('orders_total', Date.now() + 1000)).toEqual({ shop: way === 'grpc' ? 101 : 111 })
      await provider.shutdown()
    },
  )
})
