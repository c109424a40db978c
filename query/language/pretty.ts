import type { Aggregate, Binary, Expr } from './ast.ts'
import { format, grouping, modifiers, subqueryWindow } from './format.ts'
import { takesInfoLabels } from './info-arguments.ts'

/** What is longer than so many bytes is split over lines. */
const LINE = 100

/** An expression in canonical form, what is long by its parts: as Prometheus' `format_query` writes it. */
export function pretty(expr: Expr): string {
  return prettyAt(expr, 0)
}

/** With the indent of its first line. */
function prettyAt(expr: Expr, level: number): string {
  const indent = '  '.repeat(level)
  const whole = format(expr)
  if (expr.kind === 'unary') return `${indent}${expr.op}${prettyAt(expr.inner, level).trim()}`
  // Prometheus leaves a short subquery where it is, whatever stands around it.
  if (Buffer.byteLength(whole) <= LINE) return expr.kind === 'subquery' ? whole : indent + whole
  const inside = (parts: readonly Expr[]): string => parts.map((part) => prettyAt(part, level + 1)).join(',\n')
  switch (expr.kind) {
    case 'paren':
      return `${indent}(\n${inside([expr.inner])}\n${indent})`
    case 'call':
      // What stands in its label selector is not all that the selector has.
      if (takesInfoLabels(expr.name)) break
      return `${indent}${expr.name}(\n${inside(expr.args)}\n${indent})`
    case 'aggregate':
      return `${indent}${headOf(expr)}(\n${inside(argumentsOf(expr))}\n${indent})`
    case 'binary':
      return `${inside([expr.left])}\n${indent}${operatorOf(expr)}\n${inside([expr.right])}`
    case 'subquery':
      return prettyAt(expr.inner, level) + subqueryWindow(expr)
    case 'matrix':
    case 'number':
    case 'selector':
    case 'string':
      break
  }
  return indent + whole
}

function headOf(expr: Aggregate): string {
  return expr.op + grouping(expr)
}

function argumentsOf({ parameter, inner }: Aggregate): Expr[] {
  return parameter === null ? [inner] : [parameter, inner]
}

function operatorOf(expr: Binary): string {
  return expr.op + modifiers(expr)
}
