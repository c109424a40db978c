// A real Collector with all exporters that we take from: each encoding and compression of OTLP, both versions of remote write. Needs its binary.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { OtlpRequest } from '#core/ports/intake.ts'

import { receivers } from '../../collector/index.ts'
import type { RunningReceiver } from '../../collector/receivers/receiver.ts'
import { decoded, request } from '../../collector/testing/decoding.fixture.ts'
import { encode } from '../../collector/testing/otlp.fixture.ts'
import { receiverDeps } from '../../collector/testing/receiving.fixture.ts'
import { Barograph } from '../acceptance/barograph.ts'
import { gauges, logs } from '../acceptance/shop.ts'
import { tracesOf } from '../soak/sender.ts'
import { until } from './process/barograph.ts'
import { freePort } from './process/broker.ts'

const CACHE = process.env['TESTBED_CACHE'] ?? join(homedir(), '.cache/testbed')
const COLLECTOR = globSync(join(CACHE, 'collector-*/collector')).at(-1) ?? ''
const SKIPPED = COLLECTOR === '' ? '(skipped: needs the testbed’s Collector)' : ''

interface Way {
  readonly name: string
  readonly exporter: 'otlp_http' | 'otlp_grpc'
  readonly options: object
}

const HTTP = ['none', 'gzip', 'zstd', 'zlib', 'deflate', 'snappy', 'x-snappy-framed', 'lz4']
const GRPC = ['none', 'gzip', 'zstd', 'snappy']
const WAYS: readonly Way[] = [
  ...HTTP.flatMap((compression) =>
    ['proto', 'json'].map((encoding) => ({
      name: `otlp_http/${compression}_${encoding}`,
      exporter: 'otlp_http' as const,
      options: { compression, encoding },
    })),
  ),
  ...GRPC.map((compression) => ({
    name: `otlp_grpc/${compression}`,
    exporter: 'otlp_grpc' as const,
    options: { compression, tls: { insecure: true } },
  })),
]
const VERSIONS = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request']
/** The second version is not on by itself yet. */
const GATE = '--feature-gates=exporter.prometheusremotewritexporter.enableSendingRW2'
const AT_ONCE = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }

describe.skipIf(SKIPPED !== '')(`the Collector ${SKIPPED}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'collector-'))
  const taken = new Map<
    string,
    { readonly deps: ReturnType<typeof receiverDeps>; readonly receiver: RunningReceiver }
  >()
  const written = new Map<string, Barograph>()
  const signals = {
    metrics: readFileSync(`${import.meta.dirname}/../fixtures/otlp-js/js-05-metrics.pb`),
    logs: Buffer.from(encode('logs', logs('shop', Date.now(), 9, ['order taken']))),
    traces: Buffer.from(encode('traces', tracesOf('shop'))),
  }
  let collector: ChildProcess
  let url = ''

  async function started(): Promise<object> {
    const exporters: Record<string, object> = {}
    for (const { name, exporter, options } of WAYS) {
      const deps = receiverDeps()
      const kind = exporter === 'otlp_http' ? receivers.otlpHttp : receivers.otlpGrpc
      const receiver = kind.create({ host: '127.0.0.1', port: 0 }, deps)
      await receiver.start()
      taken.set(name, { deps, receiver })
      const { port } = receiver.addresses[0]!
      const endpoint = `${exporter === 'otlp_http' ? 'http://' : ''}127.0.0.1:${port}`
      exporters[name] = { endpoint, ...options, ...AT_ONCE }
    }
    for (const message of VERSIONS) {
      const barograph = await Barograph.start({ rules: 'groups: []', begin_ms: Date.now() })
      written.set(message, barograph)
      const endpoint = `${barograph.service.apiUrl}/api/v1/write`
      exporters[`prometheus_remote_write/${message}`] = {
        endpoint,
        protobuf_message: message,
        tls: { insecure: true },
        resource_constant_labels: { included: ['*'] },
      }
    }
    return exporters
  }

  async function sent(signal: keyof typeof signals, body: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const headers = { 'content-type': 'application/x-protobuf' }
    const answer = await fetch(`${url}/v1/${signal}`, { method: 'POST', headers, body }).catch(() => undefined)
    return answer?.ok === true
  }

  beforeAll(async () => {
    const exporters = await started()
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const receiving = { receivers: ['otlp'] }
    const otlp = { ...receiving, exporters: WAYS.map(({ name }) => name) }
    const file = join(folder, 'collector.json')
    const configuration = {
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      exporters,
      service: {
        telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
        pipelines: { metrics: { ...receiving, exporters: Object.keys(exporters) }, logs: otlp, traces: otlp },
      },
    }
    writeFileSync(file, JSON.stringify(configuration))
    collector = spawn(COLLECTOR, ['--config', file, GATE], { stdio: ['ignore', 'ignore', 'inherit'] })
    // A second of the same would be told twice: spans are first.
    await until('the Collector', async () => ((await sent('traces', signals.traces)) ? true : undefined))
    for (const signal of ['logs', 'metrics'] as const) await sent(signal, signals[signal])
  })

  afterAll(async () => {
    if (collector.exitCode === null) {
      const gone = once(collector, 'exit')
      collector.kill('SIGKILL')
      await gone
    }
    for (const { receiver } of taken.values()) await receiver.stop()
    for (const barograph of written.values()) await barograph.stop()
    rmSync(folder, { recursive: true })
  })

  test.each(WAYS)('$name: all three signals arrive, point for point', async ({ name }) => {
    const { deps } = taken.get(name)!
    await expect.poll(() => deps.intake.inputs.length).toBe(3)
    const inputs = deps.intake.inputs as OtlpRequest[]
    for (const [signal, body] of Object.entries(signals) as [keyof typeof signals, Buffer][]) {
      const input = inputs.find((one) => one.signal === signal)
      const [got, expected] = [decoded(input!), decoded(request(signal, body))]
      expect(got.lines.toSorted()).toEqual(expected.lines.toSorted())
      expect([got.logs, got.spans]).toEqual([expected.logs, expected.spans])
    }
  })

  test.each(VERSIONS)('remote write, %s: what it sends is what we make of OTLP ourselves', async (message) => {
    const barograph = written.get(message)!
    const { now_ms } = barograph
    const value = { cart: 3, checkout: 0.25 }
    const own = gauges('queue_length', '', now_ms, value)
    expect(await sent('metrics', Buffer.from(encode('metrics', own)))).toBe(true)
    const query = async (): Promise<Record<string, string>> => {
      const path = `/api/v1/query?query=queue_length&time=${now_ms / 1000 + 1}`
      const { data } = await barograph.get<{
        data: { result: { metric: Record<string, string>; value: [number, string] }[] }
      }>(path)
      return Object.fromEntries(data.result.map(({ metric, value: [, text] }) => [metric['service_name'], text]))
    }
    await expect.poll(query).toEqual({ cart: '3', checkout: '0.25' })
  })
})
