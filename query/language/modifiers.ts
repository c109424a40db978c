import type { SyntaxNode } from '@lezer/common'

import type { Fill, Matching } from './ast.ts'
import { type Cst, childrenOf, labelsOf, numberAt } from './cst.ts'

const NO_FILL: Fill = { left: null, right: null }
const NONE: Matching = { on: false, labels: [], group: null, include: [], fill: NO_FILL }

/** `bool`, `on (…) group_left (…)` and the like, among the parts of a binary expression. */
export function matchingOf(cst: Cst, children: readonly SyntaxNode[]): { bool: boolean; matching: Matching } {
  const fill = fillOf(
    cst,
    children.find(({ name }) => name === 'FillModifier'),
  )
  const bool = children.some(({ name }) => name === 'BoolModifier')
  const clause = children.find(({ name }) => name === 'MatchingModifierClause')
  if (clause === undefined) return { bool, matching: { ...NONE, fill } }
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
      fill,
    },
  }
}

/** `fill (0)`, `fill_left (0) fill_right (1)` in either order. */
function fillOf(cst: Cst, modifier: SyntaxNode | undefined): Fill {
  if (modifier === undefined) return NO_FILL
  let { left, right } = NO_FILL
  for (const clause of childrenOf(modifier)) {
    const value = numberAt(
      cst,
      childrenOf(clause).find(({ name }) => name === 'NumberDurationLiteral')!,
    )
    if (clause.name !== 'FillRightClause') left = value
    if (clause.name !== 'FillLeftClause') right = value
  }
  return { left, right }
}
