import { type Column, floatColumns, vector, type VectorValue } from '../evaluate/values.ts'
import { type FunctionCall, type PromqlFunction, vectorArg } from './function.ts'

/** `sort`, `sort_desc`: by value, NaN last. The result of a range query is ordered by labels in any case. */
export const sorting: readonly PromqlFunction[] = [
  { name: 'sort', args: ['vector'], returns: 'vector', call: (call) => sorted(call, 1) },
  { name: 'sort_desc', args: ['vector'], returns: 'vector', call: (call) => sorted(call, -1) },
]

function sorted(call: FunctionCall, sign: 1 | -1): VectorValue {
  const operand = vectorArg(call, 0)
  if (call.grid.count > 1) {
    const message = 'sort is ineffective for range queries since results are always ordered by labels'
    call.annotations.warn(message, call.expr)
    return operand
  }
  const there = floatColumns(operand.columns).filter(({ has }) => has[0] === 1)
  return vector(
    there.toSorted((a, b) => compare(a, b, sign)),
    true,
  )
}

function compare(a: Column, b: Column, sign: 1 | -1): number {
  const [left, right] = [a.value[0]!, b.value[0]!]
  if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right))
  return left === right ? 0 : left < right ? -sign : sign
}
