import type { SyntaxNode } from '@lezer/common'

import type { Binary, BinaryOperator, Expr } from './ast.ts'
import { type Cst, childrenOf, isExpression } from './cst.ts'
import { matchingOf } from './modifiers.ts'
import { parseError } from './position.ts'

/** An operand, or an operator between two, or a sign in front of one. */
type Item =
  | { readonly kind: 'operand'; readonly build: () => Expr }
  | ({ readonly kind: 'operator' } & Pick<Binary, 'op' | 'opFrom' | 'bool' | 'matching'>)
  | { readonly kind: 'sign'; readonly op: '+' | '-'; readonly from: number }

const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '>': 3,
  '<': 3,
  '>=': 3,
  '<=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
}

/** How a node that is neither sign, operator nor postfix is built, and a postfix around what it really belongs to. */
export interface Builders {
  operand(cst: Cst, node: SyntaxNode): Expr
  postfix(cst: Cst, node: SyntaxNode, inner: Expr): Expr
  readonly postfixes: ReadonlySet<string>
}

/**
 * The grammar is made for editors: it takes `a or b offset 5m` for `(a or b) offset 5m` and `-1^2` for `(-1)^2`. So
 * signs, operators and postfixes are laid out flat, as they were written, and put together again by their precedence.
 */
export function byPrecedence(cst: Cst, node: SyntaxNode, builders: Builders): Expr {
  const items: Item[] = []
  layOut({ cst, builders, items }, node)
  return new Climber(items).climb(0)
}

interface Layout {
  readonly cst: Cst
  readonly builders: Builders
  readonly items: Item[]
}

function layOut(layout: Layout, node: SyntaxNode): void {
  const { items, builders } = layout
  const cst = deeper(layout.cst, node)
  const inside = { ...layout, cst }
  const children = childrenOf(node)
  if (node.name === 'BinaryExpr') {
    layOut(inside, children[0]!)
    const operator = children[1]!
    items.push({
      kind: 'operator',
      op: operatorAt(cst, operator),
      opFrom: operator.from,
      ...matchingOf(cst, children),
    })
    layOut(inside, children.at(-1)!)
  } else if (node.name === 'UnaryExpr') {
    items.push({ kind: 'sign', op: cst.source[node.from] as '+' | '-', from: node.from })
    layOut(inside, children.find(isExpression)!)
  } else if (builders.postfixes.has(node.name)) {
    layOut(inside, children[0]!)
    const last = items.pop() as Extract<Item, { kind: 'operand' }>
    items.push({ kind: 'operand', build: () => builders.postfix(cst, node, last.build()) })
  } else {
    const sign = node.name === 'NumberDurationLiteral' ? cst.source[node.from] : ''
    if (sign === '-' || sign === '+') items.push({ kind: 'sign', op: sign, from: node.from })
    items.push({ kind: 'operand', build: () => builders.operand(cst, node) })
  }
}

/** One level down, as far as that is allowed. */
function deeper(cst: Cst, node: SyntaxNode): Cst {
  if (cst.depth < cst.limits.depth) return { ...cst, depth: cst.depth + 1 }
  throw parseError(cst.source, node.from, `expression nests deeper than ${cst.limits.depth}`)
}

function operatorAt(cst: Cst, node: SyntaxNode): BinaryOperator {
  const text = cst.source.slice(node.from, node.to).toLowerCase()
  if (Object.hasOwn(PRECEDENCE, text)) return text as BinaryOperator
  throw parseError(cst.source, node.from, `operator ${text} is not supported yet`)
}

/** Precedence climbing: `^` binds to the right and closer than a sign, all others to the left. */
class Climber {
  readonly #items: readonly Item[]
  #next = 0

  constructor(items: readonly Item[]) {
    this.#items = items
  }

  climb(least: number): Expr {
    let left = this.#operand()
    for (;;) {
      const operator = this.#items[this.#next]
      if (operator?.kind !== 'operator' || PRECEDENCE[operator.op] < least) return left
      this.#next++
      const right = this.climb(PRECEDENCE[operator.op] + (operator.op === '^' ? 0 : 1))
      left = { ...operator, kind: 'binary', left, right, from: left.from, to: right.to }
    }
  }

  #operand(): Expr {
    const item = this.#items[this.#next++]!
    if (item.kind === 'operand') return item.build()
    if (item.kind === 'operator') throw new Error('BUG: an operator where an operand should be')
    const inner = this.climb(PRECEDENCE['^'])
    const { op, from } = item
    if (inner.kind === 'number') return { ...inner, from, value: op === '-' ? -inner.value : inner.value }
    return { kind: 'unary', op, inner, from, to: inner.to }
  }
}
