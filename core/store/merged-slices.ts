import { FLOAT_SAMPLE, type HistogramSlice, type SeriesSlice } from '../ports/series-reader.ts'

/**
 * Neighbours of one label set become one series: rows of one histogram that differ in bounds share `_sum`, `_count` and some buckets; a name may hold
 * floats at one time and exponential histograms at another. Of two samples of one time a histogram stays, else the first; but the end of one row
 * never hides what another goes on with. The slices are ordered by label set; at most one of a label set has histograms.
 */
export function mergeSlices(slices: readonly SeriesSlice[]): SeriesSlice[] {
  const merged: SeriesSlice[] = []
  for (const slice of slices) {
    const before = merged.at(-1)
    if (before?.labels.equals(slice.labels) !== true) merged.push(slice)
    else merged[merged.length - 1] = slice.histograms ? mergePair(slice, before) : mergePair(before, slice)
  }
  return merged
}

function mergePair(a: SeriesSlice, b: SeriesSlice): SeriesSlice {
  const order = inOrder(a, b)
  const time_ms = new Float64Array(order.length)
  const value = new Float64Array(order.length)
  const stale = new Uint8Array(order.length)
  for (const [i, place] of order.entries()) {
    const source = place >= 0 ? a : b
    const at = place >= 0 ? place : ~place
    time_ms[i] = source.time_ms[at]!
    value[i] = source.value[at]!
    stale[i] = source.stale[at]!
  }
  const merged = { labels: a.labels, time_ms, value, stale }
  return a.histograms === undefined ? merged : { ...merged, histograms: amongFloats(a.histograms, order) }
}

/** Where the samples of both come from in time: `i` of the first, `~j` of the second. */
function inOrder(a: SeriesSlice, b: SeriesSlice): Int32Array {
  const order = new Int32Array(a.time_ms.length + b.time_ms.length)
  let i = 0
  let j = 0
  let length = 0
  while (i < a.time_ms.length || j < b.time_ms.length) {
    const [x, y] = [a.time_ms[i] ?? Infinity, b.time_ms[j] ?? Infinity]
    const goesOn = x === y && a.stale[i] === 1 && b.stale[j] === 0
    order[length++] = x <= y && !goesOn ? i : ~j
    if (x <= y) i++
    if (y <= x) j++
  }
  return order.subarray(0, length)
}

/** Histograms in a series where the samples of `~j` are floats. */
function amongFloats(histograms: HistogramSlice, order: Int32Array): HistogramSlice {
  const { sum, count, shapes, shape, start, buckets } = histograms
  const starts = new Uint32Array(order.length + 1)
  const kept = new Float64Array(buckets.length)
  for (const [i, place] of order.entries()) {
    const counts = place < 0 ? buckets.subarray(0, 0) : buckets.subarray(start[place], start[place + 1])
    kept.set(counts, starts[i])
    starts[i + 1] = starts[i]! + counts.length
  }
  return {
    sum: Float64Array.from(order, (place) => sum[place] ?? 0),
    count: Float64Array.from(order, (place) => count[place] ?? 0),
    shapes,
    shape: Uint32Array.from(order, (place) => shape[place] ?? FLOAT_SAMPLE),
    start: starts,
    buckets: kept.subarray(0, starts.at(-1)),
  }
}
