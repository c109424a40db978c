// What both servers are told: two hours of a small shop, with everything in it that real series do to a query.

/** A value at a step; `stale` ends the series, `none` is a scrape that never came. */
export type Point = number | 'stale' | 'none'

export interface DemoSeries {
  readonly labels: Readonly<Record<string, string>>
  /** By step, `STEP_MS` apart. */
  readonly point: (step: number) => Point
}

export const STEP_MS = 15_000
/** Two hours. */
export const STEPS = 480

/** A number in [0, 1) that only depends on where it is asked for. */
export function noise(seed: number, step: number): number {
  let x = Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(step + 1, 0x85eb_ca6b)
  x = Math.imul(x ^ (x >>> 15), 0x2c1b_3c6d)
  x = Math.imul(x ^ (x >>> 12), 0x297a_2d39)
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32
}

/** A counter that starts anew at each of `resets`; its increments in steps are those of `by`. */
function counter(by: (step: number) => number, resets: readonly number[] = []): (step: number) => number {
  const sums: number[] = []
  let sum = 0
  for (let step = 0; step < STEPS; step++) {
    sum = (resets.includes(step) ? 0 : sum) + by(step)
    sums.push(sum)
  }
  return (step) => sums[step]!
}

const INSTANCES = ['a:9090', 'b:9090', 'c:9090']

function named(__name__: string, labels: Readonly<Record<string, string>>, point: DemoSeries['point']): DemoSeries {
  return { labels: { __name__, ...labels }, point }
}

function cpu(): DemoSeries[] {
  return INSTANCES.flatMap((instance, i) =>
    ['user', 'system', 'idle'].map((mode, m) =>
      named(
        'demo_cpu_seconds_total',
        { job: 'demo', instance, mode },
        counter((step) => (m + 1) * noise(i * 7 + m, step) * 5, i === 1 ? [100, 101, 311] : []),
      ),
    ),
  )
}

function requests(): DemoSeries[] {
  return INSTANCES.flatMap((instance, i) =>
    ['/api/foo', '/api/bar'].flatMap((path, p) =>
      ['200', '404', '500'].map((status, s) =>
        named(
          'demo_requests_total',
          { job: i === 2 ? 'other' : 'demo', instance, path, status, method: p === 0 ? 'GET' : 'POST' },
          counter((step) => Math.floor(noise(100 + i * 31 + p * 7 + s, step) * (60 / (s * s * 5 + 1))), [240 + i]),
        ),
      ),
    ),
  )
}

function gauges(): DemoSeries[] {
  const memory = INSTANCES.flatMap((instance, i) =>
    ['free', 'used', 'buffers'].map((type, t) =>
      named(
        'demo_memory_bytes',
        { job: 'demo', instance, type },
        (step) => 1e9 * (t + 1) + 1e8 * Math.sin(step / 40 + i) + Math.floor(noise(200 + i * 3 + t, step) * 1e6),
      ),
    ),
  )
  const angles = INSTANCES.map((instance, i) =>
    named('demo_ratio', { instance }, (step) => Math.sin(step / 17 + i * 2)),
  )
  const sizes = INSTANCES.map((instance, i) =>
    named('demo_items', { instance }, (step) => ((step * 7 + i * 3) % 41) - 12),
  )
  return [...memory, ...angles, ...sizes]
}

/** What is not a number, what is endless, what comes late, goes, and comes again. */
function odd(): DemoSeries[] {
  return [
    named('demo_odd', { kind: 'nan' }, (step) => (step % 9 === 4 ? Number.NaN : step)),
    named('demo_odd', { kind: 'inf' }, (step) => (step % 11 === 5 ? Infinity : step % 13 === 6 ? -Infinity : -step)),
    named('demo_odd', { kind: 'zero' }, (step) => (step % 2 === 0 ? 0 : -0)),
    named('demo_odd', { kind: 'big' }, (step) => 1e300 * (1 + step / 100)),
    named('demo_odd', { kind: 'tiny' }, (step) => 1e-300 * step),
    named('demo_gappy', { kind: 'gaps' }, (step) => (step % 60 < 25 ? step : 'none')),
    named('demo_gappy', { kind: 'stale' }, (step) => (step % 50 === 30 ? 'stale' : step % 50 > 30 ? 'none' : step * 2)),
    named('demo_gappy', { kind: 'late' }, (step) => (step < 250 ? 'none' : step)),
    named('demo_gappy', { kind: 'gone' }, (step) => (step < 230 ? step : step === 230 ? 'stale' : 'none')),
    named('demo_gappy', { kind: 'lost' }, (step) => (step < 300 ? step : 'none')),
    named('demo_gappy', { kind: 'once' }, (step) => (step === 320 ? 42 : 'none')),
    named('demo_constant', {}, () => 3),
    named('demo_switch', { state: 'on' }, (step) => (step % 80 < 40 ? 1 : 'none')),
    named('demo_switch', { state: 'off' }, (step) => (step % 80 < 40 ? 'none' : 1)),
    named('demo_twin_a', { x: '1' }, (step) => step),
    named('demo_twin_b', { x: '1' }, (step) => 2 * step),
    named(
      'demo_batch_last_success_timestamp_seconds',
      { job: 'batch' },
      (step) => 1.7e9 + Math.floor(step / 40) * 600.125,
    ),
  ]
}

function facts(): DemoSeries[] {
  const info = INSTANCES.map((instance, i) =>
    named('demo_build_info', { job: 'demo', instance, version: `1.${i}`, 'dc.name': i < 2 ? 'east' : 'west' }, () => 1),
  )
  const up = INSTANCES.map((instance, i) =>
    named('demo_up', { job: 'demo', instance }, (step) => (i === 1 && step >= 90 && step < 120 ? 0 : 1)),
  )
  const limits = ['demo', 'other'].map((job, j) =>
    named('demo_limit', { job, team: j === 0 ? 'red' : 'blue' }, () => 100 * (j + 1)),
  )
  const utf8 = ['weiß', '日本', 'a"b\\c'].map((host, h) =>
    named('demo.utf8 метрика', { 'host.name': host, plain: String(h) }, (step) => step * (h + 1)),
  )
  return [...info, ...up, ...limits, ...utf8]
}

const BOUNDS = ['0.05', '0.1', '0.25', '0.5', '1.0', '2.5', '+Inf']

function classicHistograms(): DemoSeries[] {
  const whole = INSTANCES.slice(0, 2).flatMap((instance, i) => {
    const counts = BOUNDS.map((_, b) =>
      counter((step) => Math.floor(noise(400 + i, step) * (b + 1) * 6), i === 1 ? [200] : []),
    )
    const labels = { job: 'demo', instance }
    return [
      ...BOUNDS.map((le, b) => named('demo_latency_seconds_bucket', { ...labels, le }, counts[b]!)),
      named('demo_latency_seconds_count', labels, counts.at(-1)!),
      named(
        'demo_latency_seconds_sum',
        labels,
        counter((step) => noise(500 + i, step) * 20, i === 1 ? [200] : []),
      ),
    ]
  })
  const strange = [
    ...['0.1', '1.0', '+Inf'].map((le, b) =>
      named('demo_strange_bucket', { kind: 'falling', le }, (step) => step * [3, 2, 5][b]!),
    ),
    ...['0.1', '1.0'].map((le, b) => named('demo_strange_bucket', { kind: 'open', le }, (step) => step * (b + 1))),
    named('demo_strange_bucket', { kind: 'single', le: '+Inf' }, (step) => step),
    named('demo_strange_bucket', { kind: 'words', le: 'much' }, (step) => step),
    named('demo_strange_bucket', { kind: 'bare' }, (step) => step),
    ...['-2.0', '0.0', '2.0', '+Inf'].map((le, b) =>
      named('demo_strange_bucket', { kind: 'signed', le }, (step) => step * (b + 1)),
    ),
    ...['0.1', '+Inf'].map((le) => named('demo_strange_bucket', { kind: 'empty', le }, () => 0)),
  ]
  const summary = ['0.5', '0.9', '0.99'].map((quantile, q) =>
    named('demo_duration_seconds', { job: 'demo', quantile }, (step) => (q + 1) * (1 + noise(600 + q, step))),
  )
  return [...whole, ...strange, ...summary]
}

export const SERIES: readonly DemoSeries[] = [
  ...cpu(),
  ...requests(),
  ...gauges(),
  ...odd(),
  ...facts(),
  ...classicHistograms(),
]

/** A native histogram: schema, zero bucket, and counts of the buckets from index `first` on. */
export interface NativePoint {
  readonly schema: number
  /** Of the zero bucket; 0.001 where there is none. */
  readonly threshold?: number
  readonly zero: number
  readonly first: number
  readonly positive: readonly number[]
  readonly negative: readonly number[]
  readonly sum: number
}

export interface NativeSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly point: (step: number) => NativePoint | 'stale' | 'none'
}

/** Counters of five buckets a side; the second starts anew in the middle. */
export const NATIVE: readonly NativeSeries[] = INSTANCES.slice(0, 2).map((instance, i) => {
  const counts = Array.from({ length: 5 }, (_, b) =>
    counter((step) => Math.floor(noise(700 + i * 5 + b, step) * 8), i === 1 ? [260] : []),
  )
  const sum = counter((step) => noise(800 + i, step) * 30, i === 1 ? [260] : [])
  return {
    labels: { __name__: 'demo_native_seconds', job: 'demo', instance },
    point: (step) => ({
      schema: 2,
      zero: counts[0]!(step),
      first: -1,
      positive: counts.map((count) => count(step)),
      negative: i === 0 ? [] : counts.slice(0, 2).map((count) => count(step)),
      sum: sum(step),
    }),
  }
})
