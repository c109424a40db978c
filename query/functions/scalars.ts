import { Labels } from '#core/series.ts'

import { floatColumns, timesOf, vector } from '../evaluate/values.ts'
import { unwrapped } from '../language/ast.ts'
import { type FunctionCall, type PromqlFunction, scalarArg, vectorArg } from './function.ts'

/** Between scalars and vectors, and time itself (in seconds). */
export const scalars: readonly PromqlFunction[] = [
  {
    name: 'scalar',
    args: ['vector'],
    returns: 'scalar',
    call(call) {
      const columns = floatColumns(vectorArg(call, 0).columns)
      const value = new Float64Array(call.grid.count)
      for (let i = 0; i < value.length; i++) {
        const there = columns.filter(({ has }) => has[i] === 1)
        value[i] = there.length === 1 ? there[0]!.value[i]! : NaN
      }
      return { kind: 'scalar', value }
    },
  },
  { name: 'time', args: [], returns: 'scalar', call: (call) => ({ kind: 'scalar', value: seconds(call) }) },
  {
    name: 'timestamp',
    args: ['vector'],
    timed: 0,
    returns: 'vector',
    call(call) {
      const operand = unwrapped(call.exprs[0]!)
      if (operand.kind === 'selector') return call.timestamps(operand)
      const now = seconds(call)
      const { columns, ordered } = vectorArg(call, 0)
      call.budget.spend(columns.length * now.length)
      return vector(
        columns.map(({ labels, has }) => ({ labels, has, value: now, nameless: true })),
        ordered,
      )
    },
  },
  {
    name: 'vector',
    args: ['scalar'],
    returns: 'vector',
    call(call) {
      const value = scalarArg(call, 0)
      return vector([{ labels: Labels.empty, value, has: new Uint8Array(value.length).fill(1), nameless: false }])
    },
  },
]

function seconds({ grid }: FunctionCall): Float64Array {
  return timesOf(grid).map((time_ms) => time_ms / 1000)
}
