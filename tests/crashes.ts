// kill -9 at the worst moments: while a checkpoint is written, between two renames, while the journal behind it is removed, when samples
// or rollups go to files or their files go. Whatever was acknowledged is there once, and scores are those of a life that never ended. Not part of the suite.
//   node tests/crashes.ts [--series=100000] [--rounds=60] [--compared=1000000] [--kills=40] [--seed=1] [--detector=auto] [--aims=writing,swapping,…] [--set KEY=VALUE]…
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

import { seeded } from '#core/random.ts'

import { ROUND_MS } from '../bench/restart/rounds.ts'
import type { Life, Word } from './crashes/life.ts'

const LIFE = join(import.meta.dirname, 'crashes/life.ts')

/** What is seen in a folder, and how long after it, at most, the process is killed. */
interface Aim {
  readonly name: string
  readonly folder: '' | 'journal' | 'chunks' | 'rollups'
  readonly file: RegExp
  readonly within_ms: number
}

const AIMS: readonly Aim[] = [
  { name: 'writing', folder: '', file: /^checkpoint\.tmp$/, within_ms: 300 },
  { name: 'swapping', folder: '', file: /^checkpoint\.previous$/, within_ms: 0 },
  { name: 'swapped', folder: '', file: /^checkpoint$/, within_ms: 1 },
  { name: 'rotating', folder: 'journal', file: /./, within_ms: 3 },
  { name: 'sealing', folder: 'chunks', file: /./, within_ms: 3 },
  { name: 'summing up', folder: 'rollups', file: /./, within_ms: 3 },
]

interface Death {
  readonly aim: string
  readonly started_ms: number
  readonly start_cpu_ms: number
  readonly acknowledged: number
  /** Of the folder, as the next life finds it. */
  readonly left: string
}

interface Lived {
  readonly started_ms: number
  readonly start_cpu_ms: number
  readonly acknowledged: number
  readonly end: { readonly parts: Readonly<Record<string, string>>; readonly samples: number } | undefined
}

/** A life until it has taken all, or until what is aimed at is seen; `aim` undefined: it is let live. */
async function lived(life: Life, aim: Aim | undefined, random: () => number): Promise<Lived> {
  const child = spawn(process.execPath, [LIFE, JSON.stringify(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const state = join(life.data, 'state')
  let [started_ms, start_cpu_ms, acknowledged] = [Number.NaN, Number.NaN, life.from]
  let end: Lived['end']
  // Not before some bodies are taken, or nobody would get anywhere.
  const patience = life.from + Math.ceil(random() * 5)
  const watching =
    aim &&
    watch(join(state, aim.folder), (_, file) => {
      if (acknowledged < patience || !aim.file.test(file ?? '')) return
      const wait_ms = aim.within_ms * random()
      if (wait_ms === 0) child.kill('SIGKILL')
      else setTimeout(() => child.kill('SIGKILL'), wait_ms)
    })
  for await (const line of createInterface({ input: child.stdout })) {
    const word = JSON.parse(line) as Word
    if ('started_ms' in word) ({ started_ms, start_cpu_ms } = word)
    else if ('acknowledged' in word) acknowledged = word.acknowledged
    else end = word
  }
  await closed
  watching?.close()
  if (end === undefined && child.signalCode !== 'SIGKILL') throw new Error('it ended by itself')
  return { started_ms, start_cpu_ms, acknowledged, end }
}

/** Which files a crash left that a checkpoint is made of. */
function leftIn(data: string): string {
  const state = join(data, 'state')
  const of = (folder: string): number => readdirSync(join(state, folder)).length
  const checkpoints = ['checkpoint.tmp', 'checkpoint', 'checkpoint.previous'].filter((name) =>
    existsSync(join(state, name)),
  )
  return `${checkpoints.join('+')}, ${of('journal')} segments`
}

async function crashes(): Promise<number> {
  const { values } = parseArgs({
    options: {
      series: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '60' },
      compared: { type: 'string', default: '1000000' },
      kills: { type: 'string', default: '40' },
      seed: { type: 'string', default: '1' },
      detector: { type: 'string', default: 'auto' },
      aims: { type: 'string', default: AIMS.map(({ name }) => name).join() },
      set: { type: 'string', multiple: true, default: ['limits.journal=4MiB'] },
    },
  })
  const home = mkdtempSync(join(tmpdir(), 'barograph-crashes-'))
  const random = seeded(Number(values.seed))
  const rounds = Number(values.rounds)
  const begin_ms = Math.floor(Date.now() / ROUND_MS) * ROUND_MS - rounds * ROUND_MS
  const { detector, set } = values
  const aims = values.aims.split(',').map((wanted) => AIMS.find(({ name }) => name === wanted)!)
  const aimOf = (death: number): Aim | undefined =>
    death < Number(values.kills) ? aims[death % aims.length] : undefined
  const life = (name: string, from: number): Life => {
    const data = join(home, name)
    for (const folder of ['journal', 'chunks', 'rollups']) mkdirSync(join(data, 'state', folder), { recursive: true })
    return {
      data,
      series: Number(values.series),
      detector,
      begin_ms,
      from,
      rounds,
      compared: Number(values.compared),
      set,
    }
  }
  try {
    const deaths: Death[] = []
    let last = await lived(life('killed', 0), aimOf(0), random)
    while (last.end === undefined) {
      const { started_ms, start_cpu_ms, acknowledged } = last
      const left = leftIn(join(home, 'killed'))
      const death = { aim: aimOf(deaths.length)!.name, started_ms, start_cpu_ms, acknowledged, left }
      deaths.push(death)
      process.stderr.write(`${JSON.stringify(death)}\n`)
      last = await lived(life('killed', acknowledged), aimOf(deaths.length), random)
    }
    const whole = await lived(life('whole', 0), undefined, random)
    const left: Record<string, number> = {}
    for (const death of deaths) {
      const files = death.left.split(',')[0]!
      left[files] = (left[files] ?? 0) + 1
    }
    const lives = [...deaths.slice(1), last]
    const summary = {
      kills: deaths.length,
      started_ms: Math.max(...lives.map(({ started_ms }) => started_ms)),
      start_cpu_ms: Math.max(...lives.map(({ start_cpu_ms }) => start_cpu_ms)),
      left,
      samples: [last.end.samples, whole.end!.samples],
      different: Object.keys(whole.end!.parts).filter((part) => whole.end!.parts[part] !== last.end!.parts[part]),
    }
    process.stdout.write(`${JSON.stringify(summary)}\n`)
    return summary.different.length === 0 ? 0 : 1
  } finally {
    rmSync(home, { recursive: true })
  }
}

process.exitCode = await crashes()
