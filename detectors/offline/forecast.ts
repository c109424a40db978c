import { parseDuration } from '#core/config/duration.ts'
import { ServiceError } from '#core/errors.ts'

import { makeForecast, MODELS } from '../forecasting/make.ts'
import { readSeriesCsv } from './csv.ts'

export interface ForecastCsvOptions {
  /** Steps of the file (`12`), or a duration (`2h`). */
  readonly horizon: string
  readonly quantiles: readonly number[]
  readonly model: string
}

const HORIZON_MAX = 100_000

/** The usual distance of neighbouring samples: the median of the positive ones. */
function usualStep(time_ms: Float64Array): number {
  const steps = time_ms
    .slice(1)
    .map((time, i) => time - time_ms[i]!)
    .filter((step) => step > 0)
    .toSorted((a, b) => a - b)
  const step = steps[Math.floor(steps.length / 2)]
  if (step === undefined)
    throw new ServiceError('bad_data', 'two rows with different times are needed to know the step')
  return step
}

function horizonOf(text: string, step_ms: number): number {
  const horizon_ms = /^\d+$/.test(text) ? Number(text) * step_ms : (parseDuration(text) ?? 0)
  const steps = Math.floor(horizon_ms / step_ms)
  if (steps >= 1 && steps <= HORIZON_MAX) return steps * step_ms
  throw new ServiceError(
    'bad_data',
    `--horizon ${text}: expected from 1 to ${HORIZON_MAX} steps of the file, or a duration of at least one step (${step_ms / 1000} s)`,
  )
}

/** Times ascending, of equal times the last. */
function sorted(time_ms: Float64Array, value: Float64Array): { time_ms: Float64Array; value: Float64Array } {
  const byTime = new Map(Array.from(time_ms, (time, i) => [time, value[i]!]))
  const rows = [...byTime].toSorted(([a], [b]) => a - b)
  return { time_ms: Float64Array.from(rows, ([time]) => time), value: Float64Array.from(rows, ([, v]) => v) }
}

function checkOptions({ quantiles, model }: ForecastCsvOptions): readonly number[] {
  if (!MODELS.includes(model)) throw new ServiceError('bad_data', `--model ${model}: known are ${MODELS.join(', ')}`)
  if (quantiles.length === 0 || quantiles.some((q) => !(q > 0 && q < 1))) {
    throw new ServiceError('bad_data', '--quantiles: expected numbers between 0 and 1, like 0.1,0.5,0.9')
  }
  return [...new Set(quantiles)].toSorted((a, b) => a - b)
}

/** The CSV lines `timestamp,q0.1,…` for the horizon behind the file's last row. Throws `ServiceError('bad_data')`. */
export function* forecastCsv(text: string, file: string, options: ForecastCsvOptions): Generator<string> {
  const quantiles = checkOptions(options)
  const csv = readSeriesCsv(text, file)
  const { time_ms, value } = sorted(csv.time_ms, csv.value)
  if (!value.some(Number.isFinite)) throw new ServiceError('bad_data', `${file}: no finite value to forecast from`)
  const step_ms = usualStep(time_ms)
  const horizon_ms = horizonOf(options.horizon, step_ms)
  const made = makeForecast(time_ms, value, { horizon_ms, step_ms, quantiles, model: options.model })
  yield `timestamp,${quantiles.map((q) => `q${q}`).join(',')}`
  for (const [i, target] of made.target_ms.entries()) {
    yield `${new Date(target).toISOString()},${made.values.map((column) => column[i]!).join(',')}`
  }
}
