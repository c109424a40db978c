import { ServiceError } from '#core/errors.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'
import { reachOf, speaksOfNothing } from '#core/reach.ts'

/** How long a demand may be acted on after its newest sample; longer where its expression looks back further. */
const EXPIRES_AFTER_MS = 300_000

export interface PresentSources {
  readonly query: QueryEngine
  readonly reader: Pick<SeriesReader, 'extent'>
}

/** Demand as it is known now, and until when that may be acted on. */
export interface Present {
  readonly present: number
  readonly expires_ms: number
}

/**
 * Demand at the moment of its newest sample: behind that, `rate` falls as its window empties, which is silence and no demand. An expression that has a
 * value where nothing is says itself what silence means. Throws `ServiceError` where there is no demand, or none any more.
 */
export async function presentDemand(expr: string, time_ms: number, sources: PresentSources): Promise<Present> {
  const info = sources.query.inspect(expr)
  const reach = reachOf(info, sources.reader, time_ms)
  if (reach === undefined || speaksOfNothing(info, expr)) {
    return { present: await valueAt(expr, time_ms, sources), expires_ms: time_ms + EXPIRES_AFTER_MS }
  }
  const at_ms = Math.min(time_ms, reach.newest_ms)
  const expires_ms = at_ms + Math.max(EXPIRES_AFTER_MS, reach.until_ms - reach.newest_ms)
  if (time_ms > expires_ms) {
    throw new ServiceError('unavailable', `no demand: ${expr} has had no sample since ${new Date(at_ms).toISOString()}`)
  }
  return { present: await valueAt(expr, at_ms, sources), expires_ms }
}

async function valueAt(expr: string, time_ms: number, { query }: PresentSources): Promise<number> {
  const result = await query.instant(expr, time_ms)
  const value =
    result.type === 'scalar' ? result.value : only(result.type === 'string' ? [] : result.series, expr)?.value.at(-1)
  if (value === undefined || !Number.isFinite(value) || value < 0) {
    throw new ServiceError('unavailable', `no demand: ${expr} ${value === undefined ? 'has no value' : `is ${value}`}`)
  }
  return value
}

/** A policy scales on one number: several series are an error that says so. */
export function only<T>(series: readonly T[], demand: string): T | undefined {
  if (series.length > 1) {
    throw new ServiceError('execution', `the demand ${demand} has ${series.length} series; a policy needs one: sum it`)
  }
  return series[0]
}
