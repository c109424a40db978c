import { type Column, emptyColumn } from '../evaluate/values.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'

/** `max`, `min`: NaN only where there is nothing else. */
export const extremes: readonly Aggregation[] = [
  { name: 'max', floatsOnly: true, aggregate: async (group, call) => [await extreme(group, call, (a, b) => a > b)] },
  { name: 'min', floatsOnly: true, aggregate: async (group, call) => [await extreme(group, call, (a, b) => a < b)] },
]

async function extreme(
  { labels, columns, nameless }: Group,
  { steps, budget }: AggregationCall,
  better: (a: number, b: number) => boolean,
): Promise<Column> {
  const out = emptyColumn(budget.arrays, labels, steps, nameless)
  for (const { has, value } of columns) {
    budget.worked(steps)
    if (budget.due) await budget.pause()
    for (let i = 0; i < steps; i++) {
      if (has[i] === 0) continue
      const one = value[i]!
      const best = out.value[i]!
      if (out.has[i] === 0 || better(one, best) || Number.isNaN(best)) out.value[i] = one
      out.has[i] = 1
    }
  }
  return out
}
