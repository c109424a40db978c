import { bucketCount } from '#core/exponential.ts'
import type { SeriesId } from '#core/series.ts'

import { ENDED, type HistogramColumns, PLAIN } from '../wire/points.ts'
import { bytesOf, type Catalogue, NO_SERIES, NO_START } from './catalogue.ts'
import { needsZero } from './deltas.ts'
import type { Identity } from './identity.ts'
import { Refused } from './refused.ts'
import type { LastSample } from './start-times.ts'
import { type Taking, taking } from './taking.ts'

/** Whether the counts of a point are none; its sum may be anything. */
function countsBelowZero({ count, start, buckets }: HistogramColumns, i: number): boolean {
  if (!(count[i]! >= 0 && count[i]! < Infinity)) return true
  const to = start[i + 1]!
  for (let at = start[i]!; at < to; at++) if (!(buckets[at]! >= 0 && buckets[at]! < Infinity)) return true
  return false
}

function ascending(bounds: Float64Array): boolean {
  return bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!))
}

function remember({ lastRow }: Catalogue, alias: number, id: SeriesId): SeriesId {
  if (alias >= 0) lastRow[alias] = id
  return id
}

/** The row of a histogram point: of its attributes and its bounds. Throws `Refused` and as `Identity.labels` does. */
function rowOf({ points, identity }: Taking, i: number, width: number): SeriesId {
  const { histograms } = points
  const { catalogue } = identity
  const [code, from, to] = [histograms.code[i]!, histograms.from[i]!, histograms.to[i]!]
  const view = points.sources[histograms.source[i]!]!
  const alias = identity.alias(code)
  const known = histograms.row[i]!
  const row = known < 0 && alias >= 0 ? catalogue.rows.find(view, from, to, alias) : known
  if (row >= 0 && catalogue.rowWidth[row] === width) return remember(catalogue, alias, catalogue.rowSeries[row]!)
  const bounds = catalogue.wire.bounds(bytesOf(view, from, to))
  if (!ascending(bounds)) throw new Refused('bounds', 'the bounds of a histogram do not ascend, or are not finite')
  if (width !== bounds.length + 1) {
    throw new Refused('buckets', `a histogram has ${bounds.length} bounds and ${width} buckets`)
  }
  const id = identity.resolve(identity.metric(code), { labels: identity.labels(code), kind: 'histogram', bounds })
  const kept = identity.keep(code)
  if (kept >= 0) catalogue.addRow({ view, from, to }, kept, { series: id, width })
  return remember(catalogue, kept, id)
}

/** The newest sample of a histogram, of whatever shape; `row` is the one that is known to have it, or none. */
export function lastOf({ identity, writer }: Taking, code: number, row: SeriesId): LastSample {
  const series = row === NO_SERIES ? writer.newestHistogram?.(identity.labels(code)) : row
  if (series === undefined) return { series: NO_SERIES, time_ms: undefined }
  return { series, time_ms: writer.newest(series)?.time_ms }
}

/** The row that points with these attributes had last. */
export function lastRowOf({ catalogue }: Identity, alias: number): SeriesId {
  return alias < 0 ? NO_SERIES : catalogue.lastRow[alias]!
}

/** The end of a histogram is told without bounds: it ends the row last seen; where none was, there is nothing to end. */
export function endHistogram({ identity, writer, rows }: Taking, code: number, time_ms: number): void {
  const series = lastRowOf(identity, identity.alias(code))
  if (series === NO_SERIES) return
  const buckets = new Float64Array(bucketCount(writer.definition(series)))
  rows.push({ series, time_ms, value: NaN, count: 0, buckets, stale: true })
}

/**
 * The histogram points `[from, to)` to samples, in place, as `takeNumbers` does: the counts of what is refused close up,
 * too. Most need no more than to be passed on: those whose row is known, that have not ended, and count from the same time as before.
 */
export function takeHistograms(request: Taking, from: number, to: number, out: number): number {
  const { histograms } = request.points
  const { code, row, time_ms, start_ms, state, start } = histograms
  const { catalogue } = request.identity
  const { unsigned } = catalogue.wire
  let { start_ms: known_ms, lastRow, rowSeries, rowWidth } = catalogue
  let end = out
  let newest_ms = -Infinity
  for (let i = from; i < to; i++) {
    const alias = code[i]!
    const known = row[i]!
    const time = time_ms[i]!
    if (
      alias >= 0 &&
      known >= 0 &&
      state[i] === PLAIN &&
      time > 0 &&
      known_ms[alias] === start_ms[i] &&
      rowWidth[known] === start[i + 1]! - start[i]! &&
      (unsigned || !countsBelowZero(histograms, i))
    ) {
      const id = rowSeries[known]!
      lastRow[alias] = id
      pass(histograms, i, end++, id)
      if (time > newest_ms) newest_ms = time
    } else {
      end += takeHistogram(request, i, end)
      // They may have grown.
      ;({ start_ms: known_ms, lastRow, rowSeries, rowWidth } = catalogue)
    }
  }
  if (newest_ms > request.newest_ms) request.newest_ms = newest_ms
  return end
}

/** One that is not plain: 1 when it was taken. */
function takeHistogram(request: Taking, i: number, out: number): number {
  const { histograms } = request.points
  const [code, time_ms, ended] = [histograms.code[i]!, histograms.time_ms[i]!, histograms.state[i] === ENDED]
  const taken = taking(request, code, time_ms, (metric) => {
    if (ended) endHistogram(request, code, time_ms)
    else takeCounted(request, i, out, metric.delta)
  })
  return taken && !ended ? 1 : 0
}

function takeCounted(request: Taking, i: number, out: number, delta: boolean): void {
  const { points, deltas, identity, starts, writer } = request
  const { histograms } = points
  const { buckets, sum, count } = histograms
  const code = histograms.code[i]!
  const interval = { start_ms: histograms.start_ms[i]!, time_ms: histograms.time_ms[i]! }
  const [from, to] = [histograms.start[i]!, histograms.start[i + 1]!]
  if (countsBelowZero(histograms, i)) throw new Refused('buckets', 'a histogram counts below zero')
  const lastRow = lastRowOf(identity, identity.alias(code))
  const id = rowOf(request, i, to - from)
  let began: boolean
  if (delta) {
    identity.started(code, NO_START)
    const values = Float64Array.of(sum[i]!, count[i]!, ...buckets.subarray(from, to))
    const running = deltas.of(id, values.length, () => writer.newest(id))
    const added = deltas.add(running, interval, values)
    if (added === 'late') throw new Refused('late_delta', 'a delta overlaps one before it')
    began = added === 'first' && needsZero(interval)
    sum[i] = running.values[0]!
    count[i] = running.values[1]!
    buckets.set(running.values.subarray(2), from)
  } else {
    began = starts.begins(id, interval, () => lastOf(request, code, lastRow))
    identity.started(code, starts.isKnown(id, interval.start_ms) ? interval.start_ms : 0)
  }
  if (began) request.zeros.histograms.push({ before: out, series: id, time_ms: interval.start_ms })
  pass(histograms, i, out, id)
}

/** The point `i` becomes the sample `out` of a series. */
function pass(histograms: HistogramColumns, i: number, out: number, id: SeriesId): void {
  const { start, buckets } = histograms
  const [from, to, at] = [start[i]!, start[i + 1]!, start[out]!]
  histograms.code[out] = id
  histograms.state[out] = 0
  if (out === i) return
  if (at !== from) buckets.copyWithin(at, from, to)
  start[out + 1] = at + to - from
  histograms.time_ms[out] = histograms.time_ms[i]!
  histograms.sum[out] = histograms.sum[i]!
  histograms.count[out] = histograms.count[i]!
}
