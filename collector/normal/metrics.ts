import { ServiceError } from '#core/errors.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBatch } from '#core/sample.ts'
import type { Steps } from '#core/steps.ts'

import { HistogramColumns, type Points } from '../wire/points.ts'
import { type Catalogue, NO_SERIES } from './catalogue.ts'
import type { Deltas } from './deltas.ts'
import { takeExemplars } from './exemplars.ts'
import { takeHistograms } from './histograms.ts'
import { Identity } from './identity.ts'
import { takeNumbers } from './numbers.ts'
import { takeExponential, takeSummary } from './rare.ts'
import type { Rejections } from './rejections.ts'
import type { StartTimes } from './start-times.ts'
import type { Taking } from './taking.ts'

const INFO = { type: 'gauge', unit: '', help: 'Target metadata', kind: 'float', bounds: new Float64Array(0) } as const

/** Points that are taken in one step: new ones cost some microseconds each. */
const STEP = 512
/** Those of which each makes several samples, or much work. */
const RARE_STEP = 64

export interface NormalOptions {
  readonly writer: SeriesWriter
  readonly catalogue: Catalogue
  readonly deltas: Deltas
  readonly starts: StartTimes
  readonly delta_series: number
  readonly rejections: Rejections
}

/** One `target_info` of a resource that had points. */
function takeInfo(request: Taking, resource: number): void {
  const { catalogue } = request.identity
  const { info } = catalogue.resourceLabels(resource)
  if (info === undefined || request.newest_ms === -Infinity) return
  try {
    let series = catalogue.infos[resource]!
    if (series === NO_SERIES) series = request.writer.resolve({ ...INFO, labels: info })
    catalogue.infos[resource] = series
    request.floats.push({ series, time_ms: request.newest_ms, value: 1, stale: false })
  } catch (error) {
    // The store has counted it, and the points themselves are in.
    if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
  }
}

/** The first `h` of the columns. */
function histogramsOf(histograms: HistogramColumns, h: number): SampleBatch['histograms'] {
  return {
    length: h,
    series: new Uint32Array(histograms.code.buffer, 0, h),
    time_ms: histograms.time_ms.subarray(0, h),
    sum: histograms.sum.subarray(0, h),
    count: histograms.count.subarray(0, h),
    start: histograms.start.subarray(0, h + 1),
    buckets: histograms.buckets.subarray(0, histograms.start[h]),
    stale: histograms.state.subarray(0, h),
  }
}

/** Most bodies have none: eight views less to make. */
const NO_HISTOGRAMS = histogramsOf(new HistogramColumns(), 0)

/** The columns as samples: views, valid until they are filled again. */
function batchOf({ numbers, histograms }: Points, exemplars: SampleBatch['exemplars']): SampleBatch {
  const n = numbers.length
  const h = histograms.length
  return {
    floats: {
      length: n,
      series: new Uint32Array(numbers.code.buffer, 0, n),
      time_ms: numbers.time_ms.subarray(0, n),
      value: numbers.value.subarray(0, n),
      stale: numbers.state.subarray(0, n),
    },
    histograms: h === 0 ? NO_HISTOGRAMS : histogramsOf(histograms, h),
    exemplars,
  }
}

/**
 * From points to samples: names, labels, checks, delta to cumulative. Done in the columns of the points, which afterwards
 * are the samples.
 */
export function* takeMetrics(points: Points, options: NormalOptions): Steps<SampleBatch> {
  const { catalogue, writer } = options
  const identity = new Identity(points, catalogue, writer)
  const made = { floats: [], rows: [], zeros: { numbers: [], histograms: [] } }
  const request: Taking = { ...options, points, identity, newest_ms: -Infinity, ...made }
  for (const { length, time_ms } of [points.numbers, points.histograms])
    if (length > 0) options.starts.heard(time_ms[0]!)
  for (const [first] of [points.exponentials, points.summaries]) if (first) options.starts.heard(first.time_ms)
  const from = { numbers: 0, histograms: 0, exponentials: 0, summaries: 0 }
  let numbers = 0
  let histograms = 0
  for (const block of points.blocks) {
    request.newest_ms = -Infinity
    for (let at = from.numbers; at < block.numbers; at += STEP) {
      if (at > from.numbers) yield
      numbers = takeNumbers(request, at, Math.min(at + STEP, block.numbers), numbers)
    }
    for (let at = from.histograms; at < block.histograms; at += STEP) {
      if (at > from.histograms) yield
      histograms = takeHistograms(request, at, Math.min(at + STEP, block.histograms), histograms)
    }
    for (let i = from.exponentials; i < block.exponentials; i++) {
      if ((i + 1) % RARE_STEP === 0) yield
      takeExponential(request, points.exponentials[i]!)
    }
    for (let i = from.summaries; i < block.summaries; i++) {
      if ((i + 1) % RARE_STEP === 0) yield
      takeSummary(request, points.summaries[i]!)
    }
    takeInfo(request, block.resource)
    from.numbers = block.numbers
    from.histograms = block.histograms
    from.exponentials = block.exponentials
    from.summaries = block.summaries
  }
  const exemplars = takeExemplars(request, points.exemplars)
  points.numbers.length = numbers
  points.histograms.length = histograms
  points.numbers.insert(request.zeros.numbers)
  points.histograms.insert(request.zeros.histograms)
  for (const float of request.floats) points.numbers.append(float)
  for (const row of request.rows) points.histograms.append(row)
  return batchOf(points, exemplars)
}
