import { boundsOfShape } from '#core/exponential.ts'
import { type Labels, METRIC_NAME } from '#core/series.ts'
import { formatBound } from '#core/store/histogram-row.ts'

import { ENDED, type ExponentialPoint, type SummaryPoint } from '../wire/points.ts'
import { type ExponentialTotal, totalAfter, totalOfStored } from './exponential-sums.ts'
import { fitExponential } from './exponential.ts'
import { endHistogram } from './histograms.ts'
import { Refused } from './refused.ts'
import { type Taking, taking } from './taking.ts'

/** A summary becomes a series a quantile, its sum and its count. */
export function takeSummary(request: Taking, point: SummaryPoint): void {
  const { identity, floats } = request
  const { code, time_ms } = point
  taking(request, code, time_ms, ({ name }) => {
    if (point.state === ENDED) {
      const alias = identity.alias(code)
      for (const series of identity.catalogue.parts.get(alias)?.values() ?? []) {
        floats.push({ series, time_ms, value: NaN, stale: true })
      }
      return
    }
    const named = (suffix: string): number =>
      identity.part(code, suffix, () => ({ labels: identity.labels(code).with(METRIC_NAME, `${name}${suffix}`) }))
    const values: (readonly [number, number])[] = [
      [named('_sum'), point.sum],
      [named('_count'), point.count],
    ]
    for (const [quantile, value] of point.quantiles) {
      const text = formatBound(quantile)
      const series = identity.part(code, text, () => ({ labels: identity.labels(code).with('quantile', text) }))
      values.push([series, value])
    }
    for (const [series, value] of values) floats.push({ series, time_ms, value, stale: false })
  })
}

/** The point itself, or, of deltas, what has been counted with it: one that is new here goes on from its newest stored sample. */
function totalOf(
  { identity, writer, delta_series }: Taking,
  point: ExponentialPoint,
  delta: boolean,
): ExponentialTotal {
  if (!delta) return point
  const { totals } = identity.catalogue
  const labels = (): Labels => identity.labels(point.code)
  let before = totals.get(identity.alias(point.code), labels)
  if (before === undefined) {
    if (!totals.hasRoom(delta_series)) {
      throw new Refused('limit', `there are too many delta series: ${delta_series} are accumulated`)
    }
    const stored = writer.newestExponential?.(labels())
    if (stored !== undefined) before = totalOfStored(stored)
  }
  const total = totalAfter(before, point)
  if (total === undefined) throw new Refused('late_delta', 'a delta overlaps one before it')
  return total
}

/** An exponential histogram becomes a sample of the row that has its shape. */
export function takeExponential(request: Taking, point: ExponentialPoint): void {
  const { identity, rows } = request
  const { code, time_ms } = point
  taking(request, code, time_ms, ({ delta }) => {
    if (point.state === ENDED) return endHistogram(request, code, time_ms)
    if (!(point.count >= 0 && point.count < Infinity)) throw new Refused('buckets', 'a histogram counts below zero')
    const total = totalOf(request, point, delta)
    const fitted = fitExponential(total)
    if ('refused' in fitted) throw new Refused('exponential_histogram', fitted.refused)
    const { shape, buckets } = fitted
    const bounds = boundsOfShape(shape)
    const series = identity.part(code, bounds.join(' '), () => {
      return { labels: identity.labels(code), kind: 'exponential', bounds }
    })
    const alias = identity.alias(code)
    if (alias >= 0) identity.catalogue.lastRow[alias] = series
    const { sum, count } = total
    if (delta) {
      // As it is stored, not as it was added up: what comes next is the same after a restart.
      const values = Float64Array.of(sum, count, ...buckets)
      const labels = (): Labels => identity.labels(code)
      identity.catalogue.totals.set(alias, labels, totalOfStored({ time_ms, values, bounds }))
    }
    rows.push({ series, time_ms, value: sum, count, buckets, stale: false })
  })
}
