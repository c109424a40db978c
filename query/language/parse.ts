import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'

import { ServiceError } from '#core/errors.ts'

import type { QueryLimits } from '../limits.ts'
import type { Aggregate, Expr } from './ast.ts'
import { type Cst, childrenOf, isExpression, labelsOf, numberAt, type QuerySteps, stringAt } from './cst.ts'
import { durationExpression, durationText } from './duration.ts'
import { forGrammar, functionName } from './grammar-text.ts'
import { infoArguments, takesInfoLabels } from './info-arguments.ts'
import { durationOf } from './literals.ts'
import { parseError } from './position.ts'
import { type Builders, byPrecedence } from './precedence.ts'
import { atModified, edged, offsetBy, ranged, selectorOf, subqueried } from './selectors.ts'
import { syntaxError } from './syntax-error.ts'

/** Reads an expression. `bad_data` with position where it is none, or names what is not built. Types are not checked. */
export function parse(source: string, limits: QueryLimits, steps: QuerySteps): Expr {
  if (source.length > limits.expression) {
    throw new ServiceError('bad_data', `expression is longer than ${limits.expression} characters`)
  }
  const root = parser.parse(forGrammar(source)).topNode
  const error = firstError(root)
  const [expr] = childrenOf(root)
  if (error !== undefined || expr === undefined) throw syntaxError(source, error ?? 0)
  return build({ source, limits, depth: 0, steps }, expr)
}

function firstError(root: SyntaxNode): number | undefined {
  const cursor = root.cursor()
  let first: number | undefined
  do {
    if (cursor.type.isError) first = Math.min(first ?? Infinity, cursor.from)
  } while (cursor.next())
  return first
}

type Builder = (cst: Cst, node: SyntaxNode) => Expr
type PostfixBuilder = (cst: Cst, node: SyntaxNode, inner: Expr) => Expr

function build(cst: Cst, node: SyntaxNode): Expr {
  return byPrecedence(cst, node, BUILDERS)
}

const OPERANDS: Readonly<Record<string, Builder>> = {
  NumberDurationLiteral(cst, node) {
    const text = textOf(cst, node).replace(/^[+-]\s*/, '')
    return {
      from: node.to - text.length,
      to: node.to,
      kind: 'number',
      value: numberAt(cst, node, text),
      duration: durationOf(text) !== undefined,
    }
  },
  StringLiteral: (cst, node) => ({ ...spanOf(node), kind: 'string', value: stringAt(cst, node) }),
  ParenExpr: (cst, node) => ({
    ...spanOf(node),
    kind: 'paren',
    inner: build(cst, childrenOf(node).find(isExpression)!),
  }),
  VectorSelector: selectorOf,
  AggregateExpr: aggregate,
  FunctionCall(cst, node) {
    const name = functionName(textOf(cst, node.firstChild!))
    const args = argumentsOf(cst, node)
    const complete = takesInfoLabels(name) ? infoArguments(cst.source, node, args) : args
    return { ...spanOf(node), kind: 'call', name, args: complete }
  },
}

const POSTFIXES: Readonly<Record<string, PostfixBuilder>> = {
  MatrixSelector(cst, node, inner) {
    const [, range] = childrenOf(node)
    return ranged(cst, inner, {
      from: inner.from,
      to: node.to,
      range_ms: durationExpression(cst, range!),
      range_as: durationText(cst, range!),
      at: range!.from,
    })
  },
  SubqueryExpr(cst, node, inner) {
    const [, range, step] = childrenOf(node)
    return subqueried(cst, inner, {
      from: inner.from,
      to: node.to,
      range_ms: durationExpression(cst, range!),
      range_as: durationText(cst, range!),
      at: range!.from,
      step_ms: step === undefined ? 0 : durationExpression(cst, step),
      step_as: step && durationText(cst, step),
      step_at: step?.from,
    })
  },
  OffsetExpr(cst, node, inner) {
    const [, , offset] = childrenOf(node)
    const offset_ms = durationExpression(cst, offset!)
    return offsetBy(cst, inner, { to: node.to, offset_ms, offset_as: durationText(cst, offset!) })
  },
  StepInvariantExpr(cst, node, inner) {
    const [, , at] = childrenOf(node)
    return atModified(cst, inner, { to: node.to, at: timestampAt(cst, at!, inner.from) })
  },
  AnchoredExpr: (cst, node, inner) => edged(cst, inner, { to: node.to, edges: 'anchored' }),
  SmoothedExpr: (cst, node, inner) => edged(cst, inner, { to: node.to, edges: 'smoothed' }),
}

const BUILDERS: Builders = {
  operand(cst, node) {
    const builder = OPERANDS[node.name]
    if (builder === undefined) throw syntaxError(cst.source, node.from)
    return builder(cst, node)
  },
  postfix: (cst, node, inner) => POSTFIXES[node.name]!(cst, node, inner),
  postfixes: new Set(Object.keys(POSTFIXES)),
}

function spanOf({ from, to }: SyntaxNode): { from: number; to: number } {
  return { from, to }
}

function textOf({ source }: Cst, { from, to }: SyntaxNode): string {
  return source.slice(from, to)
}

function argumentsOf(cst: Cst, node: SyntaxNode): Expr[] {
  const body = childrenOf(node).find(({ name }) => name === 'FunctionCallBody')
  if (body === undefined) return []
  return childrenOf(body)
    .filter(isExpression)
    .map((child) => build(cst, child))
}

/** The time behind `@`; what is out of bounds is told at `from`, where the operand begins. */
function timestampAt(cst: Cst, node: SyntaxNode, from: number): number | 'start' | 'end' {
  if (node.name === 'AtModifierPreprocessors') return textOf(cst, node).toLowerCase() as 'start' | 'end'
  const seconds = numberAt(cst, node)
  if (Math.abs(seconds) <= Number.MAX_SAFE_INTEGER / 1000) return Math.round(seconds * 1000)
  throw parseError(cst.source, from, `timestamp out of bounds for @ modifier: ${fixed(seconds)}`)
}

/** A number as Go's `%f` writes it. */
function fixed(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`
}

const PARAMETRIC = new Set(['bottomk', 'count_values', 'limit_ratio', 'limitk', 'quantile', 'topk'])

function aggregate(cst: Cst, node: SyntaxNode): Aggregate {
  const children = childrenOf(node)
  const op = textOf(cst, children[0]!).toLowerCase()
  const modifier = children.find(({ name }) => name === 'AggregateModifier')
  const grouping = modifier === undefined ? undefined : childrenOf(modifier)
  const args = argumentsOf(cst, node)
  const wanted = PARAMETRIC.has(op) ? 2 : 1
  if (args.length === 0) throw parseError(cst.source, node.from, 'no arguments for aggregate expression provided')
  if (args.length !== wanted) {
    const message = `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`
    throw parseError(cst.source, node.from, message)
  }
  return {
    ...spanOf(node),
    kind: 'aggregate',
    op,
    inner: args.at(-1)!,
    parameter: wanted === 2 ? args[0]! : null,
    without: grouping?.[0]?.name === 'Without',
    labels: grouping === undefined ? [] : labelsOf(cst, grouping[1]!),
  }
}
