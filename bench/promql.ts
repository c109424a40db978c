// PromQL over HTTP beside a Prometheus that holds the same: `PROMETHEUS=FILE npm run bench -- promql [--series N] [--rounds N] [--only TEXT]`;
// what queries leave of the rate of ingest: `npm run bench -- promql --beside [--pairs N] [--clients N]`.
import { parseArgs } from 'node:util'

import { median, report, startServer, usageOf } from './measure.ts'
import { startPrometheus } from './prometheus.ts'
import { besideIngest } from './promql/beside.ts'
import { difference } from './promql/compare.ts'
import { benchSeries, STEP_MS } from './promql/data.ts'
import { type BenchQuery, QUERIES, type QueryClass } from './promql/queries.ts'
import { type Answer, ask, type Peer } from './promql/server.ts'
import { bodiesOf, write } from './promql/write.ts'

const HOUR_MS = 3_600_000
/** An hour of steps, and what the longest window looks back. */
const STEPS = (1.25 * HOUR_MS) / STEP_MS
const LIMITS = {
  series: 2_000_000,
  series_per_metric: 2_000_000,
  query_series: 1_000_000,
  query_samples: 1_000_000_000,
  out_of_order: '12h',
}

function pathOf({ expr, step_s }: BenchQuery, end_ms: number): string {
  const query = encodeURIComponent(expr)
  if (step_s === undefined) return `/api/v1/query?query=${query}&time=${end_ms / 1000}`
  return `/api/v1/query_range?query=${query}&start=${(end_ms - HOUR_MS) / 1000}&end=${end_ms / 1000}&step=${step_s}`
}

async function fill(peers: readonly Peer[], series: number, end_ms: number): Promise<void> {
  for (const body of bodiesOf(benchSeries(series), end_ms - STEPS * STEP_MS, STEPS)) {
    await Promise.all(peers.map(({ port }) => write(port, body)))
  }
  // What a full store does after it was filled is not what is measured.
  await new Promise((resolve) => setTimeout(resolve, 3000))
}

interface Measured {
  readonly wall_ms: number
  readonly cpu_ms: number
  readonly body: Buffer
}

function summary(answers: readonly Answer[]): Measured {
  const wall_ms = median(answers.map((one) => one.wall_ms))
  return { wall_ms, cpu_ms: median(answers.map((one) => one.cpu_ms)), body: answers.at(-1)!.body }
}

/** Rounds of ours and theirs in turn; the first warms both. */
async function measure(peers: readonly Peer[], path: string, rounds: number): Promise<Measured[]> {
  const answers: Answer[][] = peers.map(() => [])
  for (let round = -1; round < rounds; round++) {
    for (const [i, peer] of peers.entries()) {
      const answer = await ask(peer, path)
      if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${answer.body.toString().slice(0, 300)}`)
      if (round >= 0) answers[i]!.push(answer)
    }
  }
  return answers.map(summary)
}

const rounded = (value: number): number => Number(value.toPrecision(3))

interface Ratio {
  readonly of: QueryClass
  readonly wall: number
  readonly cpu: number
}

function told(query: BenchQuery, [ours, theirs]: readonly Measured[]): Ratio | undefined {
  const step = query.step_s === undefined ? {} : { step_s: query.step_s }
  const base = { bench: 'promql', of: query.of, query: query.name, ...step, bytes: ours!.body.length }
  const costs = { wall_ms: rounded(ours!.wall_ms), cpu_ms: rounded(ours!.cpu_ms) }
  if (theirs === undefined) {
    report({ ...base, ...costs })
    return undefined
  }
  const ratio = { of: query.of, wall: ours!.wall_ms / theirs.wall_ms, cpu: ours!.cpu_ms / theirs.cpu_ms }
  report({
    ...base,
    ...costs,
    prometheus_wall_ms: rounded(theirs.wall_ms),
    prometheus_cpu_ms: rounded(theirs.cpu_ms),
    wall_ratio: rounded(ratio.wall),
    cpu_ratio: rounded(ratio.cpu),
    difference: difference(ours!.body, theirs.body) ?? 'none',
  })
  return ratio
}

async function start(prometheus: string | undefined): Promise<Peer[]> {
  const own = await startServer({ rules: [], limits: LIMITS, retention: { samples: '400d' } })
  const ours: Peer = { pid: own.pid, port: own.http, otlp: own.otlp, stop: () => own.stop() }
  return prometheus === undefined ? [ours] : [ours, await startPrometheus(prometheus)]
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      series: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      beside: { type: 'boolean', default: false },
      pairs: { type: 'string', default: '24' },
      clients: { type: 'string', default: '2' },
    },
  })
  const end_ms = Math.floor(Date.now() / 60_000) * 60_000
  const peers = await start(values.beside ? undefined : process.env['PROMETHEUS'])
  try {
    await fill(peers, Number(values.series), end_ms)
    const queries = QUERIES.filter(({ name, of }) => `${of} ${name}`.includes(values.only))
    if (values.beside) {
      await besideIngest(
        peers[0]!,
        queries.map((query) => pathOf(query, end_ms)),
        { pairs: Number(values.pairs), clients: Number(values.clients) },
      )
      return
    }
    const ratios: Ratio[] = []
    for (const query of queries) {
      const ratio = told(query, await measure(peers, pathOf(query, end_ms), Number(values.rounds)))
      if (ratio !== undefined) ratios.push(ratio)
    }
    for (const of of new Set(ratios.map((one) => one.of))) {
      const those = ratios.filter((one) => one.of === of)
      const wall_ratio = rounded(median(those.map(({ wall }) => wall)))
      report({ bench: 'promql', of, median: true, wall_ratio, cpu_ratio: rounded(median(those.map(({ cpu }) => cpu))) })
    }
    const [ours, theirs] = peers.map(({ pid }) => Math.round(usageOf(pid).peak_bytes / 1e6))
    report({ bench: 'promql', series: Number(values.series), peak_mb: ours, prometheus_peak_mb: theirs })
  } finally {
    for (const peer of peers) await peer.stop()
  }
}
