import { Labels } from '#core/series.ts'

import { mergeSame } from '../evaluate/merge.ts'
import { formatNumber } from '../evaluate/number-text.ts'
import { type Column, vector, type VectorValue } from '../evaluate/values.ts'
import { nativeFraction, nativeQuantile } from '../native/quantile.ts'
import { bucketFraction, bucketQuantile } from './bucket-quantile.ts'
import { type FunctionCall, type PromqlFunction, scalarArg, stringArg, vectorArg } from './function.ts'
import { eachHistogram } from './histogram-groups.ts'

/** Quantiles and shares of histograms: native ones, and classic ones, a series a bucket. */
export const histograms: readonly PromqlFunction[] = [
  { name: 'histogram_fraction', args: ['scalar', 'scalar', 'vector'], returns: 'vector', call: histogramFraction },
  {
    name: 'histogram_quantile',
    args: ['scalar', 'vector'],
    returns: 'vector',
    call: async (call) => vector(await quantiles(call, { q: scalarArg(call, 0), at: 0, over: 1 })),
  },
  {
    name: 'histogram_quantiles',
    args: [
      'vector',
      'string',
      'scalar',
      'scalar',
      'scalar',
      'scalar',
      'scalar',
      'scalar',
      'scalar',
      'scalar',
      'scalar',
      'scalar',
    ],
    optional: 9,
    returns: 'vector',
    call: histogramQuantiles,
  },
]

interface QuantileOptions {
  readonly q: Float64Array
  /** Which argument the quantile is, and which the histograms are. */
  readonly at: number
  readonly over: number
}

function quantiles(call: FunctionCall, { q, at, over }: QuantileOptions): Promise<Column[]> {
  call.annotations.quantiles(q, call.exprs[at]!)
  return eachHistogram(call, over, {
    classic(step, { bounds, counts, notes }) {
      const result = bucketQuantile(q[step]!, bounds, counts)
      if (result.fixed) notes.raised = true
      return result.value
    },
    native(step, histogram, notes) {
      const value = nativeQuantile(q[step]!, histogram)
      if (histogram.count > 0 && Number.isNaN(histogram.sum) && q[step]! >= 0 && q[step]! <= 1) {
        notes.skewed(Number.isNaN(value) ? 'result is NaN' : 'result is skewed higher')
      }
      return value
    },
  })
}

/** A series a quantile, with the quantile in a label. */
async function histogramQuantiles(call: FunctionCall): Promise<VectorValue> {
  const label = stringArg(call, 1)
  const columns: Column[] = []
  for (let at = 2; at < call.values.length; at++) {
    const q = scalarArg(call, at)
    for (const column of await quantiles(call, { q, at, over: 0 })) {
      columns.push({ ...column, labels: Labels.of([...column.labels, [label, quantileText(q[0]!)]]) })
    }
  }
  return vector(mergeSame(columns))
}

function quantileText(q: number): string {
  const text = formatNumber(q)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

async function histogramFraction(call: FunctionCall): Promise<VectorValue> {
  const [lower, upper] = [scalarArg(call, 0), scalarArg(call, 1)]
  const columns = await eachHistogram(call, 2, {
    classic: (step, { bounds, counts }) => bucketFraction([lower[step]!, upper[step]!], bounds, counts),
    native(step, histogram, notes) {
      if (histogram.count > 0 && Number.isNaN(histogram.sum)) notes.excluded()
      return nativeFraction(lower[step]!, upper[step]!, histogram)
    },
  })
  return vector(columns, vectorArg(call, 2).ordered)
}
