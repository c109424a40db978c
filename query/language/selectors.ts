import type { SyntaxNode } from '@lezer/common'

import type { Matcher } from '#core/ports/series-reader.ts'
import { METRIC_NAME } from '#core/series.ts'

import { compileRegex } from '../evaluate/regex.ts'
import { type Edges, type Expr, NO_SHIFT, type Span, type TimeShift, TYPE_NAMES, type VectorSelector } from './ast.ts'
import { type Cst, childrenOf, stringAt } from './cst.ts'
import { quoted } from './literals.ts'
import { parseError } from './position.ts'
import { typeOf } from './value-types.ts'

/** `name{a="b"}`, `{"a name", a=~"b"}`. */
export function selectorOf(cst: Cst, node: SyntaxNode): VectorSelector {
  const { source } = cst
  let name: string | undefined
  const matchers: Matcher[] = []
  for (const child of childrenOf(node)) {
    if (child.name === 'Identifier') {
      name = source.slice(child.from, child.to)
      if (name.toLowerCase() === 'atan2') throw parseError(source, child.from, `unexpected <op:${name}>`)
    } else if (child.name === 'LabelMatchers') {
      for (const part of childrenOf(child)) {
        if (part.name === 'QuotedLabelName') {
          matchers.push({ name: METRIC_NAME, op: '=', value: stringAt(cst, part.firstChild!) })
        } else matchers.push(matcherOf(cst, part))
      }
    }
  }
  if (name !== undefined) {
    const second = matchers.find((matcher) => matcher.name === METRIC_NAME)
    if (second !== undefined) {
      const message = `metric name must not be set twice: ${quoted(name)} or ${quoted(second.value)}`
      throw parseError(source, node.from, message)
    }
    matchers.unshift({ name: METRIC_NAME, op: '=', value: name })
  }
  return { kind: 'selector', from: node.from, to: node.to, matchers, ...NO_SHIFT }
}

function matcherOf(cst: Cst, node: SyntaxNode): Matcher {
  const [label, operator, literal] = childrenOf(node) as [SyntaxNode, SyntaxNode, SyntaxNode]
  const name = label.name === 'LabelName' ? cst.source.slice(label.from, label.to) : stringAt(cst, label.firstChild!)
  const op = cst.source.slice(operator.from, operator.to) as Matcher['op']
  const value = stringAt(cst, literal)
  if (op === '=~' || op === '!~') {
    const regex = compileRegex(value, cst.limits.regex)
    if (typeof regex === 'string') throw parseError(cst.source, node.from, regex)
  }
  return { name, op, value }
}

interface Ranged extends Span {
  readonly range_ms: number
  readonly range_as: string | undefined
  /** Where the range stands. */
  readonly at: number
}

interface Stepped {
  /** 0 where none is written. */
  readonly step_ms: number
  readonly step_as: string | undefined
  readonly step_at: number | undefined
}

/** `selector[5m]`. */
export function ranged(cst: Cst, inner: Expr, { at, ...to }: Ranged): Expr {
  const bracket = at - 1
  if (inner.kind !== 'selector') throw parseError(cst.source, bracket, 'ranges only allowed for vector selectors')
  if (inner.offset_ms !== 0) throw parseError(cst.source, bracket, 'no offset modifiers allowed before range')
  if (inner.at !== null) throw parseError(cst.source, bracket, 'no @ modifiers allowed before range')
  if (to.range_ms <= 0) throw parseError(cst.source, at, 'duration must be greater than 0')
  return { kind: 'matrix', selector: inner, ...to }
}

/** `expr[5m:1m]`. */
export function subqueried(cst: Cst, inner: Expr, { at, step_at, ...to }: Ranged & Stepped): Expr {
  const type = typeOf(inner)
  if (type !== 'vector') {
    throw parseError(cst.source, to.from, `subquery is only allowed on ${TYPE_NAMES.vector}, got ${type} instead`)
  }
  if (to.range_ms <= 0) throw parseError(cst.source, at, 'duration must be greater than 0')
  if (step_at !== undefined && to.step_ms <= 0) throw parseError(cst.source, step_at, 'duration must be greater than 0')
  return { kind: 'subquery', inner, ...NO_SHIFT, ...to }
}

interface Shifted extends Pick<TimeShift, 'offset_ms' | 'offset_as'> {
  readonly to: number
}

/** `… offset 5m`; the time runs backwards for a positive offset. */
export function offsetBy(cst: Cst, inner: Expr, { to, ...offset }: Shifted): Expr {
  if (inner.kind === 'matrix') {
    if (inner.selector.offset_ms !== 0) throw parseError(cst.source, inner.from, 'offset may not be set multiple times')
    return { ...inner, to, selector: { ...inner.selector, ...offset } }
  }
  if (inner.kind !== 'selector' && inner.kind !== 'subquery') {
    const message =
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery'
    throw parseError(cst.source, inner.from, message)
  }
  if (inner.offset_ms !== 0) throw parseError(cst.source, inner.from, 'offset may not be set multiple times')
  return { ...inner, to, ...offset }
}

/** `… @ 1700000000`, `… @ start()`. */
export function atModified(cst: Cst, inner: Expr, { to, at }: { to: number; at: number | 'start' | 'end' }): Expr {
  const twice = '@ <timestamp> may not be set multiple times'
  if (inner.kind === 'matrix') {
    if (inner.selector.at !== null) throw parseError(cst.source, inner.from, twice)
    return { ...inner, to, selector: { ...inner.selector, at } }
  }
  if (inner.kind !== 'selector' && inner.kind !== 'subquery') {
    const message = '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery'
    throw parseError(cst.source, inner.from, message)
  }
  if (inner.at !== null) throw parseError(cst.source, inner.from, twice)
  return { ...inner, to, at }
}

/** `… anchored`, `… smoothed`. */
export function edged(cst: Cst, inner: Expr, { to, edges }: { to: number; edges: Edges }): Expr {
  const set = (selector: VectorSelector): VectorSelector => {
    if (selector.edges === undefined || selector.edges === edges) return { ...selector, edges }
    throw parseError(cst.source, inner.from, 'anchored and smoothed modifiers cannot be used together')
  }
  if (inner.kind === 'selector') return { ...set(inner), to }
  if (inner.kind === 'matrix') return { ...inner, to, selector: set(inner.selector) }
  const why = inner.kind === 'subquery' ? 'is not supported for subqueries' : 'not implemented'
  throw parseError(cst.source, inner.from, `${edges} modifier ${why}`)
}
