import { type Expr, partsOf } from '../language/ast.ts'
import { format } from '../language/format.ts'
import { parse } from '../language/parse.ts'
import { DEFAULT_LIMITS } from '../limits.ts'

/** Functions that look at the time of the step itself. */
const TIMELY = new Set(
  `absent_over_time day_of_month day_of_week day_of_year days_in_month end hour info minute month predict_linear range
   start step time timestamp vector year`.split(/\s+/),
)

/**
 * The expression with every selector fixed at a time, where that changes nothing but the time at which it may be asked; undefined where
 * something looks at the time of the step, or at another.
 */
export function fixedAt(source: string, time_ms: number): string | undefined {
  const expr = parse(source, DEFAULT_LIMITS, { step_ms: 0, range_ms: 0 })
  return isTimely(expr) ? undefined : format(fixed(expr, time_ms))
}

function isTimely(expr: Expr): boolean {
  if (expr.kind === 'call' && TIMELY.has(expr.name)) return true
  if ('at' in expr && (expr.at === 'start' || expr.at === 'end')) return true
  return partsOf(expr).some(isTimely)
}

function fixed(expr: Expr, time_ms: number): Expr {
  const inside = (part: Expr): Expr => fixed(part, time_ms)
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr
    case 'selector':
      return { ...expr, at: expr.at ?? time_ms }
    case 'matrix':
      return { ...expr, selector: { ...expr.selector, at: expr.selector.at ?? time_ms } }
    // What is inside looks at the steps of the subquery.
    case 'subquery':
      return { ...expr, at: expr.at ?? time_ms }
    case 'paren':
    case 'unary':
      return { ...expr, inner: inside(expr.inner) }
    case 'binary':
      return { ...expr, left: inside(expr.left), right: inside(expr.right) }
    case 'aggregate':
      return {
        ...expr,
        inner: inside(expr.inner),
        parameter: expr.parameter === null ? null : inside(expr.parameter),
      }
    case 'call':
      break
  }
  return { ...expr, args: expr.args.map(inside) }
}
