import { Labels, METRIC_NAME } from '#core/series.ts'

import {
  type Column,
  emptyColumn,
  type MatrixValue,
  type Samples,
  vector,
  type VectorValue,
} from '../evaluate/values.ts'
import { type Expr, unwrapped } from '../language/ast.ts'
import { type FunctionCall, matrixArg, type PromqlFunction, vectorArg } from './function.ts'

/** `absent`, `absent_over_time`: 1 where nothing is, with the labels that the selector alone would tell. */
export const absence: readonly PromqlFunction[] = [
  {
    name: 'absent',
    args: ['vector'],
    returns: 'vector',
    call: (call) => inverted(call, presence(call, vectorArg(call, 0).columns)),
  },
  {
    name: 'absent_over_time',
    args: ['matrix'],
    returns: 'vector',
    call: async (call) => inverted(call, await presenceOverTime(call)),
  },
]

function presence({ grid, budget }: FunctionCall, columns: readonly Column[]): Uint8Array {
  const mask = new Uint8Array(grid.count)
  for (const { has } of columns) {
    budget.spend(grid.count)
    for (let i = 0; i < mask.length; i++) mask[i]! |= has[i]!
  }
  return mask
}

async function presenceOverTime(call: FunctionCall): Promise<Uint8Array> {
  const matrix = matrixArg(call, 0)
  const mask = new Uint8Array(matrix.end_ms.length)
  for await (const batch of matrix.batches) {
    for (const samples of batch) {
      call.budget.spend(mask.length, 0)
      markWindows(mask, samples, matrix)
    }
  }
  return mask
}

/** Sets the steps in whose window the series has a sample. */
function markWindows(mask: Uint8Array, { time_ms }: Samples, { end_ms, range_ms }: MatrixValue): void {
  let to = 0
  for (let i = 0; i < mask.length; i++) {
    while (to < time_ms.length && time_ms[to]! <= end_ms[i]!) to++
    if (to > 0 && time_ms[to - 1]! > end_ms[i]! - range_ms) mask[i] = 1
  }
}

function inverted({ grid, exprs, budget }: FunctionCall, present: Uint8Array): VectorValue {
  const out = emptyColumn(budget.arrays, labelsOf(unwrapped(exprs[0]!)), grid.count)
  for (let i = 0; i < present.length; i++) {
    out.has[i] = 1 - present[i]!
    out.value[i] = 1
  }
  return vector([out])
}

/** The labels that `=` matchers fix, those named more than once left out. */
function labelsOf(expr: Expr): Labels {
  const selector = expr.kind === 'matrix' ? expr.selector : expr
  if (selector.kind !== 'selector') return Labels.empty
  const matchers = selector.matchers.filter(({ name }) => name !== METRIC_NAME)
  const once = matchers.filter(
    ({ name, op }) => op === '=' && matchers.filter((other) => other.name === name).length === 1,
  )
  return Labels.of(once.map(({ name, value }) => [name, value] as const))
}
