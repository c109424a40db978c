import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { alarmsOf } from './alarms.ts'
import { readOptions } from './options.ts'
import { scoresOf } from './scored.ts'
import { readSeries, type Series } from './series.ts'
import { HOUR_MS, MINUTE_MS, WEEK_MS } from './stream.ts'
import { printFigure, printTable } from './table.ts'

/** For files that have no times: any Monday. */
const START_MS = Date.UTC(2026, 0, 5)

function everyStep(name: string, values: readonly number[], step_ms: number): Series {
  return {
    name,
    time_ms: Float64Array.from(values, (_, i) => START_MS + i * step_ms),
    value: Float64Array.from(values),
  }
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n')

function m4(folder: string): Series[] {
  return linesOf(join(folder, 'Hourly-train.csv'))
    .slice(1)
    .map((line) => {
      const [name = '', ...cells] = line.trimEnd().replaceAll('"', '').split(',')
      return everyStep(name, cells.filter((cell) => cell !== '').map(Number), HOUR_MS)
    })
}

function ett(folder: string): Series[] {
  return ['ETTh1', 'ETTh2'].flatMap((name) => {
    const [header = '', ...lines] = linesOf(join(folder, `${name}.csv`))
    const rows = lines.map((line) => line.trimEnd().split(',').map(Number))
    const columns = header.trimEnd().split(',')
    return columns.slice(1).map((column, i) =>
      everyStep(
        `${name} ${column}`,
        rows.map((row) => row[i + 1]!),
        HOUR_MS,
      ),
    )
  })
}

function nasa(folder: string): Series[] {
  return [everyStep('NASA', linesOf(join(folder, 'nasa-per-minute.csv')).map(Number), MINUTE_MS)]
}

/** All of it, faults too: labels tell how many those are, and an alarm for each is none too many. */
function wsd(folder: string): Series[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.csv'))
    .map((file) => readSeries(join(folder, file), file))
}

const SETS = { m4, ett, traces: nasa, wsd } as const

export function real(args: readonly string[]): void {
  const options = readOptions(args, { budget: '2/week', data: true })
  const rows = Object.entries(SETS).flatMap(([name, read]) => {
    const folder = join(options.data, name)
    if (!existsSync(folder)) return []
    const each = read(folder).map((series) => {
      const weeks = (series.time_ms.at(-1)! - series.time_ms[0]!) / WEEK_MS
      const alarms = alarmsOf(series.time_ms, scoresOf(series, options)).length
      return { name: series.name, weeks, ratio: alarms / (weeks * options.budget_per_week) }
    })
    if (options.files)
      printTable(
        ['series', 'weeks', 'alarms / budget'],
        each.map((one) => [one.name, one.weeks, one.ratio]),
      )
    const weeks = each.reduce((sum, one) => sum + one.weeks, 0)
    const pooled = each.reduce((sum, one) => sum + one.weeks * one.ratio, 0) / weeks
    const within = each.filter(({ ratio }) => ratio <= 2).length / each.length
    return [{ name, series: each.length, weeks, pooled, within }]
  })
  printTable(
    ['no labels', 'series', 'weeks', 'alarms / budget', 'series within twice'],
    rows.map((one) => [one.name, one.series, one.weeks, one.pooled, one.within]),
  )
  printFigure({ quality: 'real', detector: options.detector, sets: rows })
}
