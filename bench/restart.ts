// A restart: how long until it is ready, and whether the next scores are those of a process that never stopped.
//   npm run bench -- restart [--series=100000] [--rounds=20] [--detector=band]
// A checkpoint of ten rounds, `rounds` more in the journal, SIGKILL; then a fresh process on a copy of the folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { freePort, report, usageOf } from './measure.ts'
import type { Life, LifeReport } from './restart/life.ts'
import { ROUND_MS } from './restart/rounds.ts'

const LIFE = join(import.meta.dirname, 'restart/life.ts')
const BAROGRAPH = join(import.meta.dirname, '../bin/barograph.js')
const CHECKPOINTED = 10
const AFTER = 2
const PATIENCE_MS = 300_000

function say(figure: string, value: number | boolean | string, more: Readonly<Record<string, unknown>> = {}): void {
  const shown = typeof value === 'number' ? Number(value.toPrecision(4)) : value
  report({ bench: 'restart', figure, value: shown, ...more })
}

/** A process that lives as it is told. */
async function lived(life: Life): Promise<LifeReport> {
  const child = spawn(process.execPath, [LIFE, JSON.stringify(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (said === '') throw new Error(`a life ended without a word: ${JSON.stringify(life)}`)
  return JSON.parse(said) as LifeReport
}

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** Milliseconds from spawning the executable to the first 200 of `/-/ready`. */
async function ready(data: string, set: readonly string[]): Promise<{ ready_ms: number; cpu_ms: number }> {
  const [http, otlp, grpc] = [await freePort(), await freePort(), await freePort()]
  const ports = [`listen.http=${http}`, `listen.otlp_http=${otlp}`, `listen.otlp_grpc=${grpc}`]
  const given = [`data=${join(data, 'state')}`, ...ports, ...set]
  const began = process.hrtime.bigint()
  const child = spawn(process.execPath, [BAROGRAPH, 'serve', ...given.flatMap((one) => ['--set', one])], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: data,
  })
  const since = (): number => Number(process.hrtime.bigint() - began) / 1e6
  try {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${http}/-/ready`).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.status === 200) break
      if (child.exitCode !== null || since() > PATIENCE_MS) throw new Error(`not ready; exit code ${child.exitCode}`)
      await setTimeout(5)
    }
    return { ready_ms: since(), cpu_ms: usageOf(child.pid!).cpu_s * 1000 }
  } finally {
    child.kill('SIGKILL')
  }
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      series: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '20' },
      detector: { type: 'string', default: '{kind: band, method: ewma, window: 15m}' },
    },
  })
  const [series, rounds] = [Number(values.series), Number(values.rounds)]
  const home = mkdtempSync(join(tmpdir(), 'barograph-restart-'))
  const killed = CHECKPOINTED + rounds
  const begin_ms = Math.floor(Date.now() / ROUND_MS) * ROUND_MS - (killed + AFTER) * ROUND_MS
  const life = (data: string, from: number, to: number, end: Life['end']): Promise<LifeReport> =>
    lived({ data: join(home, data), series, detector: values.detector, begin_ms, from, to, end })
  try {
    const first = await life('interrupted', 0, CHECKPOINTED, 'stop')
    const second = await life('interrupted', CHECKPOINTED, killed, 'kill')
    const journal_bytes = sizeOf(join(home, 'interrupted/state/journal'))
    cpSync(join(home, 'interrupted'), join(home, 'copy'), { recursive: true })
    const facts = { series, journal_points: rounds * series, detector: values.detector }
    say('checkpoint_bytes', first.checkpoint_bytes, facts)
    for (const [i, { inputs_wait_ms, ...more }] of second.captures.entries()) {
      say('capture_ms', inputs_wait_ms, { ...facts, which: i === 0 ? 'first' : 'next', ...more })
    }
    say('loop_delay_p99_ms', second.loop_p99_ms, { ...facts, max_ms: Math.round(second.loop_max_ms) })
    say('journal_bytes_per_point', journal_bytes / (rounds * series), facts)
    const limits = ['series', 'series_per_metric', 'scored_series'].map((limit) => `limits.${limit}=${series * 2}`)
    const rules = `rules=${JSON.stringify([join(home, 'copy/rules')])}`
    const started = await ready(join(home, 'copy'), [rules, 'observe_self=off', ...limits])
    say('ready_ms', started.ready_ms, { ...facts, cpu_ms: Math.round(started.cpu_ms) })
    const third = await life('interrupted', killed, killed + AFTER, 'stop')
    say('started_ms', third.started_ms, facts)
    say('replayed_points_per_s', (rounds * series) / (third.started_ms / 1000), { ...facts, with: 'the checkpoint' })
    const whole = await life('whole', 0, killed + AFTER, 'stop')
    say('identical', whole.scores === third.scores, { ...facts, scores: [whole.scores, third.scores] })
    if (whole.scores !== third.scores) process.exitCode = 1
  } finally {
    rmSync(home, { recursive: true })
  }
}
