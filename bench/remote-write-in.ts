// Remote write over a socket to findings, whole processes: `npm run bench -- remote-write-in [1] [2] [--runs N] [--points N]`. With
// PROMETHEUS=PROGRAM a Prometheus stores the same requests in the same run.
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { costOf, counted, LineProcess, median, pinned, report, type Sent, startServer, usageOf } from './measure.ts'
import { startPrometheus } from './prometheus.ts'
import type { Peer } from './promql/server.ts'
import type { WriteSenderOptions } from './write-sender.ts'

const SERIES = 100_000
/** Rounds that make the series and warm the code. */
const WARM = 5

/** Barograph, and the Prometheus that the environment names. */
function peersOf(rules: readonly string[]): (readonly [receiver: string, start: () => Promise<Peer>])[] {
  const limits = { series: 2_000_000, series_per_metric: 2_000_000, scored_series: 2_000_000 }
  const { PROMETHEUS } = process.env
  return [
    ['barograph', () => startServer({ rules, limits }).then((server) => ({ ...server, port: server.http }))],
    ...(PROMETHEUS === undefined ? [] : ([['prometheus', () => startPrometheus(PROMETHEUS)]] as const)),
  ]
}

async function run(receiver: string, server: Peer, version: 1 | 2, total: number) {
  const rounds = WARM + Math.max(2, Math.ceil(total / SERIES))
  const options: WriteSenderOptions = { port: server.port, version, series: SERIES, rounds, connections: 4 }
  const program = join(import.meta.dirname, 'write-sender.ts')
  const sender = new LineProcess(pinned(1, [process.execPath, program, JSON.stringify(options)]))
  try {
    const { points_of_body, body_bytes } = await sender.answer<{ points_of_body: number; body_bytes: number }>()
    await sender.ask(`0 ${WARM}`)
    const before = usageOf(server.pid)
    const sent = await sender.ask<Sent>(`${WARM} ${rounds}`)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const cpu_s = usageOf(server.pid).cpu_s - before.cpu_s
    return {
      bench: 'remote-write-in',
      receiver,
      version,
      ...costOf(sent, points_of_body, cpu_s),
      ...(receiver === 'barograph' && { stored: await counted(server.port, 'barograph_store_samples_total') }),
      body_bytes,
      series: SERIES,
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
      points: { type: 'string', default: '2000000' },
      'no-detectors': { type: 'boolean', default: false },
    },
  })
  const versions = (['1', '2'] as const).filter((one) => positionals.length === 0 || positionals.includes(one))
  const rules = values['no-detectors'] ? [] : [join(import.meta.dirname, 'ingest.barograph.yml')]
  const figures: Record<string, number[]> = {}
  // Interleaved, so that a slow minute of the machine hits all alike.
  for (let i = 0; i < Number(values.runs); i++) {
    for (const version of versions) {
      for (const [receiver, start] of peersOf(rules)) {
        const result = await run(receiver, await start(), version === '1' ? 1 : 2, Number(values.points))
        report({ run: i, ...result })
        ;(figures[`${receiver} ${version}`] ??= []).push(result.cpu_ns_per_point)
      }
    }
  }
  for (const [name, ns] of Object.entries(figures)) {
    const [receiver, version] = name.split(' ')
    report({ bench: 'remote-write-in', receiver, version: Number(version), median: true, cpu_ns_per_point: median(ns) })
  }
}
