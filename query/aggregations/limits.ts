import { ServiceError } from '#core/errors.ts'
import type { Labels } from '#core/series.ts'

import { formatNumber } from '../evaluate/number-text.ts'
import type { Column } from '../evaluate/values.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'
import { hashOf } from './label-hash.ts'
import { checkCount, wantsNone } from './ranking.ts'

/** `limitk`, `limit_ratio`: some elements of each group, floats and histograms alike. */
export const limits: readonly Aggregation[] = [
  { name: 'limit_ratio', parameter: 'scalar', check: checkRatio, aggregate: ratio },
  { name: 'limitk', parameter: 'scalar', isNone: wantsNone, check: checkCount, aggregate: firstOf },
]

async function firstOf({ columns }: Group, { steps, scalar, budget }: AggregationCall): Promise<Column[]> {
  budget.hold(columns.length * steps)
  const kept = columns.map((column) => ({ ...column, has: new Uint8Array(steps) }))
  for (let i = 0; i < steps; i++) {
    budget.worked(columns.length)
    if (budget.due) await budget.pause()
    let left = Math.trunc(scalar[i]!)
    for (let at = 0; at < columns.length && left >= 1; at++) {
      if (columns[at]!.has[i] === 0) continue
      kept[at]!.has[i] = 1
      left--
    }
  }
  return kept
}

/** A hash costs as much as so many values. */
const HASH_COST = 500

/** Those whose hash lies in the first part of all; of a negative ratio in the last: `r` and `r - 1` share out all elements. */
async function ratio({ columns }: Group, { steps, scalar, budget }: AggregationCall): Promise<Column[]> {
  budget.hold(columns.length * steps)
  const kept: Column[] = []
  for (const column of columns) {
    budget.worked(steps + HASH_COST)
    if (budget.due) await budget.pause()
    const place = placeOf(column.labels)
    const has = new Uint8Array(steps)
    for (let i = 0; i < steps; i++) {
      const limit = Math.max(-1, Math.min(1, scalar[i]!))
      const inside = limit >= 0 ? place < limit : place >= 1 + limit
      has[i] = inside ? column.has[i]! : 0
    }
    kept.push({ ...column, has })
  }
  return kept
}

/** Between 0 and 1, by the hash that Prometheus takes, so that both choose the same elements. */
function placeOf(labels: Labels): number {
  return Number(hashOf(labels)) / 2 ** 64
}

function checkRatio({ scalar, annotations, expr }: AggregationCall): void {
  for (const r of scalar) {
    if (Number.isNaN(r)) throw new ServiceError('execution', 'Ratio value is NaN')
    if (r >= -1 && r <= 1) continue
    const capped = r > 1 ? 1 : -1
    annotations.warn(
      `ratio value should be between -1 and 1, got ${formatNumber(r)}, capping to ${capped}`,
      expr.parameter!,
    )
  }
}
