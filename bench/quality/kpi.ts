import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { bootstrap, delayCounts, f1, pooled } from './delay-f1.ts'
import { uniform } from './draw.ts'
import { readOptions } from './options.ts'
import { KPI_PUBLISHED } from './published.ts'
import { scoresOf } from './scored.ts'
import { readColumn, readSeries } from './series.ts'
import { printFigure, printTable } from './table.ts'

/** Rows that begin a true segment. */
function segments(truth: Uint8Array): number {
  let count = 0
  for (let i = 0; i < truth.length; i++) if (truth[i] === 1 && truth[i - 1] !== 1) count++
  return count
}

export function kpi(args: readonly string[]): void {
  const options = readOptions(args, { budget: '1/week', data: true })
  const folder = readdirSync(options.data).includes('wsd') ? join(options.data, 'wsd') : options.data
  const names = readdirSync(folder).filter((file) => file.endsWith('.csv'))
  const all = names
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => {
      const file = join(folder, name)
      const scores = scoresOf(readSeries(file, name), options)
      // What is trained on comes first; its labels are read by nobody.
      const from = readColumn(file, 'part').indexOf('test')
      const truth = Uint8Array.from(readColumn(file, 'label').slice(from), Number)
      const predicted = Uint8Array.from(scores.subarray(from), (score) => (score >= 1 ? 1 : 0))
      return { name, segments: segments(truth), ...delayCounts(truth, predicted) }
    })
  const sum = pooled(all)
  const interval = bootstrap(all, uniform(1))
  const precision = sum.tp / (sum.tp + sum.fp)
  const recall = sum.tp / (sum.tp + sum.fn)
  if (options.files) {
    printTable(
      ['series', 'segments', 'F1', 'tp', 'fp', 'fn'],
      all.map((one) => [one.name, one.segments, f1(one), one.tp, one.fp, one.fn]),
    )
  }
  printTable(
    ['delay-7 F1', 'F1', 'precision', 'recall', '95 %'],
    [
      [`${options.detector}, own boundary`, f1(sum), precision, recall, interval.map((x) => x.toFixed(2)).join('–')],
      ...KPI_PUBLISHED,
    ],
  )
  printFigure({
    quality: 'kpi',
    detector: options.detector,
    f1: f1(sum),
    precision,
    recall,
    interval,
    series: all.length,
  })
}
