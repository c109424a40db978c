import { ServiceError } from '#core/errors.ts'
import { Labels } from '#core/series.ts'

import { plainNumber } from '../evaluate/number-text.ts'
import { type Column, emptyColumn } from '../evaluate/values.ts'
import { quoted } from '../language/literals.ts'
import { printHistogram } from '../native/print.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'

/** `count`, `group`, `count_values`: what looks at presence, or at values as names. */
export const counting: readonly Aggregation[] = [
  { name: 'count', aggregate: (group, call) => [counted(group, call, (count) => count)] },
  { name: 'group', aggregate: (group, call) => [counted(group, call, () => 1)] },
  {
    name: 'count_values',
    parameter: 'string',
    check: checkLabel,
    written: ({ text }) => [text],
    aggregate: countValues,
  },
]

function counted(
  { labels, columns, nameless }: Group,
  { steps }: AggregationCall,
  of: (count: number) => number,
): Column {
  const out = emptyColumn(labels, steps, nameless)
  for (const { has } of columns) for (let i = 0; i < steps; i++) out.value[i]! += has[i]!
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

function countValues({ labels, columns, nameless }: Group, { steps, text }: AggregationCall): Column[] {
  const byValue = new Map<string, Column>()
  for (const { has, value, histograms } of columns) {
    for (let i = 0; i < steps; i++) {
      if (has[i] === 0) continue
      const native = histograms?.[i]
      const shown = native === undefined ? plainNumber(value[i]!) : printHistogram(native)
      let out = byValue.get(shown)
      if (out === undefined) {
        out = emptyColumn(Labels.of([...labels, [text, shown]]), steps, nameless)
        byValue.set(shown, out)
      }
      out.has[i] = 1
      out.value[i]! += 1
    }
  }
  return [...byValue.values()]
}
