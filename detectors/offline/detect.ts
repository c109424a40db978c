import { ServiceError } from '#core/errors.ts'

import { createDetector, parseDetector } from '../kinds/registry.ts'
import { readSeriesCsv } from './csv.ts'

export interface DetectOptions {
  /** A kind's name or its configuration, as a rule writes it. Default `auto`. */
  readonly detector?: string | Readonly<Record<string, unknown>>
  /** Default 1. */
  readonly budget_per_week?: number
}

const HEADER = 'timestamp,value,expected,lower,upper,score,anomaly'

/** Time of rows that repeat or go back: this much after the row before, so that they are judged in their order. */
const STEP_BACK_MS = 1000

const cell = (value: number): string => (Number.isFinite(value) ? String(value) : '')

/**
 * The CSV lines of `barograph detect`, header first: a row for each row of the file, in its order, made from it and
 * earlier rows alone. Throws `ServiceError`: `bad_data` with file and line, `bad_config` for an unknown detector.
 */
export function* detectCsv(text: string, file: string, options: DetectOptions = {}): Generator<string> {
  const csv = readSeriesCsv(text, file)
  const budget_per_week = options.budget_per_week ?? 1
  if (!(budget_per_week > 0)) throw new ServiceError('bad_config', 'the budget must be above 0')
  const detector = createDetector(parseDetector(options.detector), { budget_per_week })
  const row = detector.add()
  const verdict = { score: 0, expected: NaN, lower: NaN, upper: NaN }
  let last_ms = -Infinity
  yield HEADER
  for (const [i, timestamp] of csv.timestamp_text.entries()) {
    const value = csv.value[i]!
    const written_ms = csv.time_ms[i]!
    const time_ms = written_ms > last_ms ? written_ms : last_ms + STEP_BACK_MS
    last_ms = time_ms
    detector.step(row, time_ms, value, verdict)
    const { score, expected, lower, upper } = verdict
    const anomaly = score >= 1 ? 1 : 0
    yield [timestamp, cell(value), cell(expected), cell(lower), cell(upper), String(score), anomaly].join(',')
  }
}
