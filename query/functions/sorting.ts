import { compareLabels } from '../evaluate/label-order.ts'
import { type Column, floatColumns, vector, type VectorValue } from '../evaluate/values.ts'
import { type FunctionCall, type PromqlFunction, stringArg, vectorArg } from './function.ts'

/**
 * `sort`, `sort_desc`: by value, NaN last, histograms left out. `sort_by_label…`: by labels, numbers in them as numbers. The result of a
 * range query is ordered by labels in any case.
 */
export const sorting: readonly PromqlFunction[] = [
  { name: 'sort', args: ['vector'], returns: 'vector', call: (call) => byValue(call, 1) },
  {
    name: 'sort_by_label',
    args: ['vector', 'string'],
    optional: Infinity,
    returns: 'vector',
    call: (call) => byLabel(call, 1),
  },
  {
    name: 'sort_by_label_desc',
    args: ['vector', 'string'],
    optional: Infinity,
    returns: 'vector',
    call: (call) => byLabel(call, -1),
  },
  { name: 'sort_desc', args: ['vector'], returns: 'vector', call: (call) => byValue(call, -1) },
]

function byValue(call: FunctionCall, sign: 1 | -1): VectorValue {
  return sorted(call, floatColumns(vectorArg(call, 0).columns), (a, b) => compareValues(a, b, sign))
}

function byLabel(call: FunctionCall, sign: 1 | -1): VectorValue {
  const names = call.values.slice(1).map((_, i) => stringArg(call, i + 1))
  return sorted(call, vectorArg(call, 0).columns, (a, b) => {
    for (const name of names) {
      const [left, right] = [a.labels.get(name), b.labels.get(name)]
      if (left !== right) return sign * compareNaturally(left, right)
    }
    return sign * compareLabels(a.labels, b.labels)
  })
}

function sorted(
  call: FunctionCall,
  columns: readonly Column[],
  compare: (a: Column, b: Column) => number,
): VectorValue {
  if (call.grid.count > 1 || call.query.from_ms !== call.query.to_ms) {
    const message = 'sort is ineffective for range queries since results are always ordered by labels'
    call.annotations.warn(message, call.expr)
    return vector(columns)
  }
  const there = columns.filter(({ has }) => has[0] === 1)
  return vector(there.toSorted(compare), true)
}

function compareValues(a: Column, b: Column, sign: 1 | -1): number {
  const [left, right] = [a.value[0]!, b.value[0]!]
  if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right))
  return left === right ? 0 : left < right ? -sign : sign
}

/** `node2` before `node10`. */
function compareNaturally(a: string, b: string): number {
  const [left, right] = [chunksOf(a), chunksOf(b)]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [one, other] = [left[i]!, right[i]!]
    if (one === other) continue
    const [x, y] = [Number(one), Number(other)]
    if (/^\d/.test(one) && /^\d/.test(other) && x !== y) return x - y
    return one < other ? -1 : 1
  }
  return left.length - right.length
}

function chunksOf(text: string): readonly string[] {
  return text.match(/\d+|\D+/g) ?? []
}
