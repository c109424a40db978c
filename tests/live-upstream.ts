// The same rules over the same samples in real time: in one Barograph on samples that it has, in another on a real Prometheus 3 that is killed
// (`kill -9`) twice for some minutes. The first time its sender keeps what it cannot send; the second time that is lost. Not part of the suite.
//   node tests/live-upstream.ts [--minutes=21] [--away=5] [--series=1000] [--prometheus=PROGRAM]
// Loopback only. The last line is JSON; exit code 1 where something was lost, came twice, or was made up.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { endAll, Server } from './interop/process/barograph.ts'
import { PROMETHEUS_3 } from './interop/process/prometheus.ts'
import { type Away, faultsAround, Fleet, MINUTE_MS, sendTime_ms, STEP_MS } from './live-upstream/fleet.ts'
import { type Load, loadBetween, workOf } from './live-upstream/load.ts'
import { findingDifferences, firedAlerts, type Outcome, outcomeOf, sampleDifferences } from './live-upstream/outcome.ts'
import { rulesText } from './live-upstream/rules.ts'
import { Sender, Upstream } from './live-upstream/upstream.ts'

const HISTORY_MS = 90 * MINUTE_MS
const PIECE_MS = 10 * MINUTE_MS
/** Until the last steps are answered. */
const SETTLE_MS = 30_000
/** After an outage with gaps what was learned is not the same, nor is what is still in a window. */
const RECOVERY_MS = 3 * MINUTE_MS
/** None of these is ever true. */
const FALSE_ALERTS = ['NoRequests', 'NobodyReports', 'NothingRecorded']

interface Plan {
  readonly begin_ms: number
  readonly end_ms: number
  readonly kept: Away
  readonly lost: Away
}

interface Sides {
  readonly upstream: Upstream
  readonly here: Server
  readonly there: Server
}

function planOf(begin_ms: number, minutes: number, away: number): Plan {
  const span = (from: number): Away => ({
    from_ms: begin_ms + from * MINUTE_MS,
    to_ms: begin_ms + (from + away) * MINUTE_MS,
  })
  const rest = (minutes - 2 * away) / 3
  return {
    begin_ms,
    end_ms: begin_ms + minutes * MINUTE_MS,
    kept: span(Math.round(rest)),
    lost: span(Math.round(2 * rest + away)),
  }
}

async function start(upstream: Upstream, fleet: Fleet, begin_ms: number): Promise<Sides> {
  const here = await Server.start({ rules: rulesText(), set: ['limits.out_of_order=1d'] })
  const senders = [new Sender(upstream.url), new Sender(here.apiUrl)]
  for (let from_ms = begin_ms - HISTORY_MS; from_ms < begin_ms; from_ms += PIECE_MS) {
    const body = fleet.body(from_ms, Math.min(begin_ms, from_ms + PIECE_MS))
    for (const sender of senders) await sender.send(body)
  }
  const set = [`upstream.prom={url: "${upstream.url}", history: ${HISTORY_MS / MINUTE_MS}m, rules: {spread: 1s}}`]
  const there = await Server.start({ rules: rulesText('prom'), set })
  return { upstream, here, there }
}

async function telling({ upstream, here }: Sides, fleet: Fleet, { begin_ms, end_ms, lost }: Plan): Promise<number> {
  const [local, remote] = [new Sender(here.apiUrl), new Sender(upstream.url)]
  for (let step_ms = begin_ms; step_ms < end_ms; step_ms += STEP_MS) {
    await sleep(Math.max(0, sendTime_ms(step_ms) - Date.now()))
    const body = fleet.body(step_ms)
    await Promise.all([local.send(body), remote.send(body, step_ms < lost.from_ms || step_ms >= lost.to_ms)])
  }
  return remote.lost
}

/** Kills and starts it again when it is time; what it did meanwhile, second by second on average. */
async function killing({ upstream }: Sides, { begin_ms, end_ms, kept, lost }: Plan): Promise<Record<string, Load>> {
  const until = (time_ms: number): Promise<void> => sleep(Math.max(0, time_ms - Date.now()))
  const loads: Record<string, Load> = {}
  let back_ms = begin_ms
  for (const [name, { from_ms, to_ms }] of Object.entries({ kept, lost })) {
    await until(back_ms + MINUTE_MS)
    const before = await workOf(upstream.url)
    await until(from_ms)
    loads[`before ${name}`] = loadBetween(before, await workOf(upstream.url))
    await upstream.kill()
    await until(to_ms)
    await upstream.start()
    back_ms = Date.now()
    const started = await workOf(upstream.url)
    await until(back_ms + MINUTE_MS)
    loads[`minute after ${name}`] = loadBetween(started, await workOf(upstream.url))
  }
  const before = await workOf(upstream.url)
  await until(end_ms)
  loads['at the end'] = loadBetween(before, await workOf(upstream.url))
  return loads
}

/** The rules that say that they are not well, as long as the upstream is away. */
async function unwell({ there }: Sides, { kept }: Plan): Promise<{ readonly rules: number; readonly said: string }> {
  await sleep(Math.max(0, (kept.from_ms + kept.to_ms) / 2 - Date.now()))
  const { data } = await there.get<{ data: { groups: { rules: { health: string; lastError?: string }[] }[] } }>(
    '/api/v1/rules?type=all',
  )
  const bad = data.groups.flatMap(({ rules }) => rules).filter(({ health }) => health === 'err')
  return { rules: bad.length, said: bad[0]?.lastError ?? '' }
}

function compared(here: Outcome, there: Outcome, { lost, end_ms }: Plan) {
  const isKnown = (time_ms: number): boolean => time_ms < lost.from_ms
  const isAfter = (time_ms: number): boolean => time_ms >= lost.to_ms + RECOVERY_MS && time_ms < end_ms
  return {
    until_data_is_lost: {
      samples: sampleDifferences(here, there, isKnown),
      findings: findingDifferences(here, there, isKnown),
    },
    after: { samples: sampleDifferences(here, there, isAfter), findings: findingDifferences(here, there, isAfter) },
    all_findings: findingDifferences(here, there, (time_ms) => time_ms < end_ms),
    made_up: { here: falseOf(here), there: falseOf(there) },
  }
}

function falseOf(outcome: Outcome): string[] {
  const fired = firedAlerts(outcome)
  const away = outcome.findings.filter(({ rule }) => rule === 'QueueAway').map(({ rule, since }) => `${rule} ${since}`)
  return [...FALSE_ALERTS.filter((name) => fired.has(name)), ...away]
}

async function live(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '21' },
      away: { type: 'string', default: '5' },
      series: { type: 'string', default: '1000' },
      prometheus: { type: 'string', default: PROMETHEUS_3 },
    },
  })
  const minutes = Number(values.minutes)
  try {
    const begin_ms = Math.ceil((Date.now() + MINUTE_MS / 2) / MINUTE_MS) * MINUTE_MS
    const plan = planOf(begin_ms, minutes, Number(values.away))
    const fleet = new Fleet(Number(values.series), faultsAround(plan.kept, plan.lost))
    const sides = await start(await Upstream.start(values.prometheus), fleet, begin_ms)
    const [bodies_lost, load, meanwhile] = await Promise.all([
      telling(sides, fleet, plan),
      killing(sides, plan),
      unwell(sides, plan),
    ])
    await sleep(SETTLE_MS)
    const [here, there] = [
      await outcomeOf(sides.here, begin_ms, plan.end_ms - STEP_MS),
      await outcomeOf(sides.there, begin_ms, plan.end_ms - STEP_MS),
    ]
    const { upstreams } = await sides.there.get<{ upstreams: { rules: object }[] }>('/api/v1/upstreams')
    const found = compared(here, there, plan)
    const { samples, findings } = found.until_data_is_lost
    const summary = { minutes, bodies_lost, ...found, load, asked: upstreams[0]!.rules, meanwhile }
    process.stderr.write(`${sides.there.stderr}\n`)
    process.stdout.write(`${JSON.stringify(summary)}\n`)
    const wrong = samples.only_here + samples.only_there + findings.only_here.length + findings.only_there.length
    return wrong + found.made_up.there.length + found.all_findings.twice.length === 0 ? 0 : 1
  } finally {
    await endAll()
  }
}

process.exitCode = await live()
