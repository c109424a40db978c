// What remote write out costs ingest, receiver and network left out: `npm run bench -- remote-write`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock } from '#core/clock.ts'
import { silentLog } from '#core/ports/log.ts'
import type { SampleOrigin } from '#core/ports/stored-samples.ts'
import { seeded } from '#core/random.ts'
import { type SampleBatch, SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'

import { Peer } from '../upstream/peer.ts'
import { WriteEndpoint } from '../upstream/write/endpoint.ts'
import { SentMarks } from '../upstream/write/marks.ts'
import { RemoteWriter } from '../upstream/write/writer.ts'
import { median, report } from './measure.ts'

const BATCH = 2000
const SERIES = 20_000
const ROUNDS = 15

const WRITTEN = Object.fromEntries(
  ['samples', 'histograms', 'exemplars'].map((kind) => [`x-prometheus-remote-write-${kind}-written`, '0']),
)

function definition(i: number): SeriesDefinition {
  const labels = Labels.of({
    __name__: `http_server_request_duration_seconds_m${i % 50}`,
    job: 'shop/checkout',
    instance: `10.0.${i % 250}.${i >> 8}:8080`,
    service_name: 'checkout',
    k8s_pod_name: `checkout-7d9f8b6c5-${(i * 7919).toString(36)}`,
    k8s_namespace_name: 'shop',
    http_method: 'GET',
    http_route: '/api/v1/cart/{id}',
    status: '200',
    region: 'eu-west-1',
  })
  return { labels, type: 'gauge', unit: 's', help: 'Duration of requests', kind: 'float', bounds: new Float64Array() }
}

/** One sample of each series, in requests of `BATCH`. */
function batches(time_ms: number): SampleBatch[] {
  const random = seeded(1)
  return Array.from({ length: SERIES / BATCH }, (_, batch) => {
    const builder = new SampleBuilder()
    for (let i = 0; i < BATCH; i++) builder.float(batch * BATCH + i, time_ms, random() * 100)
    return builder.batch()
  })
}

interface Case {
  readonly what: 'results' | 'all'
  readonly version: 1 | 2
}

/** CPU ns a sample of a writer whose receiver takes everything at once, and bytes a sample on the wire. */
async function measure({ what, version }: Case, folder: string): Promise<{ cpu_ns: number; bytes: number }> {
  let [bytes, sent] = [0, 0]
  const take = (async (_: unknown, { body }: RequestInit) => {
    bytes += (body as Uint8Array).length
    return new Response(null, { status: 204, headers: WRITTEN })
  }) as unknown as typeof fetch
  const peer = {
    url: 'http://receiver',
    headers: {},
    timeout_ms: 60_000,
    version: '0',
    clock: systemClock,
    fetch: take,
  }
  const definitions = Array.from({ length: SERIES }, (_, i) => definition(i))
  const writer = new RemoteWriter({
    name: 'bench',
    what,
    version,
    exemplars: 0,
    max_age_ms: 1e15,
    shards: 4,
    limits: { samples: 1e6, bytes: 1e9, batch: BATCH, deadline_ms: 5000, backoff_ms: 30, backoff_max_ms: 5000 },
    endpoint: new WriteEndpoint(new Peer(peer)),
    marks: new SentMarks(join(folder, `${what}-${version}`), silentLog),
    definition: (id) => definitions[id]!,
    clock: systemClock,
    log: silentLog,
    counters: { samples: { add: (count) => void (sent += count) }, exemplars: { add() {} } },
  })
  writer.start()
  const result = { fresh: new Uint8Array(BATCH).fill(1), exemplars: [] }
  const origin: SampleOrigin = 'received'
  const costs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const all = batches(1.7e12 + round * 15_000)
    const started = process.cpuUsage()
    for (const batch of all) writer.stored(batch, result, origin)
    // Requests go out between the turns.
    await new Promise((resolve) => setTimeout(resolve, 20))
    const { user, system } = process.cpuUsage(started)
    costs.push(((user + system) * 1000) / SERIES)
  }
  await writer.stop(AbortSignal.timeout(10_000))
  return { cpu_ns: median(costs), bytes: bytes / Math.max(1, sent) }
}

export async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-bench-'))
  const cases: readonly Case[] = [
    { what: 'results', version: 1 },
    { what: 'all', version: 1 },
    { what: 'all', version: 2 },
  ]
  for (const one of cases) {
    const { cpu_ns, bytes } = await measure(one, folder)
    report({
      bench: 'remote-write',
      ...one,
      cpu_ns_per_sample: Math.round(cpu_ns),
      bytes_per_sample: Math.round(bytes),
    })
  }
  rmSync(folder, { recursive: true })
}
