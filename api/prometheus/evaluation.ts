import type { Context } from 'hono'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { QueryOptions, QueryResult, QueryStats } from '#core/ports/query-engine.ts'

import type { ApiLimits } from '../options.ts'
import type { Api } from '../route.ts'
import { successPieces } from './envelope.ts'
import { type Form, invalidParameter } from './form.ts'
import { resultPieces, shownOf } from './result.ts'
import { parseSpan } from './time.ts'

/** Undefined, which is the default, also where nothing is asked for. */
function lookbackOf(form: Form): number | undefined {
  const text = form.text('lookback_delta')
  const span_ms = text === '' ? 0 : parseSpan(text)
  if (span_ms === undefined) {
    const message = `error parsing lookback delta duration: cannot parse ${JSON.stringify(text)} to a valid duration`
    throw new ServiceError('bad_data', message)
  }
  return span_ms > 0 ? span_ms : undefined
}

/** `timeout`, `lookback_delta` and the client's going away. */
function queryOptions(form: Form, signal: AbortSignal, limits: ApiLimits): QueryOptions {
  const lookback_ms = lookbackOf(form)
  const timeout_ms = Math.min(form.positiveSpan('timeout') ?? Infinity, limits.query_timeout_ms)
  return { timeout_ms, signal, ...(lookback_ms === undefined ? {} : { lookback_ms }) }
}

/** What the engine says of an expression, as Prometheus tells it; any other error as it is. */
export function queryError(error: unknown): unknown {
  if (error instanceof ServiceError && error.code === 'bad_data') return invalidParameter('query', messageOf(error))
  return error
}

/** Runs a query and sends its result; with what it took where that is asked for. */
export async function evaluate(
  c: Context,
  form: Form,
  api: Api,
  run: (options: QueryOptions) => Promise<QueryResult>,
): Promise<Response> {
  const most = form.limit()
  const options = queryOptions(form, c.req.raw.signal, api.limits)
  let result: QueryResult
  let stats: QueryStats | undefined
  const take = (taken: QueryStats): void => {
    stats = taken
  }
  try {
    result = await run(form.text('stats') === '' ? options : { ...options, stats: take })
  } catch (error) {
    throw queryError(error)
  }
  const shown = shownOf(result, { series: most, points: api.limits.query_points })
  return api.deliveries.send({
    points: shown.points,
    series: shown.series.length,
    pieces: (json) => successPieces(json, resultPieces(json, result, shown, stats)),
  })
}
