import type { Budget } from '../evaluate/budget.ts'
import { type Column, emptyColumn, floatColumns, vector, type VectorValue } from '../evaluate/values.ts'
import { greater, lesser } from './bounds.ts'
import { type PromqlFunction, scalarArg, vectorArg } from './function.ts'

/** Functions of one value: each element by itself, the name goes. */
export const elementwise: readonly PromqlFunction[] = [
  ofValue('abs', Math.abs),
  ofValue('ceil', Math.ceil),
  {
    name: 'clamp',
    args: ['vector', 'scalar', 'scalar'],
    returns: 'vector',
    call(call) {
      const [low, high] = [scalarArg(call, 1), scalarArg(call, 2)]
      return mapped(vectorArg(call, 0), call.budget, (value, i) =>
        low[i]! > high[i]! ? undefined : greater(low[i]!, lesser(high[i]!, value)),
      )
    },
  },
  {
    name: 'clamp_max',
    args: ['vector', 'scalar'],
    returns: 'vector',
    call(call) {
      const high = scalarArg(call, 1)
      return mapped(vectorArg(call, 0), call.budget, (value, i) => lesser(high[i]!, value))
    },
  },
  {
    name: 'clamp_min',
    args: ['vector', 'scalar'],
    returns: 'vector',
    call(call) {
      const low = scalarArg(call, 1)
      return mapped(vectorArg(call, 0), call.budget, (value, i) => greater(low[i]!, value))
    },
  },
  ofValue('exp', Math.exp),
  ofValue('floor', Math.floor),
  ofValue('ln', Math.log),
  ofValue('log10', Math.log10),
  ofValue('log2', Math.log2),
  {
    name: 'round',
    args: ['vector', 'scalar'],
    optional: 1,
    returns: 'vector',
    call(call) {
      const nearest = call.values.length > 1 ? scalarArg(call, 1) : undefined
      return mapped(vectorArg(call, 0), call.budget, (value, i) => {
        const inverse = 1 / (nearest?.[i] ?? 1)
        return Math.floor(value * inverse + 0.5) / inverse
      })
    },
  },
  ofValue('sgn', Math.sign),
  ofValue('sqrt', Math.sqrt),
]

/** A function that takes each value by itself. */
export function ofValue(name: string, of: (value: number) => number): PromqlFunction {
  return {
    name,
    args: ['vector'],
    returns: 'vector',
    call: (call) => mapped(vectorArg(call, 0), call.budget, of),
  }
}

/** Every value through `of`, which is also given the step; undefined: no value. */
export async function mapped(
  operand: VectorValue,
  budget: Budget,
  of: (value: number, step: number) => number | undefined,
): Promise<VectorValue> {
  const columns: Column[] = []
  for (const { labels, value, has } of floatColumns(operand.columns)) {
    const steps = value.length
    budget.spend(steps)
    if (budget.due) await budget.pause()
    const out = emptyColumn(budget.arrays, labels, steps, true)
    for (let i = 0; i < steps; i++) {
      if (has[i] === 0) continue
      const result = of(value[i]!, i)
      if (result === undefined) continue
      out.has[i] = 1
      out.value[i] = result
    }
    columns.push(out)
  }
  return vector(columns, operand.ordered)
}
