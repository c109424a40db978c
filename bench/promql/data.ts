import { seeded } from '#core/random.ts'

export const STEP_MS = 15_000

type Pairs = readonly (readonly [string, string])[]

/** One series: its labels in order, and what its next value is. */
export interface BenchSeries {
  readonly labels: Pairs
  /** Its target is scraped so long after each full step. */
  readonly offset_ms: number
  next(): number
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const
const STATUSES = ['200', '204', '302', '404', '500', '503'] as const
const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'] as const
/** Series of one instance: 24 + 24 + 48 + 4. */
const OF_INSTANCE = 100

type Random = () => number

/** A counter that grows by about `rate` a step and begins anew once in a few hundred steps. */
function counter(random: Random, rate: number): () => number {
  let value = Math.floor(random() * 1e6)
  return () => {
    if (random() < 0.002) value = 0
    value += Math.floor(random() * rate * 2)
    return value
  }
}

/** A gauge that wanders. */
function gauge(random: Random, around: number): () => number {
  let value = around * (0.5 + random())
  return () => {
    value = Math.max(0, value + (random() - 0.5) * around * 0.02)
    return Math.round(value * 1000) / 1000
  }
}

/** The cumulative buckets of one histogram: each step adds to all that are at or above where the observations fell. */
function buckets(random: Random): (() => number)[] {
  const counts = new Float64Array(BOUNDS.length)
  const middle = 2 + Math.floor(random() * 6)
  return BOUNDS.map((_, i) => () => {
    if (i === 0) {
      for (let n = Math.floor(random() * 10); n > 0; n--) {
        const at = Math.min(BOUNDS.length - 1, Math.max(0, Math.round(middle + (random() + random() - 1) * 4)))
        for (let k = at; k < BOUNDS.length; k++) counts[k]! += 1
      }
    }
    return counts[i]!
  })
}

function ofInstance(number: number, random: Random): BenchSeries[] {
  const target: Pairs = [
    ['instance', `10.1.${number >> 8}.${number & 255}:8080`],
    ['job', `api-${number % 10}`],
  ]
  const offset_ms = Math.floor(random() * STEP_MS)
  const series: BenchSeries[] = []
  const add = (name: string, more: Pairs, next: () => number): void => {
    const labels = [['__name__', name] as const, ...target, ...more].toSorted(([a], [b]) => (a < b ? -1 : 1))
    series.push({ labels, offset_ms, next })
  }
  for (const method of METHODS) {
    for (const status of STATUSES) {
      const labels = [['method', method] as const, ['status', status] as const]
      add('http_requests_total', labels, counter(random, status === '200' ? 5000 : 4))
    }
  }
  for (let i = 0; i < 12; i++) {
    add('node_memory_used_bytes', [['area', `area-${i}`]], gauge(random, 1e9))
    add('node_memory_limit_bytes', [['area', `area-${i}`]], () => 2e9)
  }
  for (const path of ['/', '/cart', '/checkout', '/login']) {
    for (const [i, next] of buckets(random).entries()) {
      add('http_request_duration_seconds_bucket', [['path', path] as const, ['le', BOUNDS[i]!] as const], next)
    }
  }
  for (const version of ['app', 'base', 'mesh', 'os']) {
    const is = [['image', version] as const, ['version', `${1 + (number % 7)}.${number % 3}`] as const]
    add('build_info', is, () => 1)
  }
  return series
}

/** About so many series, of as many instances as that takes. */
export function benchSeries(count: number): BenchSeries[] {
  const random = seeded(11)
  return Array.from({ length: Math.ceil(count / OF_INSTANCE) }, (_, i) => ofInstance(i, random)).flat()
}
