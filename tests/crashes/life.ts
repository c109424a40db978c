// One life of the process that `tests/crashes.ts` kills: starts on a folder, takes rounds from a body on, says each that was acknowledged.
import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

import { partsOf, ROUND_MS, Rounds, rulesOf, type Story } from '../../bench/restart/rounds.ts'
import { Barograph } from '../acceptance/barograph.ts'

export interface Life extends Story {
  /** The first body that was not acknowledged before, counted over all rounds. */
  readonly from: number
  readonly rounds: number
  /** The last ones, of which samples are compared: files go as a whole, so that of what is older some may be there yet. */
  readonly compared: number
  /** Values of `--set`. */
  readonly set: readonly string[]
}

/** A line of standard output: ready, a body acknowledged, all of them. */
export type Word =
  | { readonly started_ms: number; readonly start_cpu_ms: number }
  | { readonly acknowledged: number }
  | { readonly parts: Readonly<Record<string, string>>; readonly samples: number }

const say = (word: Word): void => void writeSync(1, `${JSON.stringify(word)}\n`)

async function live({ data, series, detector, begin_ms, from, rounds, compared, set }: Life): Promise<void> {
  const began = performance.now()
  const used = process.cpuUsage()
  const sent = new Rounds(series)
  const perRound = [...sent.bodies(0, begin_ms)].length
  const first = Math.floor(from / perRound)
  // The clock of a life goes on from the last moment that the one before saw for certain.
  const barograph = await Barograph.start({
    data,
    begin_ms: begin_ms + (from % perRound === 0 ? first - 1 : first) * ROUND_MS,
    rules: rulesOf(detector),
    set: [...set, ...['series', 'series_per_metric', 'scored_series'].map((limit) => `limits.${limit}=${series * 2}`)],
  })
  const { user, system } = process.cpuUsage(used)
  say({ started_ms: Math.round(performance.now() - began), start_cpu_ms: Math.round((user + system) / 1000) })
  const { pipeline, engine } = barograph.service
  for (let round = first; round < rounds; round++) {
    barograph.clock.advanceTo(begin_ms + round * ROUND_MS)
    await pipeline.idle()
    let number = round * perRound
    for (const body of sent.bodies(round, begin_ms + round * ROUND_MS)) {
      if (number++ < from) continue
      await pipeline.submit(body)
      say({ acknowledged: number })
      await setImmediate()
    }
  }
  const from_ms = begin_ms + (rounds - compared) * ROUND_MS
  let samples = 0
  for (const { time_ms } of engine.store.select([], { from_ms, to_ms: Infinity })) samples += time_ms.length
  say({ parts: partsOf(barograph, from_ms), samples })
  process.exit()
}

await live(JSON.parse(process.argv[2]!) as Life)
