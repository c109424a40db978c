// Queries of every kind, sound, broken and abandoned, for minutes: the process lives, memory comes back to where it was. Not part of the suite.
//   node tests/hammer.ts [--minutes=5] [--clients=8] [--seed=1]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { seeded } from '#core/random.ts'

import { Expressions } from './hammer/expressions.ts'
import { NATIVE, STEP_MS, STEPS } from './interop/promql/demo.ts'
import { bodiesFrom, write } from './interop/promql/remote-write.ts'
import { Victim } from './soak/victim.ts'

const MINUTE_MS = 60_000
const MIB = 2 ** 20
/** Of the time between two readings of memory. */
const READING_MS = 15_000
/** For garbage to go before the last reading. */
const REST_MS = 20_000

type Outcomes = Record<string, number>

const PATHS = [
  'query',
  'query',
  'query_range',
  'query_range',
  'format_query',
  'series',
  'labels',
  'label/job/values',
] as const

function pathOf(random: () => number, expressions: Expressions, now_s: number): string {
  const path = PATHS[Math.floor(random() * PATHS.length)]!
  // What is half of a character cannot be sent.
  const text = encodeURIComponent(expressions.next().toWellFormed())
  const start = Math.round(now_s - random() * 3600)
  if (path === 'query' || path === 'format_query') return `${path}?query=${text}&time=${start}`
  if (path === 'query_range')
    return `${path}?query=${text}&start=${start}&end=${now_s}&step=${1 + Math.floor(random() * 60)}`
  return `${path}?match[]=${text}`
}

/** Asks until it is over; one in five goes away before the answer, or in the middle of it. */
async function client(api: string, seed: number, outcomes: Outcomes, over: () => boolean): Promise<void> {
  const random = seeded(seed)
  const expressions = new Expressions(random)
  while (!over()) {
    const leaving = new AbortController()
    const leaves = random() < 0.2 ? setTimeout(() => leaving.abort(), random() * 40) : undefined
    const path = pathOf(random, expressions, Math.floor(Date.now() / 1000))
    let outcome: string
    try {
      const answer = await fetch(`${api}/api/v1/${path}`, { signal: leaving.signal })
      await answer.arrayBuffer()
      outcome = String(answer.status)
    } catch (error) {
      if (!leaving.signal.aborted) throw new Error(`${path}: ${String(error)}`, { cause: error })
      outcome = 'left'
    }
    clearTimeout(leaves)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
}

async function metric(api: string, name: string): Promise<number> {
  const text = await (await fetch(`${api}/metrics`)).text()
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN)
}

async function hammer(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      clients: { type: 'string', default: '8' },
      seed: { type: 'string', default: '1' },
    },
  })
  const home = mkdtempSync(join(tmpdir(), 'barograph-hammer-'))
  const victim = await Victim.on(home)
  try {
    await victim.start()
    const { api } = victim
    const begin_ms = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - STEPS * STEP_MS
    for (const body of bodiesFrom(begin_ms, NATIVE)) await write(api, body)
    const end = performance.now() + Number(values.minutes) * MINUTE_MS
    const over = (): boolean => performance.now() > end || !victim.alive
    const outcomes: Outcomes = {}
    const rss_mib: number[] = []
    const clients = Array.from({ length: Number(values.clients) }, (_, i) =>
      client(api, Number(values.seed) * 1000 + i, outcomes, over),
    )
    const reading = (async () => {
      while (!over()) {
        await sleep(READING_MS)
        rss_mib.push(Math.round(victim.usage().rss_bytes / MIB))
      }
    })()
    await Promise.all([...clients, reading])
    if (!victim.alive) throw new Error('it ended by itself')
    await sleep(REST_MS)
    const held_bytes = await metric(api, 'barograph_query_memory_bytes')
    const third = Math.floor(rss_mib.length / 3)
    const mean = (some: readonly number[]): number => some.reduce((sum, one) => sum + one, 0) / some.length
    const growth = third === 0 ? Number.NaN : mean(rss_mib.slice(-third)) / mean(rss_mib.slice(third, 2 * third))
    const rest_mib = Math.round(victim.usage().rss_bytes / MIB)
    const requests = Object.values(outcomes).reduce((sum, one) => sum + one, 0)
    const unexpected = Object.keys(outcomes).filter((status) => status.startsWith('5') && status !== '503')
    const summary = {
      requests,
      outcomes,
      rss_mib,
      rest_mib,
      memory_growth: Math.round(growth * 100) / 100,
      held_bytes,
      unexpected,
    }
    process.stdout.write(`${JSON.stringify(summary)}\n`)
    return unexpected.length === 0 && held_bytes === 0 ? 0 : 1
  } finally {
    await victim.kill('SIGKILL')
    rmSync(home, { recursive: true })
  }
}

process.exitCode = await hammer()
