import type { SyntaxNode } from '@lezer/common'

import type { Matching } from './ast.ts'
import { type Cst, childrenOf, labelsOf } from './cst.ts'
import { parseError } from './position.ts'

const NONE: Matching = { on: false, labels: [], group: null, include: [], explicit: false }

/** `bool`, `on (…) group_left (…)` and the like, among the parts of a binary expression. */
export function matchingOf(cst: Cst, children: readonly SyntaxNode[]): { bool: boolean; matching: Matching } {
  const fill = children.find(({ name }) => name === 'FillModifier')
  if (fill !== undefined) throw parseError(cst.source, fill.from, 'fill modifier is not supported yet')
  const bool = children.some(({ name }) => name === 'BoolModifier')
  const clause = children.find(({ name }) => name === 'MatchingModifierClause')
  if (clause === undefined) return { bool, matching: NONE }
  const parts = childrenOf(clause)
  const [labels, include] = parts.filter(({ name }) => name === 'GroupingLabels')
  const side = parts.find(({ name }) => name === 'GroupLeft' || name === 'GroupRight')?.name
  return {
    bool,
    matching: {
      on: parts[0]!.name === 'On',
      labels: labelsOf(cst, labels!),
      group: side === undefined ? null : side === 'GroupLeft' ? 'left' : 'right',
      include: include === undefined ? [] : labelsOf(cst, include),
      explicit: true,
    },
  }
}
