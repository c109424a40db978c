// Detectors alone: CPU time and garbage of a point and bytes of a series, kind by kind.
//
// npm run bench -- detectors [--series 1000] [--rounds 7] [--kinds auto,band]
import { parseArgs } from 'node:util'

import { createDetector, KIND_NAMES, parseDetector, scoresSamples } from '../detectors/kinds/registry.ts'
import { median, report } from './measure.ts'
import { Draw } from './quality/draw.ts'
import { day, DAY_MS, MINUTE_MS } from './quality/stream.ts'

const START_MS = Date.UTC(2026, 0, 5)
/** Days of history before anything is measured. */
const WARM_DAYS = 9
/** Series in a row, as a body of OTLP brings them. */
const BLOCK = 50

const LOADS = {
  /** Levels with noise. */
  steady: { step_ms: MINUTE_MS, depth: 0 },
  /** The same with a day's wave, which is worth a profile. */
  daily: { step_ms: 5 * MINUTE_MS, depth: 0.5 },
} as const

interface Feed {
  /** Values of all series at a time. */
  readonly fill: (time_ms: number, into: Float64Array) => void
  readonly step_ms: number
}

function feed(load: keyof typeof LOADS): Feed {
  const { step_ms, depth } = LOADS[load]
  const draw = new Draw(1, load)
  const noise = Float64Array.from({ length: 65_537 }, () => draw.normal())
  let at = 0
  return {
    step_ms,
    fill(time_ms, into) {
      const wave = day(time_ms, depth)
      for (let i = 0; i < into.length; i++) {
        at = (at + 1) % noise.length
        into[i] = (100 + (i % 97)) * wave * (1 + 0.05 * noise[at]!)
      }
    },
  }
}

/** Rows in blocks of 50 in an order of their own. */
function orderOf(series: number, draw: Draw): Uint32Array {
  const blocks = Array.from({ length: Math.ceil(series / BLOCK) }, (_, i) => i)
  const shuffled = blocks.map((block) => [draw.uniform(), block] as const).toSorted(([a], [b]) => a - b)
  const rows = shuffled.flatMap(([, block]) => Array.from({ length: BLOCK }, (_, i) => block * BLOCK + i))
  return Uint32Array.from(rows.filter((row) => row < series))
}

function measure(kind: string, load: keyof typeof LOADS, { series, rounds }: { series: number; rounds: number }): void {
  const detector = createDetector(parseDetector(kind), { budget_per_week: 2 * series })
  for (let i = 0; i < series; i++) detector.add()
  const order = orderOf(series, new Draw(2, kind))
  const { fill, step_ms } = feed(load)
  const value = new Float64Array(series)
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  let time_ms = START_MS
  let anomalous = 0
  const garbage: number[] = []
  const step = (): number => {
    fill(time_ms, value)
    const heap = process.memoryUsage().heapUsed
    const before = process.cpuUsage()
    for (const row of order) {
      detector.step(row, time_ms, value[row]!, verdict)
      if (verdict.score >= 1) anomalous++
    }
    const { user, system } = process.cpuUsage(before)
    garbage.push((process.memoryUsage().heapUsed - heap) / series)
    time_ms += step_ms
    return (user + system) * 1000
  }
  const warm = Math.round((WARM_DAYS * DAY_MS) / step_ms)
  for (let i = 0; i < warm; i++) step()
  const steps = Math.max(1, Math.ceil(200_000 / series))
  garbage.length = 0
  const taken = Array.from({ length: rounds }, () => {
    let ns = 0
    for (let i = 0; i < steps; i++) ns += step()
    return ns / (steps * series)
  })
  report({
    bench: 'detectors',
    kind,
    load,
    series,
    ns_per_point: Math.round(median(taken)),
    // Of the number that comes in and of what goes between parts in boxes: 16 a number.
    garbage_bytes_per_point: Math.round(median(garbage)),
    bytes_per_series: Math.round(detector.bytes / series),
    saved_bytes_per_series: Math.round(detector.save().length / series),
    anomalous_share: Number((anomalous / (series * (warm + rounds * steps))).toExponential(2)),
  })
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      series: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '7' },
      kinds: { type: 'string', default: KIND_NAMES.filter(scoresSamples).join(',') },
    },
  })
  const size = { series: Number(values.series), rounds: Number(values.rounds) }
  for (const kind of values.kinds.split(',')) {
    for (const load of Object.keys(LOADS) as (keyof typeof LOADS)[]) measure(kind, load, size)
  }
}
