import type { RollupValue } from '#core/ports/series-reader.ts'

import type { Budget } from '../evaluate/budget.ts'
import { bytesOfHistograms } from '../evaluate/memory.ts'
import {
  type Column,
  emptyColumn,
  emptyMixed,
  isEmpty,
  type MatrixValue,
  oneStep,
  type Samples,
  vector,
  type VectorValue,
} from '../evaluate/values.ts'
import { edgeColumn, type EdgeRollup } from './edge-rollup.ts'
import { type FunctionCall, matrixArg, type PromqlFunction } from './function.ts'
import { mixedRollup } from './mixed-rollup.ts'
import type { MixedRollup } from './native-windows.ts'
import { type Looks, onlyWindow, Sliding } from './sliding.ts'
import type { Window } from './window.ts'

/** Histograms are made and added bucket by bucket. */
const NATIVE_EFFORT = 500

/** The value at a step; undefined: none. */
export type Rollup = (window: Window) => number | undefined

export interface RollupSpec {
  readonly name: string
  readonly args?: PromqlFunction['args']
  /** Which argument is the range vector; 0 by default. */
  readonly over?: number
  /** The metric keeps its name: the result is one of its values. */
  readonly keepsName?: true
  /** See `PromqlFunction`. */
  readonly rolled?: RollupValue
  /** What it costs to look at a sample of a window, in times that it costs to add it up: 1 where nothing is said, 0 where only the ends are looked at. */
  readonly effort?: number
  /** Looks at a series once, before its windows; `call` has the other arguments. */
  prepare(samples: Samples, call: FunctionCall): Rollup
  /** What it makes of a window with edges, where it takes such. */
  readonly edges?: EdgeRollup
  /** What it makes of a window with histograms in it; not there: it looks at the floats among them. */
  readonly native?: MixedRollup
  /** Notes on the result. */
  annotate?(result: readonly Column[], call: FunctionCall): void
}

/** A function of what lies in a window that slides over each series: both ends only move on, as the steps do. */
export function rollup(spec: RollupSpec): PromqlFunction {
  return {
    name: spec.name,
    args: spec.args ?? ['matrix'],
    returns: 'vector',
    ...(spec.rolled === undefined ? {} : { rolled: spec.rolled }),
    effort: spec.effort ?? 1,
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
  for await (const batch of matrix.batches) {
    for (const samples of batch) {
      if (samples.time_ms.length === 0) continue
      budget.spend(grid.count)
      if (budget.due) await budget.pause()
      if (samples.histograms === undefined && matrix.edges === undefined && grid.count === 1) {
        const value = only(samples, matrix, spec, call)
        if (value !== undefined) columns.push(oneStep(budget.arrays, samples.labels, value, isNameless(samples, spec)))
        continue
      }
      const column = await rolledColumn(samples, matrix, spec, call)
      if (!isEmpty(column)) columns.push(column)
    }
  }
  return vector(columns)
}

function isNameless(samples: Samples, spec: RollupSpec): boolean {
  return samples.nameless || spec.keepsName !== true
}

/** Every window of a series. */
async function rolledColumn(
  samples: Samples,
  matrix: MatrixValue,
  spec: RollupSpec,
  call: FunctionCall,
): Promise<Column> {
  const { budget, grid } = call
  const { labels, histograms } = samples
  if (matrix.edges !== undefined) {
    budget.worked(samples.time_ms.length)
    return edgeColumn(samples, matrix, spec.edges!, budget.arrays)
  }
  if (histograms === undefined) {
    const column = emptyColumn(budget.arrays, labels, grid.count, isNameless(samples, spec))
    await slide(samples, matrix, { visit: plain(column, spec.prepare(samples, call)), effort: spec.effort }, budget)
    return column
  }
  const mixed = emptyMixed(budget.arrays, labels, grid.count, isNameless(samples, spec))
  const roll = mixedRollup({ samples: { ...samples, histograms }, spec, call })
  await slide(samples, matrix, { visit: (window) => roll(window, mixed), effort: NATIVE_EFFORT }, budget)
  budget.hold(bytesOfHistograms(mixed.histograms))
  return mixed
}

/** The value at the only step. */
function only(samples: Samples, matrix: MatrixValue, spec: RollupSpec, call: FunctionCall): number | undefined {
  const window = onlyWindow(samples, matrix)
  if (window === undefined) return undefined
  call.budget.look(window.to - window.from, spec.effort)
  return spec.prepare(samples, call)(window)
}

function plain({ value, has }: Column, of: Rollup): (window: Window) => void {
  return (window) => {
    const result = of(window)
    if (result === undefined) return
    value[window.step] = result
    has[window.step] = 1
  }
}

/** Every window of a series, with turns for others in between where there is much in them. */
async function slide(samples: Samples, matrix: MatrixValue, looks: Looks, budget: Budget): Promise<void> {
  const sliding = new Sliding(samples, matrix)
  while (!sliding.go(looks, budget)) await budget.pause()
}
