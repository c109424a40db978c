import { METRIC_NAME } from '#core/series.ts'

import * as aggregationParts from '../aggregations.ts'
import type { Aggregation } from '../aggregations/aggregation.ts'
import { compileRegex } from '../evaluate/regex.ts'
import {
  type Aggregate,
  type Binary,
  type Call,
  COMPARISONS,
  type Expr,
  partsOf,
  SET_OPERATORS,
  TYPE_NAMES,
  type ValueType,
  type VectorSelector,
} from './ast.ts'
import { isPromqlFunction } from './catalogue.ts'
import { takesInfoLabels } from './info-arguments.ts'
import { quoted } from './literals.ts'
import { parseError } from './position.ts'
import { FUNCTIONS, typeOf } from './value-types.ts'

/** The aggregations that are built, by name. */
export const AGGREGATIONS: ReadonlyMap<string, Aggregation> = new Map(
  Object.values(aggregationParts).flatMap((family) => family.map((part) => [part.name, part] as const)),
)

/** Throws `bad_data` for what does not fit together, innermost first, as Prometheus finds and words it. */
export function checkTypes(source: string, expr: Expr): void {
  // The label selector of info series may match everything.
  const parts = expr.kind === 'call' && takesInfoLabels(expr.name) ? expr.args.slice(0, 1) : partsOf(expr)
  for (const part of parts) checkTypes(source, part)
  const check: Checker = { source, fail: (from, message) => parseError(source, from, message) }
  if (expr.kind === 'selector') checkSelector(check, expr)
  else if (expr.kind === 'binary') checkBinary(check, expr)
  else if (expr.kind === 'aggregate') checkAggregate(check, expr)
  else if (expr.kind === 'call') checkCall(check, expr)
  else if (expr.kind === 'unary') {
    const type = typeOf(expr.inner)
    if (type === 'scalar' || type === 'vector') return
    throw check.fail(
      expr.from,
      `unary expression only allowed on expressions of type scalar or instant vector, got "${TYPE_NAMES[type]}"`,
    )
  }
}

interface Checker {
  readonly source: string
  readonly fail: (from: number, message: string) => Error
}

/** How the operand's place is called, and what is wanted there. */
function expect({ fail }: Checker, expr: Expr, wanted: ValueType, place: string): void {
  const type = typeOf(expr)
  if (type === wanted) return
  throw fail(expr.from, `expected type ${TYPE_NAMES[wanted]} in ${place}, got ${TYPE_NAMES[type]}`)
}

/** A selector of everything is refused: one matcher at least must not match the empty value. */
function checkSelector({ fail }: Checker, { from, matchers }: VectorSelector): void {
  const selective = matchers.some(({ name, op, value }) => {
    if (name === METRIC_NAME && op === '=') return value !== ''
    if (op === '=' || op === '!=') return (value === '') !== (op === '=')
    const regex = compileRegex(value, Infinity)
    return typeof regex !== 'string' && regex.testExact('') !== (op === '=~')
  })
  if (!selective) throw fail(from, 'vector selector must contain at least one non-empty matcher')
}

function checkBinary({ fail }: Checker, expr: Binary): void {
  const { op, left, right, bool, matching } = expr
  const comparison = (COMPARISONS as readonly string[]).includes(op)
  const set = (SET_OPERATORS as readonly string[]).includes(op)
  const types = [typeOf(left), typeOf(right)]
  if (bool && !comparison) throw fail(expr.opFrom, 'bool modifier can only be used on comparison operators')
  for (const [i, side] of [left, right].entries()) {
    if (types[i] !== 'scalar' && types[i] !== 'vector') {
      throw fail(side.from, 'binary expression must contain only scalar and instant vector types')
    }
  }
  const scalars = types.filter((type) => type === 'scalar').length
  if (comparison && scalars === 2 && !bool)
    throw fail(expr.opFrom, 'comparisons between scalars must use BOOL modifier')
  if (scalars > 0 && set) throw fail(expr.from, `set operator "${op}" not allowed in binary scalar expression`)
  if (scalars > 0 && matching.labels.length > 0) {
    throw fail(expr.from, 'vector matching only allowed between instant vectors')
  }
  if (matching.fill.left !== null || matching.fill.right !== null) {
    if (scalars > 0) throw fail(expr.from, 'filling in missing series only allowed between instant vectors')
    if (set) throw fail(expr.from, 'filling in missing series not allowed for set operators')
  }
  if (set && matching.group !== null) throw fail(expr.from, `no grouping allowed for "${op}" operation`)
  const both = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined
  if (both !== undefined) throw fail(expr.opFrom, `label ${quoted(both)} must not occur in ON and GROUP clause at once`)
}

function checkAggregate(check: Checker, expr: Aggregate): void {
  const part = AGGREGATIONS.get(expr.op)
  if (part === undefined) throw check.fail(expr.from, `aggregation ${expr.op} is not supported yet`)
  expect(check, expr.inner, 'vector', 'aggregation expression')
  if (expr.parameter !== null) expect(check, expr.parameter, part.parameter ?? 'scalar', 'aggregation parameter')
}

function checkCall(check: Checker, expr: Call): void {
  const { name, args } = expr
  const part = FUNCTIONS.get(name)
  if (part === undefined) {
    const known = isPromqlFunction(name)
    throw check.fail(
      expr.from,
      known ? `function ${name} is not supported yet` : `unknown function with name ${quoted(name)}`,
    )
  }
  const optional = part.optional ?? 0
  const least = part.args.length - (optional === Infinity ? 1 : optional)
  if (optional === 0 && args.length !== part.args.length) {
    throw check.fail(expr.from, `expected ${part.args.length} argument(s) in call to "${name}", got ${args.length}`)
  }
  if (args.length < least) {
    throw check.fail(expr.from, `expected at least ${least} argument(s) in call to "${name}", got ${args.length}`)
  }
  if (optional !== Infinity && args.length > part.args.length) {
    const most = part.args.length
    throw check.fail(expr.from, `expected at most ${most} argument(s) in call to "${name}", got ${args.length}`)
  }
  for (const [i, arg] of args.entries()) {
    expect(check, arg, part.args[Math.min(i, part.args.length - 1)]!, `call to function "${name}"`)
  }
}
