import { type Labels, METRIC_NAME } from '../series.ts'
import type { Test } from './matching.ts'

export const LE = 'le'

/** Value columns of a histogram row: sum, count, then a count a bucket. */
export const SUM_COLUMN = 0
export const COUNT_COLUMN = 1
export const BUCKET_COLUMN = 2

/** Go's `%g` turns to an exponent below 1e-4 and from 1e+06 on. */
const LEAST_PLAIN_EXPONENT = -4
const LEAST_LARGE_EXPONENT = 6

/**
 * A bound as Prometheus 3 writes it: Go's shortest `%g`, with `.0` behind a whole number: `1.0`, `0.005`, `1e+06`, `+Inf`.
 * Source: `FormatOpenMetricsFloat` of prometheus/model/labels, `FormatFloat` of Go's strconv.
 */
export function formatBound(bound: number): string {
  if (bound === Infinity) return '+Inf'
  if (bound === -Infinity) return '-Inf'
  if (Number.isNaN(bound)) return 'NaN'
  if (bound === 0) return '0.0'
  const [digits, power] = bound.toExponential().split('e') as [string, string]
  const exponent = Number(power)
  if (exponent < LEAST_PLAIN_EXPONENT || exponent >= LEAST_LARGE_EXPONENT) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  const plain = String(bound)
  return plain.includes('.') ? plain : `${plain}.0`
}

/** One series that a histogram row is seen as. `bucket`: index of the bucket up to which is counted; -1 for sum and count. */
export interface Part {
  readonly labels: Labels
  readonly kind: 'bucket' | 'sum' | 'count'
  readonly bucket: number
}

/** The metric names under which a histogram is found. */
export function partNames(name: string): readonly [string, string, string] {
  return [`${name}_bucket`, `${name}_sum`, `${name}_count`]
}

/** All series of a histogram row: its buckets from below, sum, count. */
export function partsOf(labels: Labels, bounds: Float64Array): readonly Part[] {
  const [bucket, sum, count] = partNames(labels.name)
  const buckets = labels.with(METRIC_NAME, bucket)
  const part = (index: number, bound: number): Part => {
    return { labels: buckets.with(LE, formatBound(bound)), kind: 'bucket', bucket: index }
  }
  return [
    ...Array.from(bounds, (bound, index) => part(index, bound)),
    part(bounds.length, Infinity),
    { labels: labels.with(METRIC_NAME, sum), kind: 'sum', bucket: -1 },
    { labels: labels.with(METRIC_NAME, count), kind: 'count', bucket: -1 },
  ]
}

/** Whether the part passes the tests on its own labels: its metric name and `le`. */
export function partMatches(part: Part, tests: readonly Test[]): boolean {
  return tests.every((test) => test.matches(part.labels.get(test.name)))
}
