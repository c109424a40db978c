import type { QueryResult, ResultSeries } from '#core/ports/query-engine.ts'

import { type Buckets, type Histogram, trimmed } from '../native/histogram.ts'
import { printHistogram } from '../native/print.ts'
import type { NativeResult } from '../native/result.ts'
import type { EvalCommand } from './commands.ts'
import type { HistogramLiteral } from './histogram-notation.ts'
import type { Point } from './points.ts'

/** What is wrong with a result, or undefined. Only values are looked at. */
export function wrongResult(wanted: EvalCommand, result: QueryResult): string | undefined {
  if (wanted.text !== undefined) {
    return result.type === 'string' && result.value === wanted.text ? undefined : `expected the string ${wanted.text}`
  }
  if (result.type === 'string') return 'got a string'
  if (wanted.scalar !== undefined) {
    if (result.type !== 'scalar') return `expected a scalar, got ${result.type}`
    return near(wanted.scalar, result.value) ? undefined : `expected ${wanted.scalar}, got ${result.value}`
  }
  if (result.type === 'scalar') return 'got a scalar'
  return wrongSeries(wanted, result.series)
}

function wrongSeries(wanted: EvalCommand, got: readonly ResultSeries[]): string | undefined {
  const expected = wanted.series
    .map(({ labels, points }) => ({ labels, points: timed(points, wanted) }))
    .filter(({ points }) => points.length > 0)
  if (expected.length !== got.length) {
    return `expected ${expected.length} series, got ${got.length}: ${got.map(({ labels }) => String(labels)).join(' ')}`
  }
  const ordered = wanted.expectations.some(({ what }) => what === 'ordered')
  for (const [i, { labels, points }] of expected.entries()) {
    const series = ordered ? got[i]! : got.find((one) => one.labels.equals(labels))
    if (series === undefined || !series.labels.equals(labels)) return `expected ${String(labels)} at ${i}`
    const wrong = wrongPoints(points, series)
    if (wrong !== undefined) return `${String(labels)}: ${wrong}`
  }
  return undefined
}

interface TimedPoint {
  readonly time_ms: number
  readonly value: number | HistogramLiteral
}

/** When points are expected: at the steps, at the times that were written, or at the only time. */
function timed(points: readonly Point[], wanted: EvalCommand): TimedPoint[] {
  const { from_ms, step_ms } = wanted.times ?? wanted
  return points.flatMap((point, i) =>
    typeof point === 'string' ? [] : [{ time_ms: from_ms + i * step_ms, value: point }],
  )
}

function wrongPoints(
  expected: readonly TimedPoint[],
  { time_ms, value, histograms = [] }: ResultSeries,
): string | undefined {
  const floats = Array.from(value, (one, i) => ({ time_ms: time_ms[i]!, value: one as number | Histogram }))
  const native = histograms.map((one) => ({ time_ms: one.time_ms, value: (one.value as NativeResult).native }))
  const got = [...floats, ...native].toSorted((a, b) => a.time_ms - b.time_ms)
  const shown = (): string => got.map((one) => `${print(one.value)}@${one.time_ms}`).join(' ')
  if (expected.length !== got.length) return `expected ${expected.length} points, got ${shown()}`
  const bad = expected.find((one, i) => got[i]!.time_ms !== one.time_ms || !alike(one.value, got[i]!.value))
  if (bad === undefined) return undefined
  const wanted = typeof bad.value === 'number' ? bad.value : bad.value.histogram
  return `expected ${print(wanted)}@${bad.time_ms}, got ${shown()}`
}

function alike(wanted: number | HistogramLiteral, got: number | Histogram): boolean {
  if (typeof wanted === 'number' || typeof got === 'number') {
    return typeof wanted === 'number' && typeof got === 'number' && near(wanted, got)
  }
  const { histogram, hinted } = wanted
  return (
    (!hinted || histogram.hint === got.hint) &&
    histogram.schema === got.schema &&
    (['sum', 'count', 'zeroCount', 'zeroThreshold'] as const).every((key) => near(histogram[key], got[key])) &&
    allNear(histogram.bounds, got.bounds) &&
    (['positive', 'negative'] as const).every((side) => sameBuckets(trimmed(histogram[side]), trimmed(got[side])))
  )
}

function sameBuckets(a: Buckets, b: Buckets): boolean {
  return a.offset === b.offset && allNear(a.counts, b.counts)
}

function allNear(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((one, i) => near(one, b[i]!))
}

function print(value: number | Histogram): string {
  return typeof value === 'number' ? String(value) : printHistogram(value)
}

function near(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b)
  const difference = Math.abs(a - b)
  const sum = Math.abs(a) + Math.abs(b)
  if (a === 0 || b === 0 || sum < Number.MIN_VALUE * 2 ** 52) return difference < 1e-6 * 2 ** -1022
  return difference / Math.min(sum, Number.MAX_VALUE) < 1e-6
}

/** What is wrong with warnings or infos, or undefined: a kind that is expected must be met by all of its kind. */
export function wrongNotes(wanted: EvalCommand, result: QueryResult): string | undefined {
  for (const [kind, notes] of [['warn', result.warnings] as const, ['info', result.infos] as const]) {
    const expected = wanted.expectations.filter(({ what }) => what === kind)
    const none = wanted.expectations.some(({ what }) => what === `no_${kind}`)
    if (none && notes.length > 0) return `expected no ${kind}, got ${notes.join('; ')}`
    if (expected.length === 0) continue
    if (notes.length === 0) return `expected ${kind}, got none`
    const fits = (note: string): boolean => expected.some(({ message }) => message?.(note) ?? true)
    const stray = notes.find((note) => !fits(note))
    if (stray !== undefined) return `unexpected ${kind}: ${stray}`
    if (expected.some(({ message }) => message !== undefined && !notes.some(message))) return `a ${kind} is missing`
  }
  return undefined
}

/** An instant eval is also asked as a range: the same result must lie at the middle step. */
export function middleOf(result: QueryResult, time_ms: number): QueryResult {
  if (result.type !== 'matrix') return result
  const series = result.series.flatMap(({ labels, time_ms: times, value, histograms = [] }): ResultSeries[] => {
    const at = (_: number, i: number): boolean => times[i] === time_ms
    const here = { time_ms: times.filter(at), value: value.filter(at) }
    const native = histograms.filter((one) => one.time_ms === time_ms)
    return here.time_ms.length + native.length === 0 ? [] : [{ labels, ...here, histograms: native }]
  })
  return { ...result, type: 'vector', series }
}
