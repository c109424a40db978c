import { join } from 'node:path'

import { LineProcess, median, pinned, report, type Sent } from '../measure.ts'
import type { WriteSenderOptions } from '../write-sender.ts'
import { ask, type Peer } from './server.ts'

const SERIES = 20_000
/** Rounds of one side; sides take turns. */
const ROUNDS = 40
const SIDES = 4
/** Clients that ask one query after the other. */
const CLIENTS = 2

const rateOf = (sent: Sent): number => sent.requests / sent.seconds

/** Remote write as fast as it goes, alone and while clients ask `paths` in turn: what is left of its rate. */
export async function besideIngest(peer: Peer, paths: readonly string[]): Promise<void> {
  const rounds = (SIDES * 2 + 1) * ROUNDS
  const options: WriteSenderOptions = { port: peer.port, version: 1, series: SERIES, rounds, connections: 4 }
  const program = join(import.meta.dirname, '../write-sender.ts')
  const sender = new LineProcess(pinned(1, [process.execPath, program, JSON.stringify(options)]))
  try {
    await sender.answer()
    await sender.ask(`0 ${ROUNDS}`)
    const rates: { alone: number[]; beside: number[] } = { alone: [], beside: [] }
    const times: number[] = []
    let next = ROUNDS
    for (let side = 0; side < SIDES * 2; side++) {
      const sending = { on: true }
      const client = async (first: number): Promise<void> => {
        for (let i = first; sending.on; i += CLIENTS) times.push((await ask(peer, paths[i % paths.length]!)).wall_ms)
      }
      const clients = side % 2 === 0 ? [] : Array.from({ length: CLIENTS }, (_, i) => client(i))
      const sent = await sender.ask<Sent>(`${next} ${next + ROUNDS}`)
      sending.on = false
      await Promise.all(clients)
      if (sent.failed > 0) throw new Error(sent.error)
      rates[side % 2 === 0 ? 'alone' : 'beside'].push(rateOf(sent))
      next += ROUNDS
    }
    const [alone, beside] = [median(rates.alone), median(rates.beside)]
    report({
      bench: 'promql',
      beside: 'remote write',
      bodies_per_s: Math.round(alone),
      bodies_per_s_beside_queries: Math.round(beside),
      rate_ratio: Number((beside / alone).toPrecision(3)),
      queries: times.length,
      query_wall_ms: Math.round(median(times)),
    })
  } finally {
    sender.stop()
  }
}
