// What the rules of both have written, step by step.
import type { Side } from './sides.ts'

const CHUNK_S = 600
const WRITTEN = '{__name__=~"ALERTS|ALERTS_FOR_STATE|live:.*"}'
/** Divides every interval of the rules. */
const STEP_MS = 5000
/** Prometheus evaluates so long after the step at most; `nameInPhase` sees to that. */
const PHASE_MS = 1000
const EXAMPLES = 3

/** By series, then by step. */
type Written = Map<string, Map<number, string>>

interface Matrix {
  readonly status: string
  readonly error?: string
  readonly data: { result: { metric: Record<string, string>; values: [time_s: number, value: string][] }[] }
}

const keyOf = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** Samples as they are stored, in pieces: queries have limits. */
export async function written(url: string, from_ms: number, to_ms: number): Promise<Written> {
  const all: Written = new Map()
  for (let from_s = from_ms / 1000; from_s < to_ms / 1000; from_s += CHUNK_S) {
    const time_s = Math.min(from_s + CHUNK_S, to_ms / 1000)
    const body = new URLSearchParams({
      query: `${WRITTEN}[${Math.ceil(time_s - from_s)}s]`,
      time: String(time_s + (PHASE_MS + 1) / 1000),
    })
    const answer = (await (await fetch(`${url}/api/v1/query`, { method: 'POST', body })).json()) as Matrix
    if (answer.status !== 'success') throw new Error(`${url}: ${answer.error}`)
    for (const { metric, values } of answer.data.result) {
      const steps = all.get(keyOf(metric)) ?? new Map<number, string>()
      all.set(keyOf(metric), steps)
      for (const [at, value] of values) steps.set(Math.floor((at * 1000) / STEP_MS) * STEP_MS, value)
    }
  }
  return all
}

/** How the series of one rule differ. */
export interface Difference {
  samples: number
  only: Record<Side, number>
  /** Values that differ by more than nine digits; the most that any does, relatively. */
  values: number
  most: number
  readonly examples: string[]
}

function relative(a: string, b: string): number {
  if (a === b) return 0
  const [x, y] = [Number(a), Number(b)]
  return Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y)) : Infinity
}

/** By name of the series, for alerts with that of the alert. */
export function differences(ours: Written, theirs: Written, from_ms: number): Map<string, Difference> {
  const found = new Map<string, Difference>()
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const labels = Object.fromEntries(JSON.parse(key) as [string, string][])
    const name = [labels['__name__'], labels['alertname']].filter((part) => part !== undefined).join(' ')
    const one: Difference = found.get(name) ?? {
      samples: 0,
      only: { barograph: 0, prometheus: 0 },
      values: 0,
      most: 0,
      examples: [],
    }
    found.set(name, one)
    const [here, there] = [ours.get(key), theirs.get(key)]
    for (const step of new Set([...(here?.keys() ?? []), ...(there?.keys() ?? [])])) {
      if (step >= from_ms) add(one, key, step, [here?.get(step), there?.get(step)])
    }
  }
  return found
}

function add(one: Difference, key: string, step: number, [a, b]: readonly [string | undefined, string | undefined]) {
  one.samples++
  const apart = a === undefined || b === undefined ? Infinity : relative(a, b)
  if (apart === 0) return
  if (a === undefined) one.only.prometheus++
  else if (b === undefined) one.only.barograph++
  else {
    one.most = Math.max(one.most, apart)
    if (apart <= 1e-9) return
    one.values++
  }
  if (one.examples.length < EXAMPLES) one.examples.push(`${key} at ${new Date(step).toISOString()}: ${a}, ${b}`)
}
