import { ServiceError } from '#core/errors.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import type { Arithmetic, Binary } from '../language/ast.ts'
import type { Histogram } from '../native/histogram.ts'
import type { Annotations } from './annotations.ts'
import type { Budget } from './budget.ts'
import { fills, withFilled } from './filling.ts'
import { compareLabels, printLabels } from './label-order.ts'
import { bytesOfHistograms } from './memory.ts'
import { identityOf, mergeSame } from './merge.ts'
import { elementOf, type MixedOperator, mixedOperator } from './native-binary.ts'
import { ARITHMETIC_OF, COMPARISON_OF, isComparison, isTrim } from './operators.ts'
import { signatureOf } from './signature.ts'
import { type Column, emptyColumn, emptyMixed, isEmpty, type MixedColumn, setElement } from './values.ts'

interface Sides {
  readonly left: readonly Column[]
  readonly right: readonly Column[]
  readonly budget: Budget
  readonly annotations: Annotations
}

/** Elements of both sides under one signature. `many` may have several at a step, `one` not. */
export interface Match {
  readonly signature: Labels
  readonly many: readonly Column[]
  readonly one: readonly Column[]
}

/**
 * Arithmetic and comparison between vectors, one-to-one or with `group_left`, `group_right`. What matches more than
 * once is an `execution` error, also where a comparison would have filtered it away.
 */
export async function matchVectors(
  expr: Binary,
  { left, right, budget, annotations }: Sides,
): Promise<readonly Column[]> {
  const swapped = expr.matching.group === 'right'
  const [many, one] = swapped ? [right, left] : [left, right]
  const filling = fills(expr.matching.fill)
  if (!filling && (many.length === 0 || one.length === 0)) return []
  const steps = (many[0] ?? one[0])?.has.length ?? 0
  const active = filling ? new Uint8Array(steps).fill(1) : bothPresent(many, one, steps)
  const out: Column[] = []
  for (const match of matchesOf(expr, many, one)) {
    budget.spend(steps)
    refuseDuplicates(match, active, swapped ? 'left' : 'right')
    const filled = filling ? withFilled(match, expr.matching.fill, steps, budget.arrays) : match
    const options = { steps, swapped, budget, mixed: mixedOperator(expr, annotations) }
    for (const column of await combine(expr, filled, options)) if (!isEmpty(column)) out.push(column)
  }
  return mergeSame(out)
}

/** Nothing is matched, and nothing wrong, at a step at which one side is empty and nothing is filled in. */
function bothPresent(a: readonly Column[], b: readonly Column[], steps: number): Uint8Array {
  const any = (columns: readonly Column[]): Uint8Array => {
    const mask = new Uint8Array(steps)
    for (const { has } of columns) for (let i = 0; i < steps; i++) mask[i]! |= has[i]!
    return mask
  }
  const other = any(b)
  return any(a).map((one, i) => one & other[i]!)
}

function matchesOf({ matching }: Binary, many: readonly Column[], one: readonly Column[]): Iterable<Match> {
  const signature = signatureOf(matching)
  const matches = new Map<string, { signature: Labels; many: Column[]; one: Column[] }>()
  const matchOf = (column: Column): { many: Column[]; one: Column[] } => {
    const labels = signature(column.labels)
    let match = matches.get(labels.key)
    if (match === undefined) matches.set(labels.key, (match = { signature: labels, many: [], one: [] }))
    return match
  }
  for (const column of many) matchOf(column).many.push(column)
  for (const column of one) matchOf(column).one.push(column)
  return matches.values()
}

function refuseDuplicates({ signature, one }: Match, active: Uint8Array, side: 'left' | 'right'): void {
  if (one.length < 2) return
  const first = new Int32Array(active.length).fill(-1)
  for (const [at, { has, labels }] of one.entries()) {
    for (let i = 0; i < active.length; i++) {
      if (has[i] === 0 || active[i] === 0) continue
      if (first[i] === -1) first[i] = at
      else {
        const both = [labels, one[first[i]!]!.labels].toSorted(compareLabels).map(printLabels)
        const message =
          `found duplicate series for the match group ${printLabels(signature)} on the ${side} hand-side of the operation: ` +
          `[${both.join(', ')}];many-to-many matching not allowed: matching labels must be unique on one side`
        throw new ServiceError('execution', message)
      }
    }
  }
}

interface CombineOptions {
  readonly steps: number
  readonly swapped: boolean
  readonly budget: Budget
  readonly mixed: MixedOperator
}

/** All results of one signature; `taken` marks steps at which a result was found before the comparison filtered. */
async function combine(expr: Binary, { many, one }: Match, options: CombineOptions): Promise<Iterable<Column>> {
  const { steps, budget } = options
  const results = new Map<string, { column: Column; taken: Uint8Array }>()
  const matched = budget.arrays.flags(steps)
  for (const element of many) {
    for (const partner of one) {
      budget.worked(steps)
      if (budget.due) await budget.pause()
      const labels = resultLabels(expr, element.labels, partner.labels)
      const nameless = expr.bool || element.nameless
      const key = identityOf(labels, nameless)
      let result = results.get(key)
      if (result === undefined) {
        budget.spend(steps)
        const native = isTrim(expr.op) || many.some(hasHistograms) || one.some(hasHistograms)
        const column = (native ? emptyMixed : emptyColumn)(budget.arrays, labels, steps, nameless)
        result = { column, taken: budget.arrays.flags(steps) }
        results.set(key, result)
      }
      // One to one, a second match is wrong whatever its labels; in a group only under the same result labels.
      const taken = expr.matching.group === null ? matched : result.taken
      apply(expr, { element, partner, out: result.column, taken, swapped: options.swapped, mixed: options.mixed })
    }
  }
  const columns = [...results.values()].map(({ column }) => column)
  for (const { histograms } of columns) budget.hold(bytesOfHistograms(histograms))
  return columns
}

interface Application {
  readonly element: Column
  readonly partner: Column
  readonly out: Column
  readonly taken: Uint8Array
  readonly swapped: boolean
  readonly mixed: MixedOperator
}

function apply(expr: Binary, application: Application): void {
  const { element, partner, out, taken, swapped } = application
  const trim = isTrim(expr.op)
  const native = trim || hasHistograms(element) || hasHistograms(partner)
  const compare = isComparison(expr.op) ? COMPARISON_OF[expr.op] : undefined
  const operate = compare === undefined ? ARITHMETIC_OF[expr.op as Arithmetic] : undefined
  for (let i = 0; i < taken.length; i++) {
    if (element.has[i] === 0 || partner.has[i] === 0) continue
    if (taken[i] === 1) throw new ServiceError('execution', tooMany(expr))
    taken[i] = 1
    if (native && (trim || element.histograms?.[i] !== undefined || partner.histograms?.[i] !== undefined)) {
      applyMixed(expr, application, i)
      continue
    }
    const a = swapped ? partner.value[i]! : element.value[i]!
    const b = swapped ? element.value[i]! : partner.value[i]!
    if (operate !== undefined) out.value[i] = operate(a, b)
    else {
      const holds = compare!(a, b)
      if (!holds && !expr.bool) continue
      out.value[i] = expr.bool ? Number(holds) : a
    }
    out.has[i] = 1
  }
}

function hasHistograms({ histograms }: Column): boolean {
  return histograms !== undefined
}

function applyMixed(expr: Binary, { element, partner, out, swapped, mixed }: Application, step: number): void {
  const of = ({ value, histograms }: Column): number | Histogram => histograms?.[step] ?? value[step]!
  const [left, right] = swapped ? [of(partner), of(element)] : [of(element), of(partner)]
  setElement(out as MixedColumn, step, elementOf(expr, mixed(left, right), left))
}

function tooMany({ matching }: Binary): string {
  const why =
    matching.group === null
      ? 'many-to-one matching must be explicit (group_left/group_right)'
      : 'grouping labels must ensure unique matches'
  return `multiple matches for labels: ${why}`
}

function resultLabels({ op, matching }: Binary, many: Labels, one: Labels): Labels {
  let labels = isComparison(op) || isTrim(op) ? many : many.drop(METRIC_NAME)
  if (matching.group === null) {
    labels = matching.on ? labels.keep(new Set(matching.labels)) : labels.drop(...matching.labels)
  }
  if (matching.include.length === 0) return labels
  return Labels.of([...labels, ...matching.include.map((name) => [name, one.get(name)] as const)])
}
