import {
  type Column,
  emptyColumn,
  isEmpty,
  type MatrixValue,
  type Samples,
  vector,
  type VectorValue,
} from '../evaluate/values.ts'
import { type FunctionCall, matrixArg, type PromqlFunction } from './function.ts'

/** The samples `from … to - 1` of a series at one step: never none. The object is used again for the next step. */
export interface Window {
  readonly time_ms: Float64Array
  readonly value: Float64Array
  from: number
  to: number
  /** The window is `(end_ms - range_ms, end_ms]`. */
  end_ms: number
  readonly range_ms: number
  /** Index of the step, for arguments that change with it. */
  step: number
}

/** The value at a step; undefined: none. */
export type Rollup = (window: Window) => number | undefined

export interface RollupSpec {
  readonly name: string
  readonly args?: PromqlFunction['args']
  /** Which argument is the range vector; 0 by default. */
  readonly over?: number
  /** The metric keeps its name: the result is one of its values. */
  readonly keepsName?: true
  /** Looks at a series once, before its windows; `call` has the other arguments. */
  prepare(samples: Samples, call: FunctionCall): Rollup
  /** Notes on the result. */
  annotate?(result: readonly Column[], call: FunctionCall): void
}

/** A function of what lies in a window that slides over each series: both ends only move on, as the steps do. */
export function rollup(spec: RollupSpec): PromqlFunction {
  return {
    name: spec.name,
    args: spec.args ?? ['matrix'],
    returns: 'vector',
    async call(call) {
      const result = await rolled(spec, call)
      spec.annotate?.(result.columns, call)
      return result
    },
  }
}

async function rolled(spec: RollupSpec, call: FunctionCall): Promise<VectorValue> {
  const { budget, grid } = call
  const matrix = matrixArg(call, spec.over ?? 0)
  const columns: Column[] = []
  for (const samples of matrix.series) {
    if (samples.time_ms.length === 0) continue
    budget.spend(grid.count)
    if (budget.due) await budget.pause()
    const column = emptyColumn(samples.labels, grid.count, samples.nameless || spec.keepsName !== true)
    slide(column, { samples, matrix, of: spec.prepare(samples, call) })
    if (!isEmpty(column)) columns.push(column)
  }
  return vector(columns)
}

interface Slide {
  readonly samples: Samples
  readonly matrix: MatrixValue
  readonly of: Rollup
}

function slide({ value, has }: Column, { samples, matrix, of }: Slide): void {
  const { time_ms } = samples
  const { end_ms, range_ms } = matrix
  const window: Window = { time_ms, value: samples.value, from: 0, to: 0, end_ms: 0, range_ms, step: 0 }
  let from = 0
  let to = 0
  for (let i = 0; i < end_ms.length; i++) {
    const end = end_ms[i]!
    while (to < time_ms.length && time_ms[to]! <= end) to++
    while (from < to && time_ms[from]! <= end - range_ms) from++
    if (from === to) continue
    window.from = from
    window.to = to
    window.end_ms = end
    window.step = i
    const result = of(window)
    if (result === undefined) continue
    value[i] = result
    has[i] = 1
  }
}
