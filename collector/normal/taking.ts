import { ServiceError } from '#core/errors.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'

import type { MadeFloat, MadeHistogram, Points, Zero } from '../wire/points.ts'
import type { KnownMetric } from './catalogue.ts'
import type { Deltas } from './deltas.ts'
import type { Identity } from './identity.ts'
import { Refused } from './refused.ts'
import type { Rejections } from './rejections.ts'
import type { StartTimes } from './start-times.ts'

/** The points of one request on their way to samples, and whom to ask. */
export interface Taking {
  readonly points: Points
  readonly identity: Identity
  readonly writer: SeriesWriter
  readonly deltas: Deltas
  readonly starts: StartTimes
  /** As many series of deltas may be accumulated. */
  readonly delta_series: number
  readonly rejections: Rejections
  /** Newest time of a point of the running resource that was taken; -Infinity before any. */
  newest_ms: number
  /** Samples that are made beside the points: they go behind the others. */
  readonly floats: MadeFloat[]
  readonly rows: MadeHistogram[]
  /** Samples that are put among those of the points. */
  readonly zeros: { readonly numbers: Zero[]; readonly histograms: Zero[] }
}

/** Runs `take`, unless the metric or the time speaks against it; counts what is refused. True when it was taken. */
export function taking(request: Taking, code: number, time_ms: number, take: (metric: KnownMetric) => void): boolean {
  try {
    const metric = request.identity.metric(code)
    if (metric.refused !== undefined) throw new Refused(metric.refused.reason, metric.refused.message)
    if (Number.isNaN(time_ms)) throw new Refused('bad_time', 'the time of a point lies beyond every calendar')
    if (time_ms <= 0) throw new Refused('no_time', 'a point has no time')
    take(metric)
    if (time_ms > request.newest_ms) request.newest_ms = time_ms
    return true
  } catch (error) {
    if (error instanceof Refused) request.rejections.add(error.reason, error.message)
    else if (error instanceof ServiceError && error.code === 'too_large') request.rejections.add('limit', error.message)
    else if (error instanceof ServiceError && error.code === 'bad_data') {
      request.rejections.add('attributes', error.message)
    } else throw error
    return false
  }
}
