import { alarmsOf } from './alarms.ts'
import { Draw } from './draw.ts'
import { readOptions } from './options.ts'
import { scoresOf } from './scored.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS } from './stream.ts'
import { printFigure, printTable } from './table.ts'

const START_MS = Date.UTC(2026, 5, 1)
/** Periods that are no part of a day: 37 and 100 minutes, 7 hours, the tide. */
const PERIODS_MS = [37 * MINUTE_MS, 100 * MINUTE_MS, 7 * HOUR_MS, 12.42 * HOUR_MS]
/** A series goes on for so long, and the fault comes so long before its end, or this many periods. */
const LENGTH_MS = 10 * DAY_MS
const BEFORE_MS = 20 * HOUR_MS
const BEFORE_PERIODS = 3.5
const NOISE = 0.12

/** By the share of the period that is over. */
const SHAPES: Readonly<Record<string, (share: number) => number>> = {
  sine: (share) => Math.sin(2 * Math.PI * share),
  square: (share) => (share < 0.4 ? 1 : -0.6),
  pulse: (share) => (share < 0.06 ? 3 : 0),
  sawtooth: (share) => 2 * share - 1,
  'two waves': (share) => Math.sin(2 * Math.PI * share) + 0.7 * Math.sin(4 * Math.PI * share + 1),
}

interface Fault {
  /** It lasts so many periods. */
  readonly periods: number
  readonly late?: number
  readonly change?: (value: number, share: number) => number
}

/** What becomes of a period. Values are in units of the amplitude. */
const FAULTS: Readonly<Record<string, Fault>> = {
  missing: { periods: 1, change: () => -0.05 },
  'half as high': { periods: 1, change: (value) => 0.4 * value },
  'does not go down': { periods: 1, change: (value) => Math.max(value, 1) },
  late: { periods: 1.3, late: 0.3 },
  'level up': { periods: 3, change: (value) => value + 1.1 },
  'a burst in between': { periods: 1, change: (value, share) => value + (share > 0.5 && share < 0.6 ? 1.6 : 0) },
}

interface Case {
  readonly shape: string
  readonly period_ms: number
  readonly seed: number
  readonly step_ms: number
  readonly fault?: Fault
}

/** A series with a fault, or without one; when that begins, in which alarms are its own. */
function seriesOf({ shape, period_ms, seed, step_ms, fault }: Case) {
  const draw = new Draw(seed, `${shape} ${period_ms} ${step_ms}`)
  const phase_ms = draw.uniform() * period_ms
  const amplitude = Math.exp(draw.normal())
  const base = amplitude * draw.between(0, 5)
  const wanted_ms = LENGTH_MS - Math.max(BEFORE_MS, BEFORE_PERIODS * period_ms)
  const first = Math.ceil((wanted_ms + phase_ms) / period_ms)
  const time_ms = Float64Array.from({ length: LENGTH_MS / step_ms }, (_, i) => START_MS + i * step_ms)
  const value = time_ms.map((time) => {
    const periods = (time - START_MS + phase_ms) / period_ms
    const isIn = fault !== undefined && periods >= first && periods < first + fault.periods
    const share = (((periods - (isIn ? (fault.late ?? 0) : 0)) % 1) + 1) % 1
    const calm = SHAPES[shape]!(share)
    return base + amplitude * ((isIn ? (fault.change?.(calm, share) ?? calm) : calm) + NOISE * draw.normal())
  })
  return { time_ms, value, begin_ms: START_MS + first * period_ms - phase_ms }
}

/** How many faults of cycles that are no part of a day are found, and how many alarms there are where there is none. */
export function cycles(args: readonly string[]): void {
  const options = readOptions(args, { budget: '2/week' })
  const step_ms = options.step_ms || MINUTE_MS
  const cases = Object.keys(SHAPES).flatMap((shape) =>
    PERIODS_MS.flatMap((period_ms) => options.seeds.map((seed) => ({ shape, period_ms, seed, step_ms }))),
  )
  const alarmed = (series: ReturnType<typeof seriesOf>): number[] => alarmsOf(series.time_ms, scoresOf(series, options))
  const calm = cases.map((one) => ({ ...one, alarms: alarmed(seriesOf(one)).length }))
  const told = Object.entries(FAULTS).flatMap(([name, fault]) =>
    cases.map((one) => {
      const series = seriesOf({ ...one, fault })
      const end_ms = series.begin_ms + (fault.periods + 1) * one.period_ms
      return { ...one, name, found: alarmed(series).some((time) => time >= series.begin_ms && time < end_ms) }
    }),
  )
  const share = (some: readonly { readonly found: boolean }[]): number =>
    some.filter(({ found }) => found).length / some.length
  const allowed = (options.budget_per_week * LENGTH_MS) / WEEK_MS
  const rate = (some: readonly { readonly alarms: number }[]): number =>
    some.reduce((sum, { alarms }) => sum + alarms, 0) / (allowed * some.length)
  const faults = Object.keys(FAULTS).map((name) => [name, share(told.filter((one) => one.name === name))] as const)
  printTable(['fault of a cycle', 'found'], faults)
  printTable(
    ['cycle', 'found', 'alarms / budget'],
    PERIODS_MS.flatMap((period_ms) =>
      Object.keys(SHAPES).map((shape) => {
        const isIt = (one: Case): boolean => one.shape === shape && one.period_ms === period_ms
        return [`${shape}, ${Math.round(period_ms / MINUTE_MS)} min`, share(told.filter(isIt)), rate(calm.filter(isIt))]
      }),
    ),
  )
  printFigure({
    quality: 'cycles',
    detector: options.detector,
    found: share(told),
    alarms: rate(calm),
    each: Object.fromEntries(faults),
  })
}
