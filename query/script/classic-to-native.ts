import { CUSTOM_SCHEMA } from '#core/exponential.ts'
import { type Labels, METRIC_NAME } from '#core/series.ts'

import { numberOf } from '../language/literals.ts'
import { EMPTY, type Histogram } from '../native/histogram.ts'
import type { Point } from './points.ts'

interface Series {
  readonly labels: Labels
  readonly points: readonly Point[]
}

interface Classic {
  readonly labels: Labels
  readonly buckets: { readonly bound: number; readonly points: readonly Point[] }[]
  sum: readonly Point[]
  count: readonly Point[]
}

/** Classic histograms of a load as native ones whose bounds are listed, a sample for each that has buckets. */
export function nativeOfClassic(series: readonly Series[]): Series[] {
  const found = new Map<string, Classic>()
  for (const { labels, points } of series) {
    const suffix = /_(?:bucket|sum|count)$/.exec(labels.name)?.[0]
    if (suffix === undefined) continue
    const of = labels.drop('le').with(METRIC_NAME, labels.name.slice(0, -suffix.length))
    let classic = found.get(of.key)
    if (classic === undefined) found.set(of.key, (classic = { labels: of, buckets: [], sum: [], count: [] }))
    if (suffix === '_sum') classic.sum = points
    else if (suffix === '_count') classic.count = points
    else {
      const bound = numberOf(labels.get('le'))
      if (bound !== undefined && !Number.isNaN(bound)) classic.buckets.push({ bound, points })
    }
  }
  return [...found.values()].map((classic) => ({ labels: classic.labels, points: pointsOf(classic) }))
}

function pointsOf(classic: Classic): Point[] {
  const length = Math.max(0, ...[...classic.buckets, classic.sum, classic.count].map(lengthOf))
  const buckets = classic.buckets.toSorted((a, b) => a.bound - b.bound)
  return Array.from({ length }, (_, i): Point => {
    const there = buckets.filter(({ points }) => typeof points[i] === 'number')
    const total = classic.count[i]
    if (there.length === 0 && typeof total !== 'number') return 'none'
    const histogram = histogramOf(
      there.map(({ bound, points }) => ({ bound, below: points[i] as number })),
      { sum: numberAt(classic.sum, i), count: typeof total === 'number' ? total : undefined },
    )
    return histogram === undefined ? 'none' : { histogram, hinted: false }
  })
}

function lengthOf(of: { readonly points: readonly Point[] } | readonly Point[]): number {
  return 'points' in of ? of.points.length : of.length
}

function numberAt(points: readonly Point[], i: number): number {
  const point = points[i]
  return typeof point === 'number' ? point : 0
}

/** Undefined where counts that must grow go down. */
function histogramOf(
  cumulative: readonly { readonly bound: number; readonly below: number }[],
  { sum, count }: { readonly sum: number; readonly count: number | undefined },
): Histogram | undefined {
  const finite = cumulative.filter(({ bound }) => bound !== Infinity)
  const total = count ?? cumulative.find(({ bound }) => bound === Infinity)?.below ?? finite.at(-1)?.below ?? 0
  const counts = new Float64Array(finite.length + 1)
  let before = 0
  for (const [i, below] of [...finite.map((one) => one.below), total].entries()) {
    if (below < before) return undefined
    counts[i] = below - before
    before = below
  }
  const bounds = Float64Array.from(finite, ({ bound }) => bound)
  return { ...EMPTY, schema: CUSTOM_SCHEMA, sum, count: total, bounds, positive: { offset: 0, counts } }
}
