import type { ExpressionInfo } from './ports/query-engine.ts'
import type { SeriesReader } from './ports/series-reader.ts'

/** Expressions that have a value where nothing is. Dates without an argument are dates of the step. */
const SPEAKS_OF_NOTHING =
  /\b(?:absent|absent_over_time|vector|scalar)\s*\(|\b(?:minute|hour|day_of_\w+|days_in_month|month|year)\s*\(\s*\)/
const STRINGS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*/g

/** Where the input of an expression lies. */
export interface Reach {
  readonly from_ms: number
  readonly newest_ms: number
  /** From here on no sample counts any more. */
  readonly until_ms: number
  /** About how many series it has. */
  readonly series: number
}

/** Undefined when the expression has no input at all. Input that began before `enough_ms` may be said to have begun any time before. */
export function reachOf(
  { selectors }: ExpressionInfo,
  reader: Pick<SeriesReader, 'extent'>,
  enough_ms = -Infinity,
): Reach | undefined {
  let [from_ms, newest_ms, until_ms, series] = [Infinity, -Infinity, -Infinity, 0]
  for (const { matchers, reach_ms } of selectors) {
    const extent = reader.extent(matchers, enough_ms)
    if (extent === null) continue
    from_ms = Math.min(from_ms, extent.from_ms)
    newest_ms = Math.max(newest_ms, extent.to_ms)
    until_ms = Math.max(until_ms, extent.to_ms + reach_ms)
    series += extent.series ?? 1
  }
  return from_ms === Infinity ? undefined : { from_ms, newest_ms, until_ms, series }
}

/** True for `absent(x)`, `vector(1)`, `time()`: a step without input says something. */
export function speaksOfNothing({ type, selectors }: ExpressionInfo, expr: string): boolean {
  return type === 'scalar' || selectors.length === 0 || SPEAKS_OF_NOTHING.test(expr.replaceAll(STRINGS, '""'))
}
