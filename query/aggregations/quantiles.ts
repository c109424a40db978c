import { quantileOf } from '../evaluate/kahan.ts'
import { emptyColumn } from '../evaluate/values.ts'
import type { Aggregation, AggregationCall } from './aggregation.ts'
import { valuesAt } from './moments.ts'

/** `quantile`. */
export const quantiles: readonly Aggregation[] = [
  {
    name: 'quantile',
    floatsOnly: true,
    parameter: 'scalar',
    check: warnOutside,
    async aggregate(group, { steps, scalar, budget }) {
      const out = emptyColumn(budget.arrays, group.labels, steps, group.nameless)
      for (let i = 0; i < steps; i++) {
        budget.worked(group.columns.length)
        if (budget.due) await budget.pause()
        const values = valuesAt(group, i)
        if (values.length === 0) continue
        out.has[i] = 1
        out.value[i] = quantileOf(scalar[i]!, values)
      }
      return [out]
    },
  },
]

function warnOutside({ scalar, annotations, expr }: AggregationCall): void {
  // The worst on either side, as Prometheus tells it of a parameter that changes.
  const [least, most] = [Math.min, Math.max].map((worst) =>
    scalar.reduce((a, b) => (Number.isNaN(b) ? a : worst(a, b)), 0.5),
  )
  const bad = scalar.some(Number.isNaN) ? [Number.NaN] : [least!, most!]
  annotations.quantiles(Float64Array.from(bad), expr.parameter!)
}
