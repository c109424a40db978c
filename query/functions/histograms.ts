import { METRIC_NAME } from '#core/series.ts'

import { formatNumber } from '../evaluate/number-text.ts'
import { type Column, emptyColumn, vector, type VectorValue } from '../evaluate/values.ts'
import { quoted } from '../language/literals.ts'
import { bucketQuantile } from './bucket-quantile.ts'
import { type FunctionCall, type PromqlFunction, scalarArg, vectorArg } from './function.ts'

const BUCKET_LABEL = 'le'

/** `histogram_quantile` of classic histograms: one series a bucket, cumulative, with its upper bound in `le`. */
export const histograms: readonly PromqlFunction[] = [
  { name: 'histogram_quantile', args: ['scalar', 'vector'], returns: 'vector', call: histogramQuantile },
]

interface Histogram {
  /** By upper bound, ascending. */
  readonly buckets: { readonly bound: number; readonly column: Column }[]
  readonly out: Column
}

function histogramQuantile(call: FunctionCall): VectorValue {
  const q = scalarArg(call, 0)
  const bad = q.find((one) => !(one >= 0 && one <= 1))
  if (bad !== undefined) {
    call.annotations.warn(`quantile value should be between 0 and 1, got ${formatNumber(bad)}`, call.exprs[0]!)
  }
  const columns: Column[] = []
  for (const { buckets, out } of histogramsOf(call)) {
    call.budget.spend(q.length * buckets.length)
    buckets.sort((a, b) => a.bound - b.bound)
    const bounds = new Float64Array(buckets.length)
    const counts = new Float64Array(buckets.length)
    let fixed = false
    for (let i = 0; i < q.length; i++) {
      let n = 0
      for (const { bound, column } of buckets) {
        if (column.has[i] === 0) continue
        bounds[n] = bound
        counts[n++] = column.value[i]!
      }
      if (n === 0) continue
      const result = bucketQuantile(q[i]!, bounds.subarray(0, n), counts.subarray(0, n))
      fixed ||= result.fixed
      out.value[i] = result.value
      out.has[i] = 1
    }
    if (fixed) noteMonotonicity(call, out.labels.name)
    columns.push(out)
  }
  return vector(columns)
}

function histogramsOf(call: FunctionCall): Iterable<Histogram> {
  const found = new Map<string, Histogram>()
  for (const column of vectorArg(call, 1).columns) {
    const le = column.labels.get(BUCKET_LABEL)
    const bound = boundOf(le)
    if (bound === undefined) {
      const of = column.labels.get(METRIC_NAME)
      const metric = of === '' ? '' : ` for metric name ${quoted(of)}`
      call.annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${quoted(le)}${metric}`,
        call.exprs[1]!,
      )
      continue
    }
    const labels = column.labels.drop(BUCKET_LABEL)
    let histogram = found.get(labels.key)
    if (histogram === undefined) {
      histogram = { buckets: [], out: emptyColumn(labels, call.grid.count, true) }
      found.set(labels.key, histogram)
    }
    histogram.buckets.push({ bound, column })
  }
  return found.values()
}

function boundOf(le: string): number | undefined {
  if (/^\+?inf$/i.test(le)) return Infinity
  if (/^-inf$/i.test(le)) return -Infinity
  const bound = le.trim() === le && le !== '' ? Number(le) : NaN
  return Number.isNaN(bound) ? undefined : bound
}

function noteMonotonicity({ annotations, exprs }: FunctionCall, metric: string): void {
  const of = metric === '' ? '' : ` for metric name ${quoted(metric)}`
  const see = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile'
  annotations.info(`input to histogram_quantile needed to be fixed for monotonicity (see ${see})${of}`, exprs[1]!)
}
