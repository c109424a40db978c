import { meanOf, varianceOf } from '../evaluate/kahan.ts'
import { type Column, emptyColumn } from '../evaluate/values.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'

/** `avg`, `stddev`, `stdvar`, `sum`. */
export const moments: readonly Aggregation[] = [
  { name: 'avg', aggregate: (group, call) => [average(group, call)] },
  { name: 'stddev', aggregate: (group, call) => [spread(group, call, Math.sqrt)] },
  { name: 'stdvar', aggregate: (group, call) => [spread(group, call, (variance) => variance)] },
  { name: 'sum', aggregate: (group, call) => [summed(group, call).out] },
]

/** Compensated sums, a column at a time (see `KahanSum`). `raw` are the sums before compensation, `out.has` is set. */
function summed({ labels, columns, nameless }: Group, { steps }: AggregationCall): { out: Column; raw: Float64Array } {
  const out = emptyColumn(labels, steps, nameless)
  const raw = out.value
  const compensation = new Float64Array(steps)
  for (const { has, value } of columns) {
    for (let i = 0; i < steps; i++) {
      if (has[i] === 0) continue
      const before = raw[i]!
      const one = value[i]!
      const total = before + one
      if (!Number.isFinite(total)) compensation[i] = 0
      else if (Math.abs(before) >= Math.abs(one)) compensation[i]! += before - total + one
      else compensation[i]! += one - total + before
      raw[i] = total
      out.has[i] = 1
    }
  }
  return { out: { ...out, value: raw.map((total, i) => total + compensation[i]!) }, raw }
}

function average(group: Group, call: AggregationCall): Column {
  const { out, raw } = summed(group, call)
  const counts = countsOf(group, call.steps)
  for (let i = 0; i < call.steps; i++) {
    if (out.has[i] === 0) continue
    if (Number.isFinite(raw[i])) out.value[i]! /= counts[i]!
    else {
      const values = valuesAt(group, i)
      out.value[i] = meanOf(0, values.length, (k) => values[k]!)
    }
  }
  return out
}

function countsOf({ columns }: Group, steps: number): Float64Array {
  const counts = new Float64Array(steps)
  for (const { has } of columns) for (let i = 0; i < steps; i++) counts[i]! += has[i]!
  return counts
}

function spread(group: Group, { steps }: AggregationCall, of: (variance: number) => number): Column {
  const out = emptyColumn(group.labels, steps, group.nameless)
  for (let i = 0; i < steps; i++) {
    const values = valuesAt(group, i)
    if (values.length === 0) continue
    out.has[i] = 1
    out.value[i] = of(varianceOf(0, values.length, (k) => values[k]!))
  }
  return out
}

/** The values that the elements of a group have at a step. */
export function valuesAt({ columns }: Group, step: number): Float64Array {
  const values = new Float64Array(columns.length)
  let count = 0
  for (const { has, value } of columns) if (has[step] === 1) values[count++] = value[step]!
  return values.subarray(0, count)
}
