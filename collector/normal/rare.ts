import { boundsOfShape } from '#core/exponential.ts'
import { type Labels, METRIC_NAME } from '#core/series.ts'
import { formatBound } from '#core/store/histogram-row.ts'

import { ENDED, type ExponentialPoint, type SummaryPoint } from '../wire/points.ts'
import { needsZero } from './deltas.ts'
import { type ExponentialTotal, totalAfter, totalOfStored } from './exponential-sums.ts'
import { fitExponential } from './exponential.ts'
import { endHistogram, lastOf, lastRowOf } from './histograms.ts'
import { Refused } from './refused.ts'
import type { LastSample } from './start-times.ts'
import { type Taking, taking } from './taking.ts'

/** A summary becomes a series a quantile, its sum and its count. */
export function takeSummary(request: Taking, point: SummaryPoint): void {
  const { identity, floats, starts, writer } = request
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
    const [sum, count] = [named('_sum'), named('_count')]
    const last = (): LastSample => ({ series: count, time_ms: writer.newest(count)?.time_ms })
    if (starts.begins(count, point, last)) {
      for (const series of [sum, count]) floats.push({ series, time_ms: point.start_ms, value: 0, stale: false })
    }
    const values: (readonly [number, number])[] = [
      [sum, point.sum],
      [count, point.count],
    ]
    for (const [quantile, value] of point.quantiles) {
      const text = formatBound(quantile)
      const series = identity.part(code, text, () => ({ labels: identity.labels(code).with('quantile', text) }))
      values.push([series, value])
    }
    for (const [series, value] of values) floats.push({ series, time_ms, value, stale: false })
  })
}

interface Counted {
  readonly total: ExponentialTotal
  /** It counts from its start, and a 0 there says so. */
  readonly began: boolean
}

/** What has been counted with a point of deltas, and whether it began anew: one that is new here goes on from its newest stored sample. */
function totalOf({ identity, writer, delta_series }: Taking, point: ExponentialPoint): Counted {
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
  return { total, began: before === undefined && needsZero(point) }
}

/** An exponential histogram becomes a sample of the row that has its shape. */
export function takeExponential(request: Taking, point: ExponentialPoint): void {
  const { identity, rows, starts } = request
  const { code, time_ms } = point
  taking(request, code, time_ms, ({ delta }) => {
    if (point.state === ENDED) return endHistogram(request, code, time_ms)
    if (!(point.count >= 0 && point.count < Infinity)) throw new Refused('buckets', 'a histogram counts below zero')
    const counted = delta ? totalOf(request, point) : undefined
    const total = counted?.total ?? point
    const fitted = fitExponential(total)
    if ('refused' in fitted) throw new Refused('exponential_histogram', fitted.refused)
    const { shape, buckets } = fitted
    const bounds = boundsOfShape(shape)
    const series = identity.part(code, bounds.join(' '), () => {
      return { labels: identity.labels(code), kind: 'exponential', bounds }
    })
    const alias = identity.alias(code)
    const lastRow = lastRowOf(identity, alias)
    if (alias >= 0) identity.catalogue.lastRow[alias] = series
    const { sum, count } = total
    if (counted?.began ?? starts.begins(series, point, () => lastOf(request, code, lastRow))) {
      const none = { count: 0, buckets: new Float64Array(buckets.length), stale: false }
      rows.push({ series, time_ms: point.start_ms, value: Number.isNaN(sum) ? NaN : 0, ...none })
    }
    if (delta) {
      // As it is stored, not as it was added up: what comes next is the same after a restart.
      const values = Float64Array.of(sum, count, ...buckets)
      const labels = (): Labels => identity.labels(code)
      identity.catalogue.totals.set(alias, labels, totalOfStored({ time_ms, values, bounds }))
    }
    rows.push({ series, time_ms, value: sum, count, buckets, stale: false })
  })
}
