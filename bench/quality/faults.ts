import { alarmsOf } from './alarms.ts'
import { Draw } from './draw.ts'
import { type Fault, inject } from './inject.ts'
import { readOptions } from './options.ts'
import { FAULTS_PUBLISHED } from './published.ts'
import { scoresOf } from './scored.ts'
import type { Series } from './series.ts'
import { type Shape, SHAPES } from './shapes.ts'
import { HOUR_MS, MINUTE_MS, seriesOf, WEEK_MS } from './stream.ts'
import { STREAMS } from './streams.ts'
import { printFigure, printTable } from './table.ts'

/** Nothing is injected before, and nothing counted. */
const AFTER_MS = 2 * WEEK_MS
/** An alarm this long after a fault is over is still of the fault: of its end. */
const ECHO_MS = 2 * HOUR_MS

export interface Found {
  readonly stream: string
  readonly shape: Shape
  /** From its first sample to the first alarm; NaN when there was none. */
  readonly delay_ms: number
}

/** `alarms`: times, ascending. An alarm that stands in no fault and no fault's echo is false. */
export function judge({ name, time_ms }: Series, put: readonly Fault[], alarms: readonly number[]) {
  const spans = put.map(({ from, to }) => [time_ms[from]!, time_ms[to - 1]!] as const)
  const found = put.map(({ shape }, i): Found => {
    const [start_ms, end_ms] = spans[i]!
    const first = alarms.find((time) => time >= start_ms && time <= end_ms + 15 * MINUTE_MS)
    return { stream: name, shape, delay_ms: first === undefined ? NaN : first - start_ms }
  })
  const wrong = alarms.filter(
    (time) => time >= time_ms[0]! + AFTER_MS && !spans.some(([from, to]) => time >= from && time <= to + ECHO_MS),
  )
  return { found, wrong: wrong.length }
}

const told = (found: readonly Found[]): Found[] => found.filter(({ delay_ms }) => delay_ms >= 0)
const recall = (found: readonly Found[]): number => told(found).length / found.length
const delay_min = (found: readonly Found[]): number => {
  const sorted = told(found).map(({ delay_ms }) => delay_ms / MINUTE_MS)
  return sorted.toSorted((a, b) => a - b)[sorted.length >> 1] ?? NaN
}

export function faults(args: readonly string[]): void {
  const options = readOptions(args, { budget: '2/week' })
  const judged = STREAMS.flatMap((stream) =>
    options.seeds.map((seed) => {
      const clean = seriesOf(stream, { ...options, seed })
      const draw = new Draw(seed, `${stream.name}, faults`)
      const { series, faults: put } = inject(clean, { stream, draw, after_ms: AFTER_MS })
      const named = { ...series, name: stream.name }
      return { stream: stream.name, ...judge(named, put, alarmsOf(series.time_ms, scoresOf(series, options))) }
    }),
  )
  const all = judged.flatMap(({ found }) => found)
  const wrong = judged.reduce((sum, one) => sum + one.wrong, 0)
  const precision = told(all).length / (told(all).length + wrong)
  const rows = SHAPES.map((shape) => {
    const some = all.filter((one) => one.shape === shape)
    return [shape, some.length, recall(some), delay_min(some)] as const
  })
  printTable(['fault', 'put in', 'found', 'delay, min'], rows)
  if (options.files) {
    printTable(
      ['stream', 'put in', 'found', 'false'],
      STREAMS.map(({ name }) => {
        const some = judged.filter(({ stream }) => stream === name)
        const found = some.flatMap((one) => one.found)
        return [name, found.length, recall(found), some.reduce((sum, one) => sum + one.wrong, 0)]
      }),
    )
  }
  printTable(
    ['faults', 'found', 'precision'],
    [[`${options.detector}, all shapes`, recall(all), precision], ...FAULTS_PUBLISHED],
  )
  printFigure({
    quality: 'faults',
    detector: options.detector,
    recall: recall(all),
    precision,
    delay_min: delay_min(all),
    each: Object.fromEntries(rows.map(([shape, , found, delay]) => [shape, { recall: found, delay_min: delay }])),
  })
}
