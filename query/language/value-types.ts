import * as families from '../functions.ts'
import type { PromqlFunction } from '../functions/function.ts'
import type { Expr, ValueType } from './ast.ts'

/** The functions that are built, by name. */
export const FUNCTIONS: ReadonlyMap<string, PromqlFunction> = new Map(
  Object.values(families).flatMap((family) => family.map((part) => [part.name, part] as const)),
)

/** The type of a checked expression; of an unchecked one what it would be. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar'
    case 'string':
      return 'string'
    case 'selector':
    case 'aggregate':
      return 'vector'
    case 'matrix':
    case 'subquery':
      return 'matrix'
    case 'paren':
    case 'unary':
      return typeOf(expr.inner)
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector'
    case 'call':
      break
  }
  return FUNCTIONS.get(expr.name)?.returns ?? 'vector'
}
