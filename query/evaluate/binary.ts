import { type Arithmetic, type Binary, SET_OPERATORS, type SetOperator } from '../language/ast.ts'
import type { Budget } from './budget.ts'
import { matchVectors } from './matching.ts'
import { ARITHMETIC_OF, COMPARISON_OF, isComparison } from './operators.ts'
import { setOperation } from './set-operators.ts'
import { type Column, emptyColumn, isEmpty, type Value, vector, type VectorValue } from './values.ts'

interface Operands {
  readonly left: Value
  readonly right: Value
}

export function binary(expr: Binary, budget: Budget, { left, right }: Operands): Value {
  if (left.kind === 'vector' && right.kind === 'vector') {
    if ((SET_OPERATORS as readonly string[]).includes(expr.op)) {
      const { op, matching } = expr as Binary & { op: SetOperator }
      return setOperation(op, matching, { left: left.columns, right: right.columns, budget })
    }
    return vector(matchVectors(expr, { left: left.columns, right: right.columns, budget }))
  }
  if (left.kind === 'vector' && right.kind === 'scalar')
    return withScalar(expr, budget, { side: left, scalar: right.value })
  if (left.kind === 'scalar' && right.kind === 'vector') {
    return withScalar(expr, budget, { side: right, scalar: left.value, swapped: true })
  }
  if (left.kind !== 'scalar' || right.kind !== 'scalar') throw new Error('BUG: operands were not checked')
  budget.spend(left.value.length)
  const operate = numeric(expr.op as Exclude<Binary['op'], SetOperator>)
  return { kind: 'scalar', value: left.value.map((value, i) => operate(value, right.value[i]!)) }
}

function numeric(op: Exclude<Binary['op'], SetOperator>): (a: number, b: number) => number {
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
function withScalar(expr: Binary, budget: Budget, { side, scalar, swapped = false }: ScalarOperands): VectorValue {
  const filter = isComparison(expr.op) && !expr.bool
  const columns: Column[] = []
  const operate = numeric(expr.op as Arithmetic)
  for (const { labels, value, has, nameless } of side.columns) {
    budget.spend(scalar.length)
    const out = emptyColumn(labels, scalar.length, nameless || !filter)
    for (let i = 0; i < scalar.length; i++) {
      if (has[i] === 0) continue
      const result = swapped ? operate(scalar[i]!, value[i]!) : operate(value[i]!, scalar[i]!)
      if (filter && result === 0) continue
      out.has[i] = 1
      out.value[i] = filter ? value[i]! : result
    }
    if (!isEmpty(out)) columns.push(out)
  }
  return vector(columns, side.ordered)
}

/** Unary minus. */
export function negate(value: Value, budget: Budget): Value {
  if (value.kind === 'scalar') return { kind: 'scalar', value: value.value.map((one) => -one) }
  if (value.kind !== 'vector') throw new Error('BUG: operand was not checked')
  const columns = value.columns.map((column) => {
    budget.spend(column.value.length)
    return { ...column, value: column.value.map((one) => -one), nameless: true }
  })
  return vector(columns, value.ordered)
}
