// Remote write over a socket to findings, whole processes: `npm run bench -- remote-write-in [1] [2] [--runs N] [--points N]`.
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { costOf, counted, LineProcess, median, pinned, report, type Sent, startServer, usageOf } from './measure.ts'
import type { WriteSenderOptions } from './write-sender.ts'

const SERIES = 100_000
/** Rounds that make the series and warm the code. */
const WARM = 5

async function run(version: 1 | 2, total: number, rules: readonly string[]) {
  const limits = { series: 2_000_000, series_per_metric: 2_000_000, scored_series: 2_000_000 }
  const server = await startServer({ rules, limits })
  const rounds = WARM + Math.max(2, Math.ceil(total / SERIES))
  const options: WriteSenderOptions = { port: server.http, version, series: SERIES, rounds, connections: 4 }
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
      version,
      ...costOf(sent, points_of_body, cpu_s),
      stored: await counted(server.http, 'barograph_store_samples_total'),
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
  // Interleaved, so that a slow minute of the machine hits both alike.
  for (let i = 0; i < Number(values.runs); i++) {
    for (const version of versions) {
      const result = await run(version === '1' ? 1 : 2, Number(values.points), rules)
      report({ run: i, ...result })
      ;(figures[version] ??= []).push(result.cpu_ns_per_point)
    }
  }
  for (const [version, ns] of Object.entries(figures)) {
    report({ bench: 'remote-write-in', version: Number(version), median: true, cpu_ns_per_point: median(ns) })
  }
}
