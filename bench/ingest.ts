// OTLP over a socket to findings, whole processes: `npm run bench -- ingest [CASE…] [--runs N] [--points N] [--warm N]`. With OTELCOL=PROGRAM the
// OpenTelemetry Collector receives the same bodies in the same run, and drops them; with PROMETHEUS=PROGRAM a Prometheus stores them (it
// has no gRPC). Beside `large`, protobufjs decodes such bodies in the same run, in a fresh process, and does nothing with them.
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { startCollector } from './collector.ts'
import { Bodies } from './decode.ts'
import {
  costOf,
  counted,
  LineProcess,
  median,
  pinned,
  report,
  type Sent,
  type Server,
  startServer,
  usageOf,
} from './measure.ts'
import { startPrometheus } from './prometheus.ts'
import type { SenderOptions } from './sender.ts'

interface Case extends Omit<SenderOptions, 'url' | 'rounds' | 'connections' | 'rate'> {
  /** So many, whatever number of points is asked for. */
  readonly rounds?: number
  /** What a point costs is held against what it costs protobufjs to decode one. */
  readonly beside_protobufjs?: boolean
}

const BASE: Case = {
  transport: 'http',
  encoding: 'proto',
  gzip: true,
  points: 2000,
  series: 100_000,
  shuffled: false,
  step_ms: 10_000,
  late: false,
}

/**
 * What comes before anything counts: of 100 000 series, 70 samples of each. The windows of the detectors are full then, every head has been
 * sealed twice, and the compiler has seen what is done for most of the life of a process.
 */
const WARM_POINTS = 7_000_000

/** A day and a bit, a sample in each slot of the season: every window and season of the detectors is full. */
const WARM = { ...BASE, gzip: false, late: true, step_ms: 300_000, rounds: 300 }

const CASES: Readonly<Record<string, Case>> = {
  gzip: BASE,
  identity: { ...BASE, gzip: false },
  small: { ...BASE, points: 170 },
  large: { ...BASE, points: 10_000, gzip: false, beside_protobufjs: true },
  'small-identity': { ...BASE, points: 170, gzip: false },
  shuffled: { ...BASE, shuffled: true },
  json: { ...BASE, encoding: 'json' },
  grpc: { ...BASE, transport: 'grpc', gzip: false },
  'grpc-gzip': { ...BASE, transport: 'grpc' },
  '10k': { ...BASE, series: 10_000 },
  '1M': { ...BASE, series: 1_000_000 },
  warm: WARM,
  'warm-1M': { ...WARM, series: 1_000_000 },
}

interface Peer extends Pick<Server, 'pid' | 'stop'>, Partial<Pick<Server, 'http' | 'held'>> {
  /** Where it takes OTLP; undefined where it does not. */
  readonly urls: Readonly<Record<Case['transport'], string | undefined>>
}

type Start = () => Promise<Peer>

const local = (port: number): string => `http://127.0.0.1:${port}`

function barograph(rules: readonly string[]): Start {
  const limits = { series: 2_000_000, series_per_metric: 2_000_000, scored_series: 2_000_000 }
  return async () => {
    const server = await startServer({ rules, limits, retention: { samples: '400d' } })
    return { ...server, urls: { http: local(server.otlp), grpc: local(server.grpc) } }
  }
}

/** Those that the environment names. */
function others(): (readonly [suffix: string, start: Start])[] {
  const { OTELCOL, PROMETHEUS } = process.env
  const peers: (readonly [string, Start])[] = []
  if (OTELCOL !== undefined) {
    const collector = async (): Promise<Peer> => {
      const { otlp, grpc, ...server } = await startCollector(OTELCOL)
      return { ...server, urls: { http: local(otlp), grpc: local(grpc) } }
    }
    peers.push([' (Collector)', collector])
  }
  if (PROMETHEUS !== undefined) {
    const prometheus = async (): Promise<Peer> => {
      const { port, ...server } = await startPrometheus(PROMETHEUS)
      return { ...server, urls: { http: `${local(port)}/api/v1/otlp`, grpc: undefined } }
    }
    peers.push([' (Prometheus)', prometheus])
  }
  return peers
}

interface Run {
  /** Points that count. */
  readonly points: number
  /** Points before them. */
  readonly warm: number
  readonly start: Start
}

async function run(name: string, what: Case, { points, warm: warm_points, start }: Run) {
  const server = await start()
  const url = server.urls[what.transport]
  if (url === undefined) {
    await server.stop()
    return undefined
  }
  const warm = Math.max(2, Math.ceil(warm_points / what.series))
  const rounds = what.rounds ?? warm + Math.max(2, Math.ceil(points / what.series))
  const options: SenderOptions = { ...what, url, rounds, connections: 4, rate: 0 }
  const sender = new LineProcess(
    pinned(1, [process.execPath, join(import.meta.dirname, 'sender.ts'), JSON.stringify(options)]),
  )
  try {
    const { points_of_body } = await sender.answer<{ points_of_body: number }>()
    const empty = usageOf(server.pid)
    await sender.ask(`0 ${warm}`)
    const before = usageOf(server.pid)
    const load = (): Promise<Sent> => sender.ask<Sent>(`${warm} ${rounds}`)
    const [sent, loop] = server.held === undefined ? [await load()] : await server.held(load)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const after = usageOf(server.pid)
    const cpu_s = after.cpu_s - before.cpu_s
    const { http } = server
    return {
      bench: 'ingest',
      case: name,
      ...costOf(sent, points_of_body, cpu_s),
      ...(http !== undefined && { stored: await counted(http, 'barograph_store_samples_total') }),
      ...(loop !== undefined && { loop_delay: loop }),
      series: what.series,
      samples_per_series: rounds,
      rss_mb: Math.round(after.rss_bytes / 2 ** 20),
      bytes_per_series: Math.round((after.rss_bytes - empty.rss_bytes) / what.series),
    }
  } finally {
    sender.stop()
    await server.stop()
  }
}

type Result = NonNullable<Awaited<ReturnType<typeof run>>> & { readonly of_protobufjs?: number }

/** The same run with protobufjs decoding such bodies behind it. */
async function besideProtobufjs(result: Result): Promise<Result> {
  const bodies = new Bodies(10_000, { json: false })
  try {
    const protobufjs_ns_per_point = Math.round(await bodies.cost('protobufjs, no walk'))
    const of_protobufjs = Number((result.cpu_ns_per_point / protobufjs_ns_per_point).toFixed(3))
    return Object.assign(result, { protobufjs_ns_per_point, of_protobufjs })
  } finally {
    bodies.end()
  }
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      points: { type: 'string', default: '4000000' },
      warm: { type: 'string', default: String(WARM_POINTS) },
      'no-detectors': { type: 'boolean', default: false },
    },
  })
  const names =
    positionals.length === 0 ? Object.keys(CASES).filter((name) => CASES[name]!.rounds === undefined) : positionals
  const rules = values['no-detectors'] ? [] : [join(import.meta.dirname, 'ingest.barograph.yml')]
  const peers = [['', barograph(rules)] as const, ...others()]
  const results = new Map<string, Result[]>()
  // Interleaved, so that a slow minute of the machine hits all alike.
  for (let i = 0; i < Number(values.runs); i++) {
    for (const name of names) {
      for (const [suffix, start] of peers) {
        const what = CASES[name]!
        const alone = await run(name + suffix, what, {
          points: Number(values.points),
          warm: Number(values.warm),
          start,
        })
        if (alone === undefined) continue
        const result = what.beside_protobufjs === true ? await besideProtobufjs(alone) : alone
        report({ run: i, ...result })
        results.set(name + suffix, [...(results.get(name + suffix) ?? []), result])
      }
    }
  }
  for (const [name, runs] of results) {
    report({
      bench: 'ingest',
      case: name,
      median: true,
      points_per_cpu_s: median(runs.map((one) => one.points_per_cpu_s)),
      cpu_ns_per_point: median(runs.map((one) => one.cpu_ns_per_point)),
      ...(runs[0]!.of_protobufjs !== undefined && { of_protobufjs: median(runs.map((one) => one.of_protobufjs!)) }),
    })
  }
}
