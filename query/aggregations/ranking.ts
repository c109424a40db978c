import { ServiceError } from '#core/errors.ts'

import type { Column } from '../evaluate/values.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'

/** `bottomk`, `topk`: whole elements survive, at each step the best `k` of their group; NaN is the worst. */
export const ranking: readonly Aggregation[] = [
  {
    name: 'bottomk',
    parameter: 'scalar',
    ordered: true,
    check: checkCount,
    aggregate: (group, call) => ranked(group, call, (a, b) => a < b),
  },
  {
    name: 'topk',
    parameter: 'scalar',
    ordered: true,
    check: checkCount,
    aggregate: (group, call) => ranked(group, call, (a, b) => a > b),
  },
]

const INT64 = 2 ** 63

function checkCount({ scalar }: AggregationCall): void {
  for (const k of scalar) {
    if (Number.isNaN(k)) throw new ServiceError('execution', 'Parameter value is NaN')
    if (k >= INT64) throw new ServiceError('execution', `Scalar value ${k} overflows int64`)
    if (k < -INT64) throw new ServiceError('execution', `Scalar value ${k} underflows int64`)
  }
}

function ranked(
  { columns }: Group,
  { steps, scalar }: AggregationCall,
  better: (a: number, b: number) => boolean,
): Column[] {
  const kept = columns.map((column) => ({ ...column, has: new Uint8Array(steps) }))
  // The order of the last step is the order of an instant result, which has but one.
  let order: number[] = []
  for (let i = 0; i < steps; i++) {
    const k = Math.min(Math.trunc(scalar[i]!), columns.length)
    if (k < 1) continue
    order = columns.map((_, at) => at).filter((at) => columns[at]!.has[i] === 1)
    order.sort((a, b) => compare(columns[a]!.value[i]!, columns[b]!.value[i]!, better))
    for (const at of order.slice(0, k)) kept[at]!.has[i] = 1
  }
  if (steps > 1) return kept
  return order.map((at) => kept[at]!)
}

function compare(a: number, b: number, better: (a: number, b: number) => boolean): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return better(a, b) ? -1 : better(b, a) ? 1 : 0
}
