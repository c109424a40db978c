import { ServiceError } from '#core/errors.ts'

import { formatNumber } from '../evaluate/number-text.ts'
import type { Column } from '../evaluate/values.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'
import { checkCount } from './ranking.ts'

/** `limitk`, `limit_ratio`: some elements of each group, floats and histograms alike. */
export const limits: readonly Aggregation[] = [
  { name: 'limit_ratio', parameter: 'scalar', check: checkRatio, aggregate: ratio },
  { name: 'limitk', parameter: 'scalar', check: checkCount, aggregate: firstOf },
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

/** Those whose hash lies in the first part of all; of a negative ratio in the last: `r` and `r - 1` share out all elements. */
function ratio({ columns }: Group, { steps, scalar, budget }: AggregationCall): Column[] {
  budget.hold(columns.length * steps)
  return columns.map((column) => {
    const place = placeOf(column.labels.key)
    const has = new Uint8Array(steps)
    for (let i = 0; i < steps; i++) {
      const limit = Math.max(-1, Math.min(1, scalar[i]!))
      const inside = limit >= 0 ? place < limit : place >= 1 + limit
      has[i] = inside ? column.has[i]! : 0
    }
    return { ...column, has }
  })
}

/** Between 0 and 1, by FNV-1a, its bits mixed: alike names lie apart. */
function placeOf(text: string): number {
  let hash = 0x81_1c_9d_c5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01_00_01_93)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
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
