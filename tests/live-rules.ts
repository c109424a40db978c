// The same rules over the same samples in a real Prometheus 3 and here, in real time, both telling one real Alertmanager: what they wrote at
// every step, and what Alertmanager knew at every second. Not part of the suite.
//   node tests/live-rules.ts [--minutes=60] [--seed=1] [--prometheus=PROGRAM] [--alertmanager=PROGRAM]
// Loopback only, a few requests a second. The last line is JSON; exit code 1 where something was written or told by one only.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { endAll } from './interop/process/barograph.ts'
import { PROMETHEUS_3 } from './interop/process/prometheus.ts'
import { type EpisodeDifferences, episodeDifferences, Watch } from './live-rules/episodes.ts'
import { Shop } from './live-rules/shop.ts'
import { Alertmanager, startBoth, tell } from './live-rules/sides.ts'
import { type Difference, differences, written } from './live-rules/written.ts'

const MINUTE_MS = 60_000
const STEP_MS = 5000
/** Samples come so long before the steps that see them. */
const AHEAD_MS = 1000
/** Until the last steps are evaluated, and Alertmanager has told their end. */
const SETTLE_MS = 20_000
/** What is active before there is data begins when each was started. */
const WARM_UP_MS = MINUTE_MS

async function telling(shop: Shop, sides: Parameters<typeof tell>[0], from_ms: number, to_ms: number): Promise<void> {
  for (let time_ms = from_ms; time_ms < to_ms; time_ms += STEP_MS) {
    await sleep(Math.max(0, time_ms - Date.now()))
    await tell(sides, shop.at(time_ms), time_ms)
  }
}

async function watching(alertmanager: Alertmanager, from_ms: number, to_ms: number): Promise<Watch> {
  const watch = new Watch()
  for (let at_ms = from_ms; at_ms < to_ms; at_ms += 1000) {
    await sleep(Math.max(0, at_ms - Date.now()))
    watch.look(await alertmanager.active())
  }
  return watch
}

function report(found: Map<string, Difference>, told: EpisodeDifferences, watch: Watch, minutes: number): boolean {
  const rows = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, one] of rows) process.stderr.write(`${name}: ${JSON.stringify(one)}\n`)
  for (const [what, lines] of Object.entries({ ...told.onlyBy, ends: told.ends, annotations: told.annotations }))
    for (const line of lines) process.stderr.write(`${what}: ${line}\n`)
  const sum = (of: (one: Difference) => number): number => rows.reduce((all, [, one]) => all + of(one), 0)
  const summary = {
    minutes,
    samples: sum(({ samples }) => samples),
    only_barograph: sum(({ only }) => only.barograph),
    only_prometheus: sum(({ only }) => only.prometheus),
    values_apart: sum(({ values }) => values),
    most_apart: Math.max(...rows.map(([, { most }]) => most)),
    episodes: told.episodes,
    resolved: told.resolved,
    starts_apart_ms: told.starts_ms,
    ends_apart_ms: told.ends_ms,
    told_by_one: { barograph: told.onlyBy.barograph.length, prometheus: told.onlyBy.prometheus.length },
    ends_apart: told.ends.length,
    annotations_apart: told.annotations.length,
    watch,
  }
  process.stdout.write(`${JSON.stringify(summary)}\n`)
  const { only_barograph, only_prometheus, told_by_one } = summary
  return only_barograph + only_prometheus + told_by_one.barograph + told_by_one.prometheus === 0
}

async function live(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      prometheus: { type: 'string', default: PROMETHEUS_3 },
      alertmanager: { type: 'string', default: 'prometheus-alertmanager' },
    },
  })
  const minutes = Number(values.minutes)
  try {
    const alertmanager = await Alertmanager.start(values.alertmanager)
    const sides = await startBoth(values.prometheus, alertmanager.url)
    const begin_ms = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS
    const [from_ms, end_ms] = [begin_ms + WARM_UP_MS, begin_ms + WARM_UP_MS + minutes * MINUTE_MS]
    const [, watch] = await Promise.all([
      telling(new Shop(Number(values.seed)), sides, begin_ms - AHEAD_MS, end_ms),
      watching(alertmanager, from_ms, end_ms),
    ])
    await sleep(SETTLE_MS)
    const [ours, theirs] = [
      await written(sides.barograph, from_ms, end_ms - STEP_MS),
      await written(sides.prometheus, from_ms, end_ms - STEP_MS),
    ]
    const told = episodeDifferences(alertmanager.heard, from_ms)
    return report(differences(ours, theirs, from_ms), told, watch, minutes) ? 0 : 1
  } finally {
    await endAll()
  }
}

process.exitCode = await live()
