import { meanOf, varianceOf } from '../evaluate/kahan.ts'
import { MixingNotes } from '../evaluate/mixing.ts'
import { type Column, emptyColumn, floatsOf } from '../evaluate/values.ts'
import type { Histogram } from '../native/histogram.ts'
import { HistogramTotal } from '../native/total.ts'
import type { Aggregation, AggregationCall, Group } from './aggregation.ts'

/** `avg`, `stddev`, `stdvar`, `sum`. */
export const moments: readonly Aggregation[] = [
  {
    name: 'avg',
    aggregate: async (group, call) => [
      await (hasHistograms(group) ? mixed(group, call, 'mean') : average(group, call)),
    ],
  },
  { name: 'stddev', floatsOnly: true, aggregate: async (group, call) => [await spread(group, call, Math.sqrt)] },
  {
    name: 'stdvar',
    floatsOnly: true,
    aggregate: async (group, call) => [await spread(group, call, (variance) => variance)],
  },
  {
    name: 'sum',
    aggregate: async (group, call) => [
      hasHistograms(group) ? await mixed(group, call, 'sum') : (await summed(group, call)).out,
    ],
  },
]

/** Compensated sums, a column at a time (see `KahanSum`). `raw` are the sums before compensation, `out.has` is set. */
async function summed(
  { labels, columns, nameless }: Group,
  { steps, budget }: AggregationCall,
): Promise<{ out: Column; raw: Float64Array }> {
  const out = emptyColumn(budget.arrays, labels, steps, nameless)
  const raw = out.value
  const compensation = new Float64Array(steps)
  for (const { has, value } of columns) {
    budget.worked(steps)
    if (budget.due) await budget.pause()
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

async function average(group: Group, call: AggregationCall): Promise<Column> {
  const { out, raw } = await summed(group, call)
  const counts = countsOf(group, call.steps)
  for (let i = 0; i < call.steps; i++) {
    if (out.has[i] === 0) continue
    if (Number.isFinite(raw[i])) out.value[i]! /= counts[i]!
    else {
      await turn(group, call)
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

async function spread(group: Group, call: AggregationCall, of: (variance: number) => number): Promise<Column> {
  const { steps, budget } = call
  const out = emptyColumn(budget.arrays, group.labels, steps, group.nameless)
  for (let i = 0; i < steps; i++) {
    await turn(group, call)
    const values = valuesAt(group, i)
    if (values.length === 0) continue
    out.has[i] = 1
    out.value[i] = of(varianceOf(0, values.length, (k) => values[k]!))
  }
  return out
}

function hasHistograms({ columns }: Group): boolean {
  return columns.some(({ histograms }) => histograms !== undefined)
}

/** The sum or mean where some elements are histograms: at steps at which all are, or none; others are left out with a warning. */
async function mixed(group: Group, call: AggregationCall, kind: 'sum' | 'mean'): Promise<Column> {
  const floats = { ...group, columns: group.columns.map(floatsOf) }
  const base = kind === 'sum' ? (await summed(floats, call)).out : await average(floats, call)
  const out = { ...base, histograms: Array.from<Histogram | undefined>({ length: call.steps }) }
  const notes = new MixingNotes(call.annotations, call.expr.inner)
  for (let i = 0; i < call.steps; i++) {
    await turn(group, call)
    const total = new HistogramTotal()
    let any = false
    for (const { has, histograms } of group.columns) {
      const native = has[i] === 1 ? histograms?.[i] : undefined
      if (native === undefined) continue
      any = true
      total.add(native)
    }
    if (!any) continue
    if (base.has[i] === 1) {
      notes.mixedInGroup()
      out.has[i] = 0
      continue
    }
    if (total.incompatible) notes.mixedSchemas()
    if (total.reconciled) notes.reconciled('aggregation')
    if (total.collision) notes.collision('aggregation')
    out.histograms[i] = total[kind]
    out.has[i] = total.incompatible ? 0 : 1
  }
  return out
}

/** Between two steps of a group. */
async function turn({ columns }: Group, { budget }: AggregationCall): Promise<void> {
  budget.worked(columns.length)
  if (budget.due) await budget.pause()
}

/** The values that the elements of a group have at a step. */
export function valuesAt({ columns }: Group, step: number): Float64Array {
  const values = new Float64Array(columns.length)
  let count = 0
  for (const { has, value } of columns) if (has[step] === 1) values[count++] = value[step]!
  return values.subarray(0, count)
}
