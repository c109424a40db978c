import { join } from 'node:path'

import { LineProcess, median, pinned, report, type Sent, usageOf } from '../measure.ts'
import type { WriteSenderOptions } from '../write-sender.ts'
import { ask, type Peer } from './server.ts'

const SERIES = 20_000
/** Rounds of one side; sides take turns. */
const ROUNDS = 100
const SIDES = 4
/** Clients that ask one query after the other. */
const CLIENTS = 2

/** What was sent in a second of wall time, and in a second of the server's CPU time: that one does not know who else uses the machine. */
interface Rate {
  readonly wall: number
  readonly cpu: number
}

/** Remote write as fast as it goes, alone and while clients ask `paths` in turn: what is left of its rate. */
export async function besideIngest(peer: Peer, paths: readonly string[]): Promise<void> {
  const rounds = (SIDES * 2 + 1) * ROUNDS
  const options: WriteSenderOptions = { port: peer.port, version: 1, series: SERIES, rounds, connections: 4 }
  const program = join(import.meta.dirname, '../write-sender.ts')
  const sender = new LineProcess(pinned(1, [process.execPath, program, JSON.stringify(options)]))
  try {
    await sender.answer()
    await sender.ask(`0 ${ROUNDS}`)
    const rates: { alone: Rate[]; beside: Rate[] } = { alone: [], beside: [] }
    const times: number[] = []
    let bytes = 0
    let next = ROUNDS
    for (let side = 0; side < SIDES * 2; side++) {
      const sending = { on: true }
      const client = async (first: number): Promise<void> => {
        for (let i = first; sending.on; i += CLIENTS) {
          const { wall_ms, body } = await ask(peer, paths[i % paths.length]!)
          times.push(wall_ms)
          bytes += body.length
        }
      }
      const clients = side % 2 === 0 ? [] : Array.from({ length: CLIENTS }, (_, i) => client(i))
      const before_s = usageOf(peer.pid).cpu_s
      const sent = await sender.ask<Sent>(`${next} ${next + ROUNDS}`)
      const cpu_s = usageOf(peer.pid).cpu_s - before_s
      sending.on = false
      await Promise.all(clients)
      if (sent.failed > 0) throw new Error(sent.error)
      rates[side % 2 === 0 ? 'alone' : 'beside'].push({
        wall: sent.requests / sent.seconds,
        cpu: sent.requests / cpu_s,
      })
      next += ROUNDS
    }
    const [alone, beside] = [rates.alone, rates.beside].map((some) => median(some.map(({ wall }) => wall))) as [
      number,
      number,
    ]
    const [cpuAlone, cpuBeside] = [rates.alone, rates.beside].map((some) => median(some.map(({ cpu }) => cpu))) as [
      number,
      number,
    ]
    report({
      bench: 'promql',
      beside: 'remote write',
      bodies_per_s: Math.round(alone),
      bodies_per_s_beside_queries: Math.round(beside),
      rate_ratio: Number((beside / alone).toPrecision(3)),
      cpu_ratio: Number((cpuBeside / cpuAlone).toPrecision(3)),
      queries: times.length,
      query_wall_ms: Math.round(median(times)),
      megabytes: Math.round(bytes / 1e6),
    })
  } finally {
    sender.stop()
  }
}
