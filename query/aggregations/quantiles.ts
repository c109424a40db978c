import { quantileOf } from '../evaluate/kahan.ts'
import { formatNumber } from '../evaluate/number-text.ts'
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
    aggregate(group, { steps, scalar }) {
      const out = emptyColumn(group.labels, steps, group.nameless)
      for (let i = 0; i < steps; i++) {
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
  const bad = scalar.find((q) => !(q >= 0 && q <= 1))
  if (bad === undefined) return
  annotations.warn(`quantile value should be between 0 and 1, got ${formatNumber(bad)}`, expr.parameter!)
}
