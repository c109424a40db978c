// Load with kill -9 now and then: what was acknowledged is there, metrics exactly once; memory stays flat. Not part of the suite.
//   node tests/soak.ts [--minutes=30] [--rate=100000] [--every=60] [--seed=1]
// `rate` in points a second, `every` in seconds between kills (half to one and a half times as much). Loopback only.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { seeded } from '#core/random.ts'

import { logsOf, metricsOf, Sender, tracesOf } from './soak/sender.ts'
import { Victim } from './soak/victim.ts'

const SERIES = 2000
/** Of 20 series each. */
const METRICS = SERIES / 20
const SENDERS = 8
const RECORDS = 20
const MINUTE_MS = 60_000

interface Life {
  readonly ready_ms: number
  readonly lived_s: number
  /** At the same age of each life: what one has that another had not is growth. */
  readonly rss_mib: number
  /** The most of the whole life. */
  readonly peak_mib: number
  /** Of the whole life, the start included. */
  readonly cpu_s: number
}

const mib = (bytes: number): number => Math.round(bytes / 2 ** 20)

/** Lives and deaths until the time is over; the last one is left alive. */
async function killing(victim: Victim, every_ms: number, seed: number, over: () => boolean): Promise<Life[]> {
  const random = seeded(seed)
  const lives: Life[] = []
  for (let ready_ms = await victim.start(); ; ready_ms = await victim.start()) {
    const began = performance.now()
    const end = began + every_ms * (0.5 + random())
    let rss_mib = Number.NaN
    while (performance.now() < end && !over() && victim.alive) {
      await setTimeout(200)
      // All live as long as that but the last one, perhaps.
      if (Number.isNaN(rss_mib) && performance.now() > began + every_ms * 0.45) rss_mib = mib(victim.usage().rss_bytes)
    }
    if (!victim.alive) throw new Error('it ended by itself')
    const lived_s = (performance.now() - began) / 1000
    const { peak_bytes, cpu_s } = victim.usage()
    const life = { ready_ms, lived_s, rss_mib, peak_mib: mib(peak_bytes), cpu_s }
    lives.push(life)
    process.stderr.write(
      `${JSON.stringify(life, (_, value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value))}\n`,
    )
    if (over()) return lives
    await victim.kill('SIGKILL')
  }
}

/** What is wrong with the series of one sender; '' when every sample is there once. A metric at a time: queries have a limit. */
async function wrongWith(victim: Victim, { name, sent }: Sender, window_s: number): Promise<string> {
  const n = sent.acknowledged
  const expected = { count: SERIES / METRICS, min: n, max: n, sum: (n * (n - 1)) / 2 }
  for (let metric = 0; metric < METRICS; metric++) {
    const selector = `soak_metric_${metric}{service_name="${name}"}[${window_s}s]`
    const found = { count: Number.NaN, min: Number.NaN, max: Number.NaN, sum: Number.NaN }
    const queries = [
      ['count', `count(count_over_time(${selector}))`],
      ['min', `min(count_over_time(${selector}))`],
      ['max', `max(count_over_time(${selector}))`],
      ['sum', `min(sum_over_time(${selector})) == max(sum_over_time(${selector}))`],
    ] as const
    for (const [key, query] of queries) found[key] = (await victim.query(query))[0]?.value ?? Number.NaN
    if (JSON.stringify(found) !== JSON.stringify(expected))
      return `${name}, metric ${metric}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`
  }
  return ''
}

/** At least what was acknowledged; at most what was tried. */
function within(what: string, found: number, { sent }: Sender, each: number): string {
  const [least, most] = [sent.acknowledged * each, (sent.acknowledged + sent.again) * each]
  return found >= least && found <= most ? '' : `${what}: found ${found}, expected ${least} to ${most}`
}

/** Records are counted when their minute is over. */
async function recordsOf(victim: Victim, { sent }: Sender): Promise<number> {
  const patience = performance.now() + 3 * MINUTE_MS
  for (;;) {
    const [records] = await victim.query('sum(barograph_log_records_total{service_name="soak-logs"})')
    const found = records?.value ?? 0
    if (found >= sent.acknowledged * RECORDS || performance.now() > patience) return found
    await setTimeout(1000)
  }
}

/** Memory of the lives in the last third beside those in the middle one: what is stored grows, nothing else may. */
function growth(all: readonly Life[]): number {
  const lives = all.filter(({ rss_mib }) => !Number.isNaN(rss_mib))
  const third = Math.floor(lives.length / 3)
  const mean = (some: readonly Life[]): number => some.reduce((sum, { rss_mib }) => sum + rss_mib, 0) / some.length
  return third === 0 ? Number.NaN : mean(lives.slice(-third)) / mean(lives.slice(third, 2 * third))
}

async function soak(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '30' },
      rate: { type: 'string', default: '100000' },
      every: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [minutes, rate] = [Number(values.minutes), Number(values.rate)]
  const home = mkdtempSync(join(tmpdir(), 'barograph-soak-'))
  const victim = await Victim.on(home)
  const began = performance.now()
  const over = (): boolean => performance.now() - began > minutes * MINUTE_MS
  const senders = Array.from(
    { length: SENDERS },
    (_, i) => new Sender(`soak-${i}`, 'metrics', metricsOf(`soak-${i}`, SERIES)),
  )
  const logs = new Sender('soak-logs', 'logs', logsOf('soak-logs', RECORDS))
  const traces = new Sender('soak-traces', 'traces', tracesOf('soak-traces'))
  try {
    const interval_ms = (SENDERS * SERIES * 1000) / rate
    const { port } = victim.otlp
    const [lives] = await Promise.all([
      killing(victim, Number(values.every) * 1000, Number(values.seed), over),
      ...senders.map((sender) => sender.run(port, interval_ms, over)),
      logs.run(port, 50, over),
      traces.run(port, 50, over),
    ])
    const window_s = Math.ceil((performance.now() - began) / 1000) + 3600
    const problems: string[] = []
    for (const sender of senders) problems.push(await wrongWith(victim, sender, window_s))
    problems.push(within('log records', await recordsOf(victim, logs), logs, RECORDS))
    const edge = (await victim.edges()).find(({ caller }) => caller === 'soak-traces')
    problems.push(within('calls', edge?.calls ?? 0, traces, 1))
    const real = problems.filter((problem) => problem !== '')
    const points = senders.reduce((sum, { sent }) => sum + sent.acknowledged, 0) * SERIES
    const again = [...senders, logs, traces].reduce((sum, { sent }) => sum + sent.again, 0)
    const summary = {
      minutes,
      kills: lives.length - 1,
      points,
      points_per_s: Math.round(points / (minutes * 60)),
      log_records: logs.sent.acknowledged * RECORDS,
      calls: traces.sent.acknowledged,
      sent_again: again,
      ready_ms: Math.round(Math.max(...lives.map(({ ready_ms }) => ready_ms))),
      rss_mib: lives.map(({ rss_mib }) => rss_mib),
      peak_mib: Math.max(...lives.map(({ peak_mib }) => peak_mib)),
      memory_growth: Math.round(growth(lives) * 100) / 100,
      problems: real,
    }
    process.stdout.write(`${JSON.stringify(summary)}\n`)
    return real.length === 0 ? 0 : 1
  } finally {
    await victim.kill('SIGKILL')
    rmSync(home, { recursive: true })
  }
}

process.exitCode = await soak()
