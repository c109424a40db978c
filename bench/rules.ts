// Ingest in real time alone and beside rules, and beside a Prometheus that has the same rules and gets the same samples, one after the other
// on one core:
// `PROMETHEUS=FILE npm run bench -- rules [--rules N] [--series N] [--intervals N]`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { counted, median, report, startServer, usageOf } from './measure.ts'
import { startPrometheus } from './prometheus.ts'
import { type BenchSeries, benchSeries, STEP_MS } from './promql/data.ts'
import type { Peer } from './promql/server.ts'
import { bodiesOf, SERIES_OF_BODY, write } from './promql/write.ts'
import { ruleFile } from './rules/rules.ts'

/** Samples that are there before the first interval. */
const STEPS_BEFORE = 12
/** Both have read and evaluated all rules once or twice before anything is measured. */
const INTERVALS_BEFORE = 2
const INTERVAL_S = STEP_MS / 1000
const LIMITS = { series: 2_000_000, series_per_metric: 2_000_000, out_of_order: '12h' }

interface Subject extends Peer {
  /** Seconds that evaluations have taken so far, of all groups. */
  evaluation_s(): Promise<number>
  failures(): Promise<number>
}

/** How long writes took. */
interface Writes {
  readonly write_ms: number
  readonly write_p99_ms: number
  readonly write_worst_ms: number
  /** Bodies that were taken, of those that were due. */
  readonly rate_kept: number
}

interface Measured extends Writes {
  readonly evaluation_s: number
  readonly cpu_s: number
  /** Before there are rules. */
  readonly base_mb: number
  readonly base_peak_mb: number
  readonly rss_mb: number
  readonly peak_mb: number
  readonly failures: number
  readonly alone: Writes
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

/** A connection that was idle for long may be closed under us: the same samples once more are no others. */
const sent = (subject: Subject, body: Buffer): Promise<void> =>
  write(subject.port, body).catch(() => write(subject.port, body))

const until = (time_ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, time_ms - Date.now()))
  })

/** Sends in real time for so many intervals from `begin_ms` on: each body when the newest of its samples is made. */
async function follow(
  subject: Subject,
  series: readonly BenchSeries[],
  begin_ms: number,
  intervals: number,
): Promise<Writes> {
  const times: number[] = []
  let late = 0
  for (let interval = 0; interval < intervals; interval++) {
    const step_ms = begin_ms + interval * STEP_MS
    let last = -1
    for (const body of bodiesOf(series, step_ms, 1)) {
      last = Math.min(series.length - 1, last + SERIES_OF_BODY)
      await until(step_ms + series[last]!.offset_ms)
      const began_ms = performance.now()
      await sent(subject, body)
      times.push(performance.now() - began_ms)
      if (Date.now() > begin_ms + intervals * STEP_MS) late++
    }
  }
  await until(begin_ms + intervals * STEP_MS)
  const sorted = times.toSorted((a, b) => a - b)
  return {
    write_ms: median(sorted),
    write_p99_ms: sorted[Math.floor(sorted.length * 0.99)]!,
    write_worst_ms: sorted.at(-1)!,
    rate_kept: 1 - late / times.length,
  }
}

/** Fills; goes on in real time without rules; then with them. */
async function measured(subject: Subject, rules: () => void, count: number, intervals: number): Promise<Measured> {
  // Each series when it is scraped.
  const series = benchSeries(count).toSorted((a, b) => a.offset_ms - b.offset_ms)
  let begin_ms = Math.floor(Date.now() / STEP_MS - STEPS_BEFORE) * STEP_MS
  const next = async (steps: number): Promise<Writes> => {
    const writes = await follow(subject, series, begin_ms, steps)
    begin_ms += steps * STEP_MS
    return writes
  }
  await next(STEPS_BEFORE)
  // What filling took too long for.
  while (begin_ms + STEP_MS < Date.now()) await next(1)
  const alone = await next(intervals)
  const before = usageOf(subject.pid)
  rules()
  process.kill(subject.pid, 'SIGHUP')
  await next(INTERVALS_BEFORE)
  const [evaluation_s, { cpu_s }] = [await subject.evaluation_s(), usageOf(subject.pid)]
  const beside = await next(intervals)
  const usage = usageOf(subject.pid)
  return {
    ...beside,
    alone,
    evaluation_s: ((await subject.evaluation_s()) - evaluation_s) / intervals,
    cpu_s: (usage.cpu_s - cpu_s) / intervals,
    base_mb: before.rss_bytes / 1e6,
    base_peak_mb: before.peak_bytes / 1e6,
    rss_mb: usage.rss_bytes / 1e6,
    peak_mb: usage.peak_bytes / 1e6,
    failures: await subject.failures(),
  }
}

const rounded = (value: number): number => Number(value.toPrecision(3))

const figures = (values: object): object =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'number' ? [[name, rounded(value)]] : [])),
  )

interface Options {
  readonly rules: number
  readonly series: number
  readonly intervals: number
}

/** A fresh process whose file of rules is empty at first. */
async function told(
  of: string,
  start: (file: string) => Promise<Subject>,
  { rules, series, intervals }: Options,
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-bench-rules-'))
  const file = join(folder, 'bench.rules.yml')
  writeFileSync(file, ruleFile(0, INTERVAL_S))
  const subject = await start(file)
  try {
    const load = (): void => writeFileSync(file, ruleFile(rules, INTERVAL_S))
    const result = await measured(subject, load, series, intervals)
    report({ bench: 'rules', of, ingest: 'alone', ...figures(result.alone) })
    report({ bench: 'rules', of, interval_s: INTERVAL_S, ...figures(result) })
    return result
  } finally {
    await subject.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rules: { type: 'string', default: '1000' },
      series: { type: 'string', default: '100000' },
      intervals: { type: 'string', default: '5' },
    },
  })
  const options = {
    rules: Number(values.rules),
    series: Number(values.series),
    intervals: Number(values.intervals),
  }
  const ours = await told('barograph', barograph, options)
  const program = process.env['PROMETHEUS']
  if (program === undefined) return
  const theirs = await told('prometheus', (file) => prometheus(program, file), options)
  report({
    bench: 'rules',
    ...options,
    evaluation_ratio: rounded(ours.evaluation_s / theirs.evaluation_s),
    cpu_ratio: rounded(ours.cpu_s / theirs.cpu_s),
    base_ratio: rounded(ours.base_peak_mb / theirs.base_peak_mb),
    peak_ratio: rounded(ours.peak_mb / theirs.peak_mb),
  })
}
