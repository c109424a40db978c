import type { HistogramShape } from '#core/exponential.ts'
import { FLOAT_SAMPLE, type HistogramSlice, RESET_HINTS } from '#core/ports/series-reader.ts'

import { type Histogram, isCustom } from '../native/histogram.ts'

/** Histograms as a reader gives them; undefined where a sample is a float. Inverse of `decodeHistograms`. */
export function histogramColumns(histograms: readonly (Histogram | undefined)[]): HistogramSlice {
  const shapes: HistogramShape[] = []
  const counts: number[] = []
  const start = new Uint32Array(histograms.length + 1)
  const shape = new Uint32Array(histograms.length).fill(FLOAT_SAMPLE)
  for (const [i, one] of histograms.entries()) {
    if (one !== undefined) {
      shape[i] = shapes.push(shapeOf(one)) - 1
      counts.push(one.zeroCount, ...one.positive.counts, ...one.negative.counts)
    }
    start[i + 1] = counts.length
  }
  return {
    sum: Float64Array.from(histograms, (one) => one?.sum ?? 0),
    count: Float64Array.from(histograms, (one) => one?.count ?? 0),
    shapes,
    shape,
    start,
    buckets: Float64Array.from(counts),
    hint: Uint8Array.from(histograms, (one) => RESET_HINTS.indexOf(one?.hint ?? 'unknown')),
  }
}

function shapeOf(one: Histogram): HistogramShape {
  const further = isCustom(one) ? 0 : 1
  return {
    schema: one.schema,
    zero_threshold: one.zeroThreshold,
    positive_offset: one.positive.offset - further,
    positive_count: one.positive.counts.length,
    negative_offset: one.negative.offset - further,
    negative_count: one.negative.counts.length,
    ...(isCustom(one) ? { custom_bounds: one.bounds } : {}),
  }
}
