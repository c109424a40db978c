// Rules in real time beside a Prometheus that has the same rules and gets the same samples, one after the other on one core:
// `PROMETHEUS=FILE npm run bench -- rules [--rules N] [--series N] [--intervals N]`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { counted, median, report, startServer, usageOf } from './measure.ts'
import { type BenchSeries, benchSeries, STEP_MS } from './promql/data.ts'
import { type Peer, startPrometheus } from './promql/server.ts'
import { bodiesOf, write } from './promql/write.ts'
import { ruleFile } from './rules/rules.ts'

/** Samples that are there before the first interval. */
const STEPS_BEFORE = 12
/** Both have all rules evaluated once or twice before anything is measured. */
const INTERVALS_BEFORE = 2
const INTERVAL_S = STEP_MS / 1000
const LIMITS = { series: 2_000_000, series_per_metric: 2_000_000, out_of_order: '12h' }

interface Subject extends Peer {
  /** Seconds that evaluations have taken so far, of all groups. */
  evaluation_s(): Promise<number>
  failures(): Promise<number>
}

interface Measured {
  readonly evaluation_s: number
  readonly cpu_s: number
  readonly rss_mb: number
  readonly peak_mb: number
  readonly write_ms: number
  readonly write_worst_ms: number
  readonly failures: number
}

async function prometheus(program: string, file: string): Promise<Subject> {
  const peer = await startPrometheus(program, 0, `rule_files: [${JSON.stringify(file)}]\n`)
  return {
    ...peer,
    evaluation_s: () => counted(peer.port, 'prometheus_rule_group_duration_seconds_sum'),
    failures: () => counted(peer.port, 'prometheus_rule_evaluation_failures_total'),
  }
}

async function barograph(file: string): Promise<Subject> {
  const server = await startServer({ rules: [file], limits: LIMITS, lateness: '5s' })
  return {
    pid: server.pid,
    port: server.http,
    stop: () => server.stop(),
    evaluation_s: () => counted(server.http, 'barograph_rules_evaluation_duration_seconds_sum'),
    failures: () => counted(server.http, 'barograph_rules_failures_total'),
  }
}

async function sendSteps(
  subject: Subject,
  series: readonly BenchSeries[],
  begin_ms: number,
  steps: number,
): Promise<number[]> {
  const times: number[] = []
  for (const body of bodiesOf(series, begin_ms, steps)) {
    const began_ms = performance.now()
    // A connection that was idle for an interval may be closed under us: the same samples once more are no others.
    await write(subject.port, body).catch(() => write(subject.port, body))
    times.push(performance.now() - began_ms)
  }
  return times
}

/** Fills, then goes on in real time: a step's samples are sent when it is over. */
async function measured(subject: Subject, count: number, intervals: number): Promise<Measured> {
  const series = benchSeries(count)
  let begin_ms = Math.floor(Date.now() / STEP_MS - STEPS_BEFORE) * STEP_MS
  await sendSteps(subject, series, begin_ms, STEPS_BEFORE)
  begin_ms += STEPS_BEFORE * STEP_MS
  const times: number[] = []
  let [evaluation_s, cpu_s] = [0, 0]
  for (let interval = 0; interval < INTERVALS_BEFORE + intervals; interval++) {
    if (interval === INTERVALS_BEFORE)
      [evaluation_s, cpu_s] = [await subject.evaluation_s(), usageOf(subject.pid).cpu_s]
    const wait_ms = begin_ms + STEP_MS - Date.now()
    if (wait_ms > 0) await new Promise((resolve) => setTimeout(resolve, wait_ms))
    times.push(...(await sendSteps(subject, series, begin_ms, 1)))
    begin_ms += STEP_MS
  }
  const rest_ms = begin_ms + STEP_MS - Date.now()
  if (rest_ms > 0) await new Promise((resolve) => setTimeout(resolve, rest_ms))
  const usage = usageOf(subject.pid)
  const live = times.toSorted((a, b) => a - b)
  return {
    evaluation_s: ((await subject.evaluation_s()) - evaluation_s) / (intervals + 1),
    cpu_s: (usage.cpu_s - cpu_s) / (intervals + 1),
    rss_mb: usage.rss_bytes / 1e6,
    peak_mb: usage.peak_bytes / 1e6,
    write_ms: median(live),
    write_worst_ms: live.at(-1)!,
    failures: await subject.failures(),
  }
}

const rounded = (value: number): number => Number(value.toPrecision(3))

async function told(of: string, subject: Subject, options: { series: number; intervals: number }): Promise<Measured> {
  try {
    const result = await measured(subject, options.series, options.intervals)
    const figures = Object.fromEntries(Object.entries(result).map(([name, value]) => [name, rounded(value as number)]))
    report({ bench: 'rules', of, interval_s: INTERVAL_S, ...figures })
    return result
  } finally {
    await subject.stop()
  }
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rules: { type: 'string', default: '1000' },
      series: { type: 'string', default: '100000' },
      intervals: { type: 'string', default: '6' },
    },
  })
  const folder = mkdtempSync(join(tmpdir(), 'barograph-bench-rules-'))
  const file = join(folder, 'bench.rules.yml')
  writeFileSync(file, ruleFile(Number(values.rules), INTERVAL_S))
  const options = { series: Number(values.series), intervals: Number(values.intervals) }
  try {
    const ours = await told('barograph', await barograph(file), options)
    const program = process.env['PROMETHEUS']
    if (program === undefined) return
    const theirs = await told('prometheus', await prometheus(program, file), options)
    report({
      bench: 'rules',
      rules: Number(values.rules),
      series: options.series,
      evaluation_ratio: rounded(ours.evaluation_s / theirs.evaluation_s),
      cpu_ratio: rounded(ours.cpu_s / theirs.cpu_s),
      peak_ratio: rounded(ours.peak_mb / theirs.peak_mb),
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
