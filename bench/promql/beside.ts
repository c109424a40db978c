import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { seeded } from '#core/random.ts'

import { LineProcess, median, pinned, report, type Sent } from '../measure.ts'
import type { SenderOptions } from '../sender.ts'
import { ask, cpu_ns, type Peer } from './server.ts'

const SERIES = 20_000
/**
 * Rounds of one side: an hour of samples, some four seconds, so that each side has what the store does once an hour, and a machine that becomes faster or
 * slower within a minute gives both the same.
 */
const ROUNDS = 360
const STEP_MS = 10_000

/** What was sent in a second of wall time, and in a second of the server's CPU time: that one does not know who else uses the machine. */
interface Rate {
  readonly wall: number
  readonly cpu: number
}

export interface BesideOptions {
  /** Of a side without and one with queries; chance says which is first, so that nothing that recurs falls on one of them. */
  readonly pairs: number
  /** Clients that ask one query after the other; with none the bench shows what it makes of nothing. */
  readonly clients: number
}

/** The mean of `ratios` and its standard error, both by logarithms: twice as fast and half as fast make 1. */
function meanOf(ratios: readonly number[]): { mean: number; error: number } {
  const logs = ratios.map(Math.log)
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1)
  return { mean: Math.exp(mean), error: Math.exp(mean) * Math.sqrt(variance / logs.length) }
}

const rounded = (value: number): number => Number(value.toPrecision(3))

/** OTLP as fast as it goes, alone and while clients ask `paths` in turn: what is left of its rate. */
export async function besideIngest(peer: Peer, paths: readonly string[], options: BesideOptions): Promise<void> {
  const sending: SenderOptions = {
    url: `http://127.0.0.1:${peer.otlp}`,
    transport: 'http',
    encoding: 'proto',
    gzip: false,
    points: 2000,
    series: SERIES,
    rounds: (options.pairs * 2 + 1) * ROUNDS,
    shuffled: false,
    step_ms: STEP_MS,
    connections: 4,
    late: true,
    rate: 0,
  }
  // What asks is not to take time on the server's core.
  const [taskset, ...own] = pinned(1, [])
  if (taskset !== undefined) execFileSync(taskset, ['-p', ...own, String(process.pid)], { stdio: 'ignore' })
  const program = join(import.meta.dirname, '../sender.ts')
  const sender = new LineProcess(pinned(1, [process.execPath, program, JSON.stringify(sending)]))
  let round = 0
  const rate = async (): Promise<Rate> => {
    const before_ns = cpu_ns(peer.pid)
    const sent = await sender.ask<Sent>(`${round} ${round + ROUNDS}`)
    const cpu_s = (cpu_ns(peer.pid) - before_ns) / 1e9
    round += ROUNDS
    if (sent.failed > 0) throw new Error(sent.error)
    return { wall: sent.requests / sent.seconds, cpu: sent.requests / cpu_s }
  }
  const random = seeded(1)
  const times: number[] = []
  let bytes = 0
  const besideQueries = async (): Promise<Rate> => {
    const beside = { on: true }
    const client = async (first: number): Promise<void> => {
      for (let i = first; beside.on; i += options.clients) {
        const { wall_ms, body } = await ask(peer, paths[i % paths.length]!)
        times.push(wall_ms)
        bytes += body.length
      }
    }
    const clients = Array.from({ length: options.clients }, (_, i) => client(times.length + i))
    const measured = await rate()
    beside.on = false
    await Promise.all(clients)
    return measured
  }
  try {
    await sender.answer()
    await rate()
    const pairs: { alone: Rate; beside: Rate }[] = []
    for (let pair = 0; pair < options.pairs; pair++) {
      const first = random() < 0.5 ? undefined : await besideQueries()
      const alone = await rate()
      pairs.push({ alone, beside: first ?? (await besideQueries()) })
    }
    const wall = meanOf(pairs.map(({ alone, beside }) => beside.wall / alone.wall))
    const cpu = meanOf(pairs.map(({ alone, beside }) => beside.cpu / alone.cpu))
    report({
      bench: 'promql',
      beside: 'OTLP',
      clients: options.clients,
      pairs: pairs.length,
      bodies_per_s: Math.round(median(pairs.map(({ alone }) => alone.wall))),
      rate_ratio: rounded(wall.mean),
      rate_error: rounded(wall.error),
      cpu_ratio: rounded(cpu.mean),
      cpu_error: rounded(cpu.error),
      queries: times.length,
      ...(times.length > 0 && { query_wall_ms: Math.round(median(times)), megabytes: Math.round(bytes / 1e6) }),
    })
  } finally {
    sender.stop()
  }
}
