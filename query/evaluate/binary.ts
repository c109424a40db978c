import { ServiceError } from '#core/errors.ts'

import { type Arithmetic, type Binary, type Comparison, SET_OPERATORS, type SetOperator } from '../language/ast.ts'
import { scaled } from '../native/histogram.ts'
import type { Annotations } from './annotations.ts'
import type { Budget } from './budget.ts'
import { matchVectors } from './matching.ts'
import { bytesOfHistograms } from './memory.ts'
import { elementOf, mixedOperator } from './native-binary.ts'
import { ARITHMETIC_OF, COMPARISON_OF, isComparison, isTrim } from './operators.ts'
import { setOperation } from './set-operators.ts'
import {
  type Column,
  emptyColumn,
  emptyMixed,
  isEmpty,
  type MixedColumn,
  setElement,
  type Value,
  vector,
  type VectorValue,
} from './values.ts'

interface Operands {
  readonly left: Value
  readonly right: Value
}

/** What an operator needs beside its operands. */
export interface Surroundings {
  readonly budget: Budget
  readonly annotations: Annotations
}

export async function binary(
  expr: Binary,
  { budget, annotations }: Surroundings,
  { left, right }: Operands,
): Promise<Value> {
  if (left.kind === 'vector' && right.kind === 'vector') {
    if ((SET_OPERATORS as readonly string[]).includes(expr.op)) {
      const { op, matching } = expr as Binary & { op: SetOperator }
      return setOperation(op, matching, { left: left.columns, right: right.columns, budget })
    }
    return vector(await matchVectors(expr, { left: left.columns, right: right.columns, budget, annotations }))
  }
  if (left.kind === 'vector' && right.kind === 'scalar')
    return withScalar(expr, { budget, annotations }, { side: left, scalar: right.value })
  if (left.kind === 'scalar' && right.kind === 'vector') {
    return withScalar(expr, { budget, annotations }, { side: right, scalar: left.value, swapped: true })
  }
  if (left.kind !== 'scalar' || right.kind !== 'scalar') throw new Error('BUG: operands were not checked')
  budget.spend(left.value.length)
  if (isTrim(expr.op)) throw new ServiceError('execution', `operator "${expr.op}" not allowed for Scalar operations`)
  const operate = numeric(expr.op as Arithmetic | Comparison)
  return { kind: 'scalar', value: left.value.map((value, i) => operate(value, right.value[i]!)) }
}

function numeric(op: Arithmetic | Comparison): (a: number, b: number) => number {
  if (!isComparison(op)) return ARITHMETIC_OF[op]
  const compare = COMPARISON_OF[op]
  return (a, b) => (compare(a, b) ? 1 : 0)
}

interface ScalarOperands {
  readonly side: VectorValue
  readonly scalar: Float64Array
  /** The scalar stands on the left. */
  readonly swapped?: boolean
}

/** A comparison without `bool` keeps elements as they are; everything else computes, and the name goes. */
async function withScalar(
  expr: Binary,
  { budget, annotations }: Surroundings,
  { side, scalar, swapped = false }: ScalarOperands,
): Promise<VectorValue> {
  if (isTrim(expr.op)) return trimmedBy(expr, { budget, annotations }, { side, scalar, swapped })
  const filter = isComparison(expr.op) && !expr.bool
  const columns: Column[] = []
  const operate = numeric(expr.op as Arithmetic)
  for (const column of side.columns) {
    const { labels, value, has, nameless, histograms } = column
    budget.spend(scalar.length)
    if (budget.due) await budget.pause()
    const make = histograms === undefined ? emptyColumn : emptyMixed
    const out = make(budget.arrays, labels, scalar.length, nameless || !filter)
    for (let i = 0; i < scalar.length; i++) {
      if (has[i] === 0 || histograms?.[i] !== undefined) continue
      const result = swapped ? operate(scalar[i]!, value[i]!) : operate(value[i]!, scalar[i]!)
      if (filter && result === 0) continue
      out.has[i] = 1
      out.value[i] = filter ? value[i]! : result
    }
    if (histograms !== undefined) {
      scaleHistograms(expr, annotations, { column, out: out as MixedColumn, scalar, swapped })
      budget.hold(bytesOfHistograms(out.histograms))
    }
    if (!isEmpty(out)) columns.push(out)
  }
  return vector(columns, side.ordered)
}

/** Histograms keep their names; floats are noted and left out. */
function trimmedBy(
  expr: Binary,
  { budget, annotations }: Surroundings,
  { side, scalar, swapped }: Required<ScalarOperands>,
): VectorValue {
  const operate = mixedOperator(expr, annotations)
  const columns: Column[] = []
  for (const { labels, value, has, nameless, histograms } of side.columns) {
    budget.spend(scalar.length)
    const out = emptyMixed(budget.arrays, labels, scalar.length, nameless)
    for (let i = 0; i < scalar.length; i++) {
      if (has[i] === 0) continue
      const one = histograms?.[i] ?? value[i]!
      const result = swapped ? operate(scalar[i]!, one) : operate(one, scalar[i]!)
      setElement(out, i, elementOf(expr, result, one))
    }
    budget.hold(bytesOfHistograms(out.histograms))
    if (!isEmpty(out)) columns.push(out)
  }
  return vector(columns, side.ordered)
}

interface NativeOperands {
  readonly column: Column
  readonly out: MixedColumn
  readonly scalar: Float64Array
  readonly swapped: boolean
}

function scaleHistograms(
  expr: Binary,
  annotations: Annotations,
  { column, out, scalar, swapped }: NativeOperands,
): void {
  const operate = mixedOperator(expr, annotations)
  for (const [i, one] of column.histograms!.entries()) {
    if (one === undefined || column.has[i] === 0) continue
    const result = swapped ? operate(scalar[i]!, one) : operate(one, scalar[i]!)
    setElement(out, i, elementOf(expr, result, one))
  }
}

/** Unary minus. */
export function negate(value: Value, budget: Budget): Value {
  if (value.kind === 'scalar') return { kind: 'scalar', value: value.value.map((one) => -one) }
  if (value.kind !== 'vector') throw new Error('BUG: operand was not checked')
  const columns = value.columns.map((column) => {
    budget.spend(column.value.length)
    const histograms = column.histograms?.map((one) => (one === undefined ? undefined : scaled(one, -1)))
    budget.hold(bytesOfHistograms(histograms))
    return { ...column, value: column.value.map((one) => -one), histograms, nameless: true }
  })
  return vector(columns, value.ordered)
}
