import { ServiceError } from '#core/errors.ts'

import { formatNumber } from '../evaluate/number-text.ts'
import type { Column } from '../evaluate/values.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'

/** `bottomk`, `topk`: whole elements survive, at each step the best `k` of their group; NaN is the worst. */
export const ranking: readonly Aggregation[] = [
  {
    name: 'bottomk',
    floatsOnly: true,
    parameter: 'scalar',
    ordered: true,
    isNone: wantsNone,
    check: checkCount,
    aggregate: (group, call) => ranked(group, call, (a, b) => a < b),
  },
  {
    name: 'topk',
    floatsOnly: true,
    parameter: 'scalar',
    ordered: true,
    isNone: wantsNone,
    check: checkCount,
    aggregate: (group, call) => ranked(group, call, (a, b) => a > b),
  },
]

const INT64 = 2 ** 63

/** At no step any is wanted. */
export function wantsNone({ scalar }: AggregationCall): boolean {
  return scalar.every((k) => k < 1)
}

/** Throws for a count that is none. */
export function checkCount({ scalar }: AggregationCall): void {
  for (const k of scalar) {
    if (Number.isNaN(k)) throw new ServiceError('execution', 'Parameter value is NaN')
    if (k >= INT64) throw new ServiceError('execution', `Scalar value ${formatNumber(k)} overflows int64`)
    if (k < -INT64) throw new ServiceError('execution', `Scalar value ${formatNumber(k)} underflows int64`)
  }
}

type Better = (a: number, b: number) => boolean

async function ranked(
  { columns }: Group,
  { steps, scalar, budget }: AggregationCall,
  better: Better,
): Promise<Column[]> {
  const has = columns.map(() => undefined as Uint8Array | undefined)
  const mask = (): Uint8Array => {
    budget.hold(steps)
    return new Uint8Array(steps)
  }
  // The order of the last step is the order of an instant result, which has but one.
  let order: readonly number[] = []
  for (let i = 0; i < steps; i++) {
    budget.worked(columns.length)
    if (budget.due) await budget.pause()
    const k = Math.min(Math.trunc(scalar[i]!), columns.length)
    if (k < 1) continue
    order = k > INSERTED ? sorted(columns, i, better).slice(0, k) : inserted(columns, { step: i, k, better })
    for (const at of order) (has[at] ??= mask())[i] = 1
  }
  const kept = (at: number): Column => ({ ...columns[at]!, has: has[at]! })
  if (steps === 1) return order.map(kept)
  return [...columns.keys()].filter((at) => has[at] !== undefined).map(kept)
}

/** Up to so many, the best are kept in order while the elements go by; more are sorted. */
const INSERTED = 64

/** Which elements are the best `k` of a step, in order; of equals the first. */
function inserted(
  columns: readonly Column[],
  { step, k, better }: { readonly step: number; readonly k: number; readonly better: Better },
): readonly number[] {
  const best: number[] = []
  const values: number[] = []
  for (let at = 0; at < columns.length; at++) {
    const { has, value } = columns[at]!
    if (has[step] === 0) continue
    const one = value[step]!
    if (best.length === k) {
      const worst = values[k - 1]!
      // NaN is the worst.
      if (!better(one, worst) && (!Number.isNaN(worst) || Number.isNaN(one))) continue
      best.length = values.length = k - 1
    }
    let place = best.length
    while (place > 0 && compare(one, values[place - 1]!, better) < 0) place--
    best.splice(place, 0, at)
    values.splice(place, 0, one)
  }
  return best
}

function sorted(columns: readonly Column[], step: number, better: Better): number[] {
  const present = [...columns.keys()].filter((at) => columns[at]!.has[step] === 1)
  return present.toSorted((a, b) => compare(columns[a]!.value[step]!, columns[b]!.value[step]!, better))
}

function compare(a: number, b: number, better: Better): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return better(a, b) ? -1 : better(b, a) ? 1 : 0
}
