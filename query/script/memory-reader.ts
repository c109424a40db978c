import type { Matcher, MetricMetadata, SeriesReader, SeriesSlice, TimeRange } from '#core/ports/series-reader.ts'
import type { Labels } from '#core/series.ts'

import { compareLabels } from '../evaluate/label-order.ts'
import { compileRegex } from '../evaluate/regex.ts'
import type { Point } from './notation.ts'

interface Stored {
  readonly labels: Labels
  readonly points: Map<number, number | 'stale'>
  histogram: boolean
}

/** Series in plain maps: the data of a script, and of tests. Of two points at one time the first stays. */
export class MemoryReader implements SeriesReader {
  readonly #series = new Map<string, Stored>()
  /** A selector met a series with native histograms since this was last set to false. */
  metHistogram = false

  add(labels: Labels, points: readonly { time_ms: number; point: Point }[]): void {
    let stored = this.#series.get(labels.key)
    if (stored === undefined) this.#series.set(labels.key, (stored = { labels, points: new Map(), histogram: false }))
    for (const { time_ms, point } of points) {
      if (point === 'histogram') stored.histogram = true
      else if (point !== 'none' && !stored.points.has(time_ms)) stored.points.set(time_ms, point)
    }
  }

  select(matchers: readonly Matcher[], { from_ms, to_ms }: TimeRange): SeriesSlice[] {
    const slices: SeriesSlice[] = []
    for (const { labels, points, histogram } of this.#matching(matchers)) {
      this.metHistogram ||= histogram
      const inside = [...points].filter(([time]) => time >= from_ms && time <= to_ms).toSorted((a, b) => a[0] - b[0])
      if (inside.length === 0) continue
      slices.push({
        labels,
        time_ms: Float64Array.from(inside, ([time]) => time),
        value: Float64Array.from(inside, ([, point]) => (point === 'stale' ? NaN : point)),
        stale: Uint8Array.from(inside, ([, point]) => Number(point === 'stale')),
      })
    }
    return slices
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
    const tests = matchers.map(testOf)
    return [...this.#series.values()]
      .filter(({ labels }) => tests.every((test) => test(labels)))
      .toSorted((a, b) => compareLabels(a.labels, b.labels))
  }
}

function testOf({ name, op, value }: Matcher): (labels: Labels) => boolean {
  if (op === '=') return (labels) => labels.get(name) === value
  if (op === '!=') return (labels) => labels.get(name) !== value
  const regex = compileRegex(value, Infinity)
  if (typeof regex === 'string') throw new Error(regex)
  return (labels) => regex.testExact(labels.get(name)) === (op === '=~')
}
