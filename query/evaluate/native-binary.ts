import type { Binary } from '../language/ast.ts'
import { added, subtracted } from '../native/arithmetic.ts'
import { divided, type Histogram, sameHistogram, scaled, trimmed } from '../native/histogram.ts'
import { cut } from '../native/trim.ts'
import type { Annotations } from './annotations.ts'
import { MixingNotes } from './mixing.ts'
import { isComparison, isTrim } from './operators.ts'

type Operand = number | Histogram

/** What a binary operator makes of two values of which one at least is a histogram, or which is made for histograms only. A comparison gives whether it holds. */
export type MixedOperator = (left: Operand, right: Operand) => Operand | boolean | undefined

/** Undefined, and an info, for what does not go together. */
export function mixedOperator(expr: Binary, annotations: Annotations): MixedOperator {
  const notes = new MixingNotes(annotations, expr)
  return (left, right) => {
    const result = operate(expr.op, { left, right, notes })
    if (result !== 'no meaning') return result
    const types = `${typeName(left)} ${expr.op} ${typeName(right)}`
    const message = `incompatible sample types encountered for binary operator "${expr.op}": ${types}`
    annotations.info(message, expr)
    return undefined
  }
}

interface Operation {
  readonly left: Operand
  readonly right: Operand
  readonly notes: MixingNotes
}

function operate(op: Binary['op'], { left, right, notes }: Operation): Operand | boolean | undefined | 'no meaning' {
  if (typeof left === 'object' && typeof right === 'object') {
    if (op === '==') return sameHistogram(left, right)
    if (op === '!=') return !sameHistogram(left, right)
    return op === '+' || op === '-' ? combined(op, { left, right, notes }) : 'no meaning'
  }
  if (isTrim(op)) {
    if (typeof left !== 'object') return 'no meaning'
    return cut(left, right as number, op === '</' ? 'below' : 'above')
  }
  if (op === '*' && typeof left === 'number') return scaled(right as Histogram, left)
  if (op === '*' && typeof left === 'object') return scaled(left, right as number)
  if (op === '/' && typeof left === 'object') return divided(left, right as number)
  return 'no meaning'
}

function combined(
  op: '+' | '-',
  { left, right, notes }: { readonly left: Histogram; readonly right: Histogram; readonly notes: MixingNotes },
): Histogram | undefined {
  const operation = op === '+' ? 'addition' : 'subtraction'
  const result = (op === '+' ? added : subtracted)(left, right)
  if (result === undefined) {
    notes.incompatible(op)
    return undefined
  }
  if (result.reconciled) notes.reconciled(operation)
  if (result.collision) notes.collision(operation)
  const { value } = result
  return {
    ...value,
    hint: op === '-' ? 'gauge' : value.hint,
    positive: trimmed(value.positive),
    negative: trimmed(value.negative),
  }
}

function typeName(value: Operand): string {
  return typeof value === 'number' ? 'float' : 'histogram'
}

/** What an element of the result is: filtered by a comparison, or its truth, or the value; undefined: nothing. */
export function elementOf(expr: Binary, result: ReturnType<MixedOperator>, kept: Operand): Operand | undefined {
  if (!isComparison(expr.op)) return result as Operand | undefined
  if (result === undefined) return undefined
  if (expr.bool) return Number(result)
  return result === true ? kept : undefined
}
