import { ServiceError } from '#core/errors.ts'
import type { ResultSeries } from '#core/ports/query-engine.ts'

import type { Span } from './marks.ts'

/** Of results over many steps those of some; series that have none there are left out. */
export function within(series: readonly ResultSeries[], span: Span): readonly ResultSeries[] {
  return series.map((one) => cut(one, span)).filter((one) => stepsOf(one).length > 0)
}

/** The points of a series within a span. */
function cut(series: ResultSeries, { from_ms, to_ms }: Span): ResultSeries {
  const { labels, time_ms, value, histograms } = series
  let [begin, end] = [0, time_ms.length]
  while (begin < end && time_ms[begin]! < from_ms) begin++
  while (end > begin && time_ms[end - 1]! > to_ms) end--
  const floats = { labels, time_ms: time_ms.subarray(begin, end), value: value.subarray(begin, end) }
  if (histograms === undefined) return begin === 0 && end === time_ms.length ? series : floats
  return { ...floats, histograms: histograms.filter((one) => one.time_ms >= from_ms && one.time_ms <= to_ms) }
}

/** The steps at which a series has a value; of those with histograms in no order. */
function stepsOf({ time_ms, histograms }: ResultSeries): ArrayLike<number> & Iterable<number> {
  return histograms === undefined ? time_ms : [...time_ms, ...histograms.map((one) => one.time_ms)]
}

/** Throws `execution` where a step has more series than the group's limit; those of different steps do not add up. */
export function refuseBeyond(limit: number, series: readonly ResultSeries[]): void {
  const counts = new Map<number, number>()
  for (const one of series) for (const time of stepsOf(one)) counts.set(time, (counts.get(time) ?? 0) + 1)
  const most = Math.max(...counts.values())
  if (most > limit) throw new ServiceError('execution', `exceeded limit of ${limit} with ${most} series`)
}
