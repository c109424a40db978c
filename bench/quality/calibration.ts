import { alarmsOf } from './alarms.ts'
import { readOptions } from './options.ts'
import { CALIBRATION_PUBLISHED } from './published.ts'
import { scoresOf } from './scored.ts'
import { seriesOf } from './stream.ts'
import { STREAMS } from './streams.ts'
import { printFigure, printTable } from './table.ts'

/** A kind of stream is within budget up to this. */
const WITHIN = 2

/** Alarms over those that the budget allows in the time, from the first sample on. */
export function calibration(args: readonly string[]): void {
  const options = readOptions(args, { budget: '2/week' })
  const allowed = options.budget_per_week * options.weeks
  const found = STREAMS.map((stream) => {
    const each = options.seeds.map((seed) => {
      const series = seriesOf(stream, { ...options, seed })
      return alarmsOf(series.time_ms, scoresOf(series, options)).length / allowed
    })
    return { name: stream.name, each, ratio: mean(each) }
  })
  const pooled = mean(found.map(({ ratio }) => ratio))
  const within = found.filter(({ ratio }) => ratio <= WITHIN).length
  printTable(
    ['alarms / budget', options.detector, ...(options.files ? options.seeds.map((seed) => `seed ${seed}`) : [])],
    [
      ...found.map(({ name, each, ratio }) => [name, ratio, ...(options.files ? each : [])]),
      ['pooled', pooled],
      ...CALIBRATION_PUBLISHED,
    ],
  )
  printFigure({
    quality: 'calibration',
    detector: options.detector,
    pooled,
    within,
    of: found.length,
    each: Object.fromEntries(found.map(({ name, ratio }) => [name, ratio])),
  })
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
