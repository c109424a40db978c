// OTLP over a socket to findings, whole processes: `npm run bench -- ingest [CASE…] [--runs N] [--points-total N]`.
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { counted, LineProcess, median, pinned, report, startServer, usageOf } from './measure.ts'
import type { SenderOptions } from './sender.ts'

type Case = Omit<SenderOptions, 'url' | 'rounds' | 'connections' | 'rate'>

const BASE: Case = {
  transport: 'http',
  encoding: 'proto',
  gzip: true,
  points: 2000,
  series: 100_000,
  shuffled: false,
}

const CASES: Readonly<Record<string, Case>> = {
  gzip: BASE,
  identity: { ...BASE, gzip: false },
  small: { ...BASE, points: 170 },
  'small-identity': { ...BASE, points: 170, gzip: false },
  shuffled: { ...BASE, shuffled: true },
  json: { ...BASE, encoding: 'json' },
  grpc: { ...BASE, transport: 'grpc', gzip: false },
  'grpc-gzip': { ...BASE, transport: 'grpc' },
  '10k': { ...BASE, series: 10_000 },
  '1M': { ...BASE, series: 1_000_000 },
}

interface Sent {
  readonly requests: number
  readonly failed: number
  readonly error: string
  readonly seconds: number
}

async function run(name: string, what: Case, { points: total, rules }: { points: number; rules: readonly string[] }) {
  const limits = {
    series: 2_000_000,
    series_per_metric: 2_000_000,
    scored_series: 2_000_000,
  }
  const server = await startServer({ rules, limits, retention: { samples: '400d' } })
  const warm = Math.max(2, Math.ceil(1_000_000 / what.series))
  const rounds = warm + Math.max(2, Math.ceil(total / what.series))
  const port = what.transport === 'http' ? server.otlp : server.grpc
  const options: SenderOptions = { ...what, url: `http://127.0.0.1:${port}`, rounds, connections: 4, rate: 0 }
  const sender = new LineProcess(
    pinned(1, [process.execPath, join(import.meta.dirname, 'sender.ts'), JSON.stringify(options)]),
  )
  try {
    const { points_of_body } = await sender.answer<{ points_of_body: number }>()
    const empty = usageOf(server.pid)
    await sender.ask(`0 ${warm}`)
    const before = usageOf(server.pid)
    const sent = await sender.ask<Sent>(`${warm} ${rounds}`)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const after = usageOf(server.pid)
    const points = sent.requests * points_of_body
    const cpu_s = after.cpu_s - before.cpu_s
    return {
      bench: 'ingest',
      case: name,
      points_per_cpu_s: Math.round(points / cpu_s),
      points_per_s: Math.round(points / sent.seconds),
      cpu_ns_per_point: Math.round((cpu_s * 1e9) / points),
      failed: sent.failed,
      error: sent.error,
      stored: await counted(server.http, 'barograph_store_samples_total'),
      series: what.series,
      rss_mb: Math.round(after.rss_bytes / 2 ** 20),
      bytes_per_series: Math.round((after.rss_bytes - empty.rss_bytes) / what.series),
    }
  } finally {
    sender.stop()
    await server.stop()
  }
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      points: { type: 'string', default: '4000000' },
      'no-detectors': { type: 'boolean', default: false },
    },
  })
  const names = positionals.length === 0 ? Object.keys(CASES) : positionals
  const rules = values['no-detectors'] ? [] : [join(import.meta.dirname, 'ingest.barograph.yml')]
  const results = new Map<string, Awaited<ReturnType<typeof run>>[]>()
  // Interleaved, so that a slow minute of the machine hits all alike.
  for (let i = 0; i < Number(values.runs); i++) {
    for (const name of names) {
      const result = await run(name, CASES[name]!, { points: Number(values.points), rules })
      report({ run: i, ...result })
      results.set(name, [...(results.get(name) ?? []), result])
    }
  }
  for (const [name, runs] of results) {
    report({
      bench: 'ingest',
      case: name,
      median: true,
      points_per_cpu_s: median(runs.map((one) => one.points_per_cpu_s)),
      cpu_ns_per_point: median(runs.map((one) => one.cpu_ns_per_point)),
    })
  }
}
