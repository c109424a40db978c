import { Labels } from '#core/series.ts'

import { timesOf, vector } from '../evaluate/values.ts'
import { mapped } from './elementwise.ts'
import { type PromqlFunction, vectorArg } from './function.ts'

const DAY_MS = 86_400_000

/** Parts of a date in UTC, of values that are Unix times in seconds; of the step itself without argument. */
export const calendar: readonly PromqlFunction[] = [
  dated('day_of_month', (date) => date.getUTCDate()),
  dated('day_of_week', (date) => date.getUTCDay()),
  dated('day_of_year', (date) => 1 + (midnight(date) - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS),
  dated('days_in_month', (date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()),
  dated('hour', (date) => date.getUTCHours()),
  dated('minute', (date) => date.getUTCMinutes()),
  dated('month', (date) => 1 + date.getUTCMonth()),
  dated('year', (date) => date.getUTCFullYear()),
]

function midnight(date: Date): number {
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())
}

function dated(name: string, part: (date: Date) => number): PromqlFunction {
  const of = (seconds: number): number => part(new Date(Math.trunc(seconds) * 1000))
  return {
    name,
    args: ['vector'],
    optional: 1,
    returns: 'vector',
    call(call) {
      if (call.values.length > 0) return mapped(vectorArg(call, 0), call.budget, of)
      const value = timesOf(call.grid).map((time_ms) => of(time_ms / 1000))
      return vector([{ labels: Labels.empty, value, has: new Uint8Array(value.length).fill(1), nameless: false }])
    },
  }
}
