// One life of a process in the story of `bench/restart.ts`: starts on a data folder, takes rounds of samples, ends as it is told.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'

import { silentLog } from '#core/ports/log.ts'
import { Checkpoint } from '#core/store/checkpoint.ts'

import { Barograph } from '../../tests/acceptance/barograph.ts'
import { hashOf, ROUND_MS, Rounds, rulesOf, type Story } from './rounds.ts'

export interface Life extends Story {
  /** Rounds that are taken: all series once each. */
  readonly from: number
  readonly to: number
  readonly end: 'stop' | 'kill'
}

/** What a life says on standard output before it ends. */
export interface LifeReport {
  readonly started_ms: number
  readonly points: number
  /** Hash of the newest scores, the findings, the state of detectors, and what the store holds. */
  readonly scores: string
  readonly loop_p99_ms: number
  readonly loop_max_ms: number
  readonly checkpoint_bytes: number
  readonly rss_bytes: number
  /** The first checkpoint and one more: how long inputs wait, how long the event loop is held, what memory stays with the process. */
  readonly captures: readonly Capture[]
}

export interface Capture {
  readonly inputs_wait_ms: number
  readonly loop_held_ms: number
  readonly rss_growth_mb: number
}

/** Writes checkpoints beside those of the process. */
async function captured({ service }: Barograph, folder: string): Promise<Capture[]> {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  const captures: Capture[] = []
  for (const segment of [1, 2]) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const rss = process.memoryUsage.rss()
    const began = process.hrtime.bigint()
    const { captured: over, done } = checkpoint.write(service.engine.snapshots, segment)
    await over
    captures.push({
      inputs_wait_ms: Math.round(Number(process.hrtime.bigint() - began) / 1e6),
      loop_held_ms: Math.round(delay.max / 1e6),
      rss_growth_mb: Math.round((process.memoryUsage.rss() - rss) / 2 ** 20),
    })
    delay.disable()
    await done
  }
  return captures
}

async function live(life: Life): Promise<void> {
  const { data, series, detector, begin_ms, from, to, end } = life
  const began = process.hrtime.bigint()
  const barograph = await Barograph.start({
    data,
    begin_ms: begin_ms + (from - 1) * ROUND_MS,
    rules: rulesOf(detector),
    // No checkpoint but at a stop.
    set: [
      'limits.journal=8GiB',
      'limits.replay=1d',
      `limits.series=${series * 2}`,
      `limits.series_per_metric=${series * 2}`,
      `limits.scored_series=${series * 2}`,
    ],
  })
  const started_ms = Number(process.hrtime.bigint() - began) / 1e6
  const { pipeline } = barograph.service
  const delay = monitorEventLoopDelay({ resolution: 5 })
  const rounds = new Rounds(series)
  delay.enable()
  for (let round = from; round < to; round++) {
    barograph.clock.advanceTo(begin_ms + round * ROUND_MS)
    await pipeline.idle()
    for (const body of rounds.bodies(round, begin_ms + round * ROUND_MS)) {
      await pipeline.submit(body)
      await setImmediate()
    }
  }
  delay.disable()
  const report = {
    started_ms,
    points: (to - from) * series,
    scores: hashOf(barograph),
    loop_p99_ms: delay.percentile(99) / 1e6,
    loop_max_ms: delay.max / 1e6,
    rss_bytes: process.memoryUsage.rss(),
    captures: await captured(barograph, join(data, 'beside')),
  }
  if (end === 'stop') await barograph.stop()
  const checkpoint = statSync(join(data, 'state', 'checkpoint'), { throwIfNoEntry: false })
  const said: LifeReport = { ...report, checkpoint_bytes: checkpoint?.size ?? 0 }
  process.stdout.write(`${JSON.stringify(said)}\n`, () => {
    if (end === 'kill') process.kill(process.pid, 'SIGKILL')
  })
}

await live(JSON.parse(process.argv[2]!) as Life)
