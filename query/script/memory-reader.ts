import type {
  Matcher,
  MetricMetadata,
  SelectOptions,
  SeriesBatch,
  SeriesReader,
  SeriesSlice,
  TimeRange,
} from '#core/ports/series-reader.ts'
import type { Labels } from '#core/series.ts'

import { compareLabels } from '../evaluate/label-order.ts'
import { matcherTest } from '../evaluate/matcher-test.ts'
import type { Histogram } from '../native/histogram.ts'
import { storedHint } from './hints.ts'
import { histogramColumns } from './histogram-columns.ts'
import type { Point } from './points.ts'

interface Stored {
  readonly labels: Labels
  readonly points: Map<number, number | 'stale' | Histogram>
}

/** Series in plain maps: the data of a script, and of tests. Of two points at one time the first stays. */
export class MemoryReader implements SeriesReader {
  readonly #series = new Map<string, Stored>()

  add(labels: Labels, points: readonly { time_ms: number; point: Point }[]): void {
    let stored = this.#series.get(labels.key)
    if (stored === undefined) this.#series.set(labels.key, (stored = { labels, points: new Map() }))
    for (const { time_ms, point } of points) {
      if (point === 'none' || stored.points.has(time_ms)) continue
      stored.points.set(time_ms, typeof point === 'object' ? point.histogram : point)
    }
  }

  select(matchers: readonly Matcher[], { from_ms, to_ms }: TimeRange): SeriesSlice[] {
    const slices: SeriesSlice[] = []
    for (const { labels, points } of this.#matching(matchers)) {
      const inside = hinted([...points].toSorted((a, b) => a[0] - b[0])).filter(
        ([time]) => time >= from_ms && time <= to_ms,
      )
      if (inside.length === 0) continue
      const native = inside.map(([, point]) => (typeof point === 'object' ? point : undefined))
      slices.push({
        labels,
        time_ms: Float64Array.from(inside, ([time]) => time),
        value: Float64Array.from(inside, ([, point]) => (typeof point === 'number' ? point : NaN)),
        stale: Uint8Array.from(inside, ([, point]) => Number(point === 'stale')),
        ...(native.some((one) => one !== undefined) ? { histograms: histogramColumns(native) } : {}),
      })
    }
    return slices
  }

  /** A series at a time. What may be used again is overwritten at once, so that nobody reads it who must not. */
  *selecting(
    matchers: readonly Matcher[],
    range: TimeRange,
    { admit, passing = false }: SelectOptions = {},
  ): Generator<SeriesBatch, void> {
    const slices = this.select(matchers, range)
    admit?.(
      slices.length,
      slices.reduce((sum, { time_ms }) => sum + time_ms.length, 0),
    )
    for (const slice of slices) {
      yield { slices: [slice], read: slice.time_ms.length }
      if (!passing) continue
      slice.time_ms.fill(Number.NaN)
      slice.value.fill(Number.NaN)
      slice.stale.fill(1)
    }
  }

  labelSets(matchers: readonly Matcher[], range?: TimeRange): Labels[] {
    const all: TimeRange = { from_ms: -Infinity, to_ms: Infinity }
    return this.select(matchers, range ?? all).map(({ labels }) => labels)
  }

  extent(matchers: readonly Matcher[]): TimeRange | null {
    const times = this.#matching(matchers).flatMap(({ points }) => Array.from(points.keys()))
    return times.length === 0 ? null : { from_ms: Math.min(...times), to_ms: Math.max(...times) }
  }

  metadata(): MetricMetadata[] {
    return []
  }

  #matching(matchers: readonly Matcher[]): Stored[] {
    const tests = matchers.map(matcherTest)
    return [...this.#series.values()]
      .filter(({ labels }) => tests.every((test) => test(labels)))
      .toSorted((a, b) => compareLabels(a.labels, b.labels))
  }
}

type Timed = readonly [time_ms: number, point: number | 'stale' | Histogram]

/** With the hints that a store would give. */
function hinted(points: readonly Timed[]): readonly Timed[] {
  let before: Histogram | undefined
  return points.map(([time, point]): Timed => {
    if (typeof point !== 'object') {
      before = undefined
      return [time, point]
    }
    const hint = storedHint(before, point)
    before = point
    return [time, { ...point, hint }]
  })
}
