import { type Arithmetic, COMPARISONS, type Comparison, type Trim, TRIMS } from '../language/ast.ts'

/** Go's `math.Pow` knows two cases that JavaScript calls NaN. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b
}

export const ARITHMETIC_OF: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
}

export const COMPARISON_OF: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
}

export function isComparison(op: string): op is Comparison {
  return (COMPARISONS as readonly string[]).includes(op)
}

export function isTrim(op: string): op is Trim {
  return (TRIMS as readonly string[]).includes(op)
}
