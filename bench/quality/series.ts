import { readFileSync } from 'node:fs'

import { readSeriesCsv } from '../../detectors/offline/csv.ts'

/** Samples of one series as parallel columns, oldest first; a value may be NaN. */
export interface Series {
  readonly name: string
  readonly time_ms: Float64Array
  readonly value: Float64Array
}

export function readSeries(file: string, name: string): Series {
  const { time_ms, value } = readSeriesCsv(readFileSync(file, 'utf8'), file)
  return { name, time_ms, value }
}

/** A column of a file with commas and a header, as text. */
export function readColumn(file: string, name: string): string[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
  const at = header.trimEnd().split(',').indexOf(name)
  if (at < 0) throw new Error(`${file}: no column ${name}`)
  return lines.map((line) => line.trimEnd().split(',')[at]!)
}
