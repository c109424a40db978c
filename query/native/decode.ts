import type { HistogramShape } from '#core/exponential.ts'
import { FLOAT_SAMPLE, type HistogramSlice, RESET_HINTS } from '#core/ports/series-reader.ts'

import { type Buckets, type Histogram, NO_BOUNDS, trimmed } from './histogram.ts'

/** The histograms of a slice, one a sample; undefined where the sample is a float. */
export function decodeHistograms(slice: HistogramSlice): (Histogram | undefined)[] {
  const { sum, count, shapes, shape, start, buckets, hint } = slice
  return Array.from(sum, (total, i) => {
    if (shape[i] === FLOAT_SAMPLE) return undefined
    const at = shapes[shape[i]!]!
    const counts = buckets.subarray(start[i], start[i + 1])
    return {
      schema: at.schema,
      hint: RESET_HINTS[hint?.[i] ?? 0]!,
      zeroThreshold: at.zero_threshold,
      zeroCount: counts[0]!,
      count: count[i]!,
      sum: total,
      ...sidesOf(at, counts),
      bounds: at.custom_bounds ?? NO_BOUNDS,
    }
  })
}

/** The store's buckets begin at the power of their index, those of Prometheus end there: one further. */
function sidesOf(shape: HistogramShape, counts: Float64Array): { positive: Buckets; negative: Buckets } {
  const { positive_offset, positive_count, negative_offset, negative_count, custom_bounds } = shape
  const further = custom_bounds === undefined ? 1 : 0
  const middle = 1 + positive_count
  return {
    positive: trimmed({ offset: positive_offset + further, counts: counts.slice(1, middle) }),
    negative: trimmed({ offset: negative_offset + further, counts: counts.slice(middle, middle + negative_count) }),
  }
}
