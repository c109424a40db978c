import { emptyColumn, isEmpty, vector } from '../evaluate/values.ts'
import type { Histogram } from '../native/histogram.ts'
import { nativeVariance } from '../native/quantile.ts'
import { type PromqlFunction, vectorArg } from './function.ts'

/** Numbers that native histograms hold or give; floats have none. */
export const nativeParts: readonly PromqlFunction[] = [
  part('histogram_avg', ({ sum, count }) => sum / count),
  part('histogram_count', ({ count }) => count),
  part('histogram_stddev', (histogram) => Math.sqrt(nativeVariance(histogram))),
  part('histogram_stdvar', nativeVariance),
  part('histogram_sum', ({ sum }) => sum),
]

function part(name: string, of: (histogram: Histogram) => number): PromqlFunction {
  return {
    name,
    args: ['vector'],
    returns: 'vector',
    call(call) {
      const operand = vectorArg(call, 0)
      const columns = operand.columns.flatMap(({ labels, has, histograms }) => {
        if (histograms === undefined) return []
        const steps = has.length
        call.budget.spend(steps)
        const out = emptyColumn(call.budget.arrays, labels, steps, true)
        for (let i = 0; i < steps; i++) {
          const one = has[i] === 1 ? histograms[i] : undefined
          if (one === undefined) continue
          out.has[i] = 1
          out.value[i] = of(one)
        }
        return isEmpty(out) ? [] : [out]
      })
      return vector(columns, operand.ordered)
    },
  }
}
