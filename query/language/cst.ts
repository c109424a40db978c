import type { SyntaxNode } from '@lezer/common'

import type { QueryLimits } from '../limits.ts'
import { numberOf, stringOf } from './literals.ts'
import { parseError } from './position.ts'

/** What `step()` and `range()` are in durations. */
export interface QuerySteps {
  readonly step_ms: number
  readonly range_ms: number
}

/** What every builder needs beside its node of the concrete syntax tree. */
export interface Cst {
  readonly source: string
  readonly limits: QueryLimits
  readonly depth: number
  readonly steps: QuerySteps
}

const EXPRESSIONS = new Set(
  `AggregateExpr BinaryExpr FunctionCall MatrixSelector NumberDurationLiteral OffsetExpr AnchoredExpr SmoothedExpr
   ParenExpr StringLiteral SubqueryExpr UnaryExpr VectorSelector StepInvariantExpr`.split(/\s+/),
)

export function isExpression({ name }: SyntaxNode): boolean {
  return EXPRESSIONS.has(name)
}

/** The children of a node, comments left out. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') children.push(child)
  }
  return children
}

/** The value of a string literal. */
export function stringAt({ source }: Cst, node: SyntaxNode): string {
  const value = stringOf(source.slice(node.from, node.to))
  if (typeof value === 'string') return value
  throw parseError(source, node.from + value.at, value.message)
}

/** The value of a number or duration; `text`: without a sign. */
export function numberAt({ source }: Cst, node: SyntaxNode, text = source.slice(node.from, node.to)): number {
  const value = numberOf(text)
  if (value !== undefined) return value
  throw parseError(source, node.from, `bad number or duration syntax: ${JSON.stringify(text)}`)
}

/** The names of `(a, "b.c")`. */
export function labelsOf(cst: Cst, grouping: SyntaxNode): string[] {
  return childrenOf(grouping)
    .filter(({ name }) => name === 'LabelName' || name === 'QuotedLabelName')
    .map((node) => {
      if (node.name === 'LabelName') return cst.source.slice(node.from, node.to)
      const name = stringAt(cst, node.firstChild!)
      if (name !== '' && name.isWellFormed()) return name
      throw parseError(cst.source, node.from, 'invalid label name for grouping')
    })
}
