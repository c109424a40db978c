import { ServiceError } from '#core/errors.ts'
import { Labels } from '#core/series.ts'

import { plainNumber } from '../evaluate/number-text.ts'
import { type Column, emptyColumn } from '../evaluate/values.ts'
import { quoted } from '../language/literals.ts'
import { printHistogram } from '../native/print.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'

/** `count`, `group`, `count_values`: what looks at presence, or at values as names. */
export const counting: readonly Aggregation[] = [
  { name: 'count', aggregate: async (group, call) => [await counted(group, call, (count) => count)] },
  { name: 'group', aggregate: async (group, call) => [await counted(group, call, () => 1)] },
  {
    name: 'count_values',
    parameter: 'string',
    check: checkLabel,
    written: ({ text }) => [text],
    aggregate: countValues,
  },
]

async function counted(
  { labels, columns, nameless }: Group,
  { steps, budget }: AggregationCall,
  of: (count: number) => number,
): Promise<Column> {
  const out = emptyColumn(budget.arrays, labels, steps, nameless)
  for (const { has } of columns) {
    budget.worked(steps)
    if (budget.due) await budget.pause()
    for (let i = 0; i < steps; i++) out.value[i]! += has[i]!
  }
  for (let i = 0; i < steps; i++) {
    if (out.value[i] === 0) continue
    out.has[i] = 1
    out.value[i] = of(out.value[i]!)
  }
  return out
}

function checkLabel({ text }: AggregationCall): void {
  if (text !== '' && text.isWellFormed()) return
  throw new ServiceError('execution', `invalid label name ${quoted(text)}`)
}

/** A value that becomes a text costs as much as so many others; a series holds so many bytes beside its values. */
const VALUE_COST = 10
const SERIES_BYTES = 400

async function countValues(
  { labels, columns, nameless }: Group,
  { steps, text, budget, expr }: AggregationCall,
): Promise<Column[]> {
  // What `without` takes away it also takes away where a value was to stand.
  const isWritten = !(expr.without && expr.labels.includes(text))
  const byValue = new Map<string, Column>()
  for (const { has, value, histograms } of columns) {
    for (let i = 0; i < steps; i++) {
      if (has[i] === 0) continue
      budget.worked(VALUE_COST)
      if (budget.due) await budget.pause()
      const native = histograms?.[i]
      const shown = !isWritten ? '' : native === undefined ? plainNumber(value[i]!) : printHistogram(native)
      let out = byValue.get(shown)
      if (out === undefined) {
        budget.series(byValue.size + 1)
        budget.spend(steps)
        budget.hold(SERIES_BYTES + shown.length)
        out = emptyColumn(budget.arrays, isWritten ? Labels.of([...labels, [text, shown]]) : labels, steps, nameless)
        byValue.set(shown, out)
      }
      out.has[i] = 1
      out.value[i]! += 1
    }
  }
  return [...byValue.values()]
}
