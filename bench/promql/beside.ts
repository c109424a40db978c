import { join } from 'node:path'

import { LineProcess, median, pinned, report, type Sent, usageOf } from '../measure.ts'
import type { WriteSenderOptions } from '../write-sender.ts'
import { ask, type Peer } from './server.ts'

const SERIES = 20_000
/** Rounds of one side: some seconds, so that a machine that becomes faster or slower meanwhile counts little. */
const ROUNDS = 100
/** Pairs of sides; every other pair begins with queries, so that neither side has more of what comes with time. */
const PAIRS = 20
/** Clients that ask one query after the other. */
const CLIENTS = 2

/**
 * The mean of the better half of `rates`: what takes time on a shared machine only ever makes a side slower, by up to a third for seconds here,
 * so that a median of all tells more of the neighbours than of queries.
 */
function calm(rates: readonly number[]): number {
  const better = rates.toSorted((a, b) => b - a).slice(0, Math.ceil(rates.length / 2))
  return better.reduce((sum, rate) => sum + rate, 0) / better.length
}

/** What was sent in a second of wall time, and in a second of the server's CPU time: that one does not know who else uses the machine. */
interface Rate {
  readonly wall: number
  readonly cpu: number
}

/** Remote write as fast as it goes, alone and while clients ask `paths` in turn: what is left of its rate. */
export async function besideIngest(peer: Peer, paths: readonly string[]): Promise<void> {
  const rounds = (PAIRS * 2 + 1) * ROUNDS
  const options: WriteSenderOptions = { port: peer.port, version: 1, series: SERIES, rounds, connections: 4 }
  const program = join(import.meta.dirname, '../write-sender.ts')
  const sender = new LineProcess(pinned(1, [process.execPath, program, JSON.stringify(options)]))
  let round = 0
  const rate = async (): Promise<Rate> => {
    const before_s = usageOf(peer.pid).cpu_s
    const sent = await sender.ask<Sent>(`${round} ${round + ROUNDS}`)
    const cpu_s = usageOf(peer.pid).cpu_s - before_s
    round += ROUNDS
    if (sent.failed > 0) throw new Error(sent.error)
    return { wall: sent.requests / sent.seconds, cpu: sent.requests / cpu_s }
  }
  try {
    await sender.answer()
    await rate()
    const pairs: { alone: Rate; beside: Rate }[] = []
    const times: number[] = []
    let bytes = 0
    const besideQueries = async (): Promise<Rate> => {
      const sending = { on: true }
      const client = async (first: number): Promise<void> => {
        for (let i = first; sending.on; i += CLIENTS) {
          const { wall_ms, body } = await ask(peer, paths[i % paths.length]!)
          times.push(wall_ms)
          bytes += body.length
        }
      }
      const clients = Array.from({ length: CLIENTS }, (_, i) => client(times.length + i))
      const beside = await rate()
      sending.on = false
      await Promise.all(clients)
      return beside
    }
    for (let pair = 0; pair < PAIRS; pair++) {
      const first = pair % 2 === 0 ? undefined : await besideQueries()
      const alone = await rate()
      pairs.push({ alone, beside: first ?? (await besideQueries()) })
    }
    const [alone, beside] = (['alone', 'beside'] as const).map((side) => ({
      wall: calm(pairs.map((pair) => pair[side].wall)),
      cpu: calm(pairs.map((pair) => pair[side].cpu)),
    })) as [Rate, Rate]
    report({
      bench: 'promql',
      beside: 'remote write',
      bodies_per_s: Math.round(alone.wall),
      bodies_per_s_beside_queries: Math.round(beside.wall),
      rate_ratio: Number((beside.wall / alone.wall).toPrecision(3)),
      cpu_ratio: Number((beside.cpu / alone.cpu).toPrecision(3)),
      median_of_pairs: Number(median(pairs.map((pair) => pair.beside.wall / pair.alone.wall)).toPrecision(3)),
      queries: times.length,
      query_wall_ms: Math.round(median(times)),
      megabytes: Math.round(bytes / 1e6),
    })
  } finally {
    sender.stop()
  }
}
