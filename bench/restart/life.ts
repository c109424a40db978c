// One life of a process in the story of `bench/restart.ts`: starts on a data folder, takes rounds of samples, ends as it is told.
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'

import type { SamplesInput } from '#core/ports/intake.ts'
import { silentLog } from '#core/ports/log.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '#core/series.ts'
import { Checkpoint } from '#core/store/checkpoint.ts'

import { Barograph } from '../../tests/acceptance/barograph.ts'

export interface Life {
  readonly data: string
  readonly series: number
  readonly detector: string
  /** Of round 0. */
  readonly begin_ms: number
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

/** All series as evidence, and one metric in fifty with its bands, which are series of their own. */
const rulesOf = (detector: string): string => `
groups:
  - name: bench
    rules:
      - { anomaly: All, expr: '{__name__=~"bench_.*"}', detector: ${detector}, evidence: true }
      - { anomaly: Some, expr: bench_metric_0, detector: ${detector} }
`
const ROUND_MS = 15_000
const BODY = 2000

function definitionOf(i: number): SeriesDefinition {
  const labels = Labels.of({
    __name__: `bench_metric_${i % 50}`,
    service_name: `service-${Math.floor(i / 50) % 200}`,
    k8s_pod_name: `pod-${Math.floor(i / 50)}`,
    region: `region-${i % 4}`,
  })
  return { labels, type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) }
}

/** Every series once, in bodies; values depend on series and round alone. */
class Sender {
  readonly #ids: SeriesId[] = []
  readonly #series: number
  readonly #builder = new SampleBuilder()

  constructor(series: number) {
    this.#series = series
  }

  *bodies(round: number, time_ms: number): Generator<SamplesInput, void> {
    const random = seeded(round + 1)
    for (let from = 0; from < this.#series; from += BODY) {
      const decode = (writer: SeriesWriter) => {
        this.#builder.clear()
        for (let i = from; i < Math.min(from + BODY, this.#series); i++) {
          const id = (this.#ids[i] ??= writer.resolve(definitionOf(i)))
          this.#builder.float(id, time_ms, Math.round((i % 100) * 10 + random() * 200) / 10)
        }
        return { samples: this.#builder.batch(), logs: [], spans: [], rejected: 0, message: '' }
      }
      yield { kind: 'samples', source: 'bench', decode }
    }
  }
}

function hashOf({ service }: Barograph): string {
  const { detectors, store } = service.engine
  const hash = createHash('sha256')
  for (const { labels, time_ms, value, verdict } of detectors.scores.newest(10_000_000)) {
    const { score, expected, lower, upper } = verdict
    hash.update(labels.key).update(Float64Array.of(time_ms, value, score, expected, lower, upper))
  }
  hash.update(JSON.stringify(detectors.findings.list({ limit: 10_000 })))
  // Of rules that are mere evidence the scores are not kept; what the detectors know decides the next ones.
  for (const snapshot of detectors.snapshots) hash.update(snapshot.name).update(snapshot.save())
  for (const { labels, time_ms, value } of store.select([], { from_ms: -Infinity, to_ms: Infinity })) {
    hash.update(labels.key).update(time_ms).update(value)
  }
  return hash.digest('hex').slice(0, 16)
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
  const sender = new Sender(series)
  delay.enable()
  for (let round = from; round < to; round++) {
    barograph.clock.advanceTo(begin_ms + round * ROUND_MS)
    await pipeline.idle()
    for (const body of sender.bodies(round, begin_ms + round * ROUND_MS)) {
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
