import type { SyntaxNode } from '@lezer/common'

import { formatDuration } from '#core/config/duration.ts'

import { plainNumber } from '../evaluate/number-text.ts'
import { type Cst, childrenOf } from './cst.ts'
import { durationOf, numberOf } from './literals.ts'
import { parseError } from './position.ts'

/** The value of a duration or of an expression of constant durations, in ms. */
export function durationExpression(cst: Cst, node: SyntaxNode): number {
  const ms = Math.round(secondsOf(cst, node) * 1000)
  if (Number.isSafeInteger(ms) && Math.abs(ms) <= MAX_MS) return ms
  throw parseError(cst.source, node.from, 'duration out of range')
}

const LITERAL = 'NumberDurationLiteralInDurationContext'

/** Go keeps durations in int64 nanoseconds: 292 years. */
const MAX_MS = 9_223_372_036_854

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Mod: (a, b) => a % b,
  Pow: (a, b) => a ** b,
}

function secondsOf(cst: Cst, node: SyntaxNode): number {
  const { source } = cst
  if (node.name === LITERAL) {
    const text = source.slice(node.from, node.to)
    const value = numberOf(text)
    if (value !== undefined && Number.isFinite(value)) return value
    throw parseError(source, node.from, `bad number or duration syntax: ${JSON.stringify(text)}`)
  }
  const [first, second, third] = childrenOf(node)
  if (first === undefined) throw parseError(source, node.from, 'bad duration')
  if (first.name === 'DurationStep') return cst.steps.step_ms / 1000
  if (first.name === 'DurationRange') return cst.steps.range_ms / 1000
  if (first.name === 'DurationMinOf' || first.name === 'DurationMaxOf') {
    const [a, b] = [secondsOf(cst, second!), secondsOf(cst, third!)]
    return first.name === 'DurationMinOf' ? Math.min(a, b) : Math.max(a, b)
  }
  if (first.name === 'UnaryOp') return secondsOf(cst, second!) * (source[first.from] === '-' ? -1 : 1)
  if (second === undefined) return secondsOf(cst, first)
  const [a, b] = [secondsOf(cst, first), secondsOf(cst, third!)]
  if (b === 0 && (second.name === 'Div' || second.name === 'Mod')) {
    throw parseError(source, node.from, second.name === 'Div' ? 'division by zero' : 'modulo by zero')
  }
  return OPERATIONS[second.name]!(a, b)
}

/** How an expression of durations is written in canonical form; undefined for a duration with or without a sign, which its value tells. */
export function durationText(cst: Cst, node: SyntaxNode): string | undefined {
  const text = textOf(cst, node)
  return /^-?[\w.]+$/.test(text) ? undefined : text
}

function textOf(cst: Cst, node: SyntaxNode): string {
  const source = (part: SyntaxNode): string => cst.source.slice(part.from, part.to)
  if (node.name === LITERAL) {
    const ms = durationOf(source(node))
    return ms === undefined ? plainNumber(numberOf(source(node))!) : formatDuration(ms)
  }
  const [first, second, third] = childrenOf(node) as [SyntaxNode, SyntaxNode, SyntaxNode]
  if (first.name === 'DurationStep') return 'step()'
  if (first.name === 'DurationRange') return 'range()'
  if (first.name === 'DurationMinOf') return `min_of(${textOf(cst, second)}, ${textOf(cst, third)})`
  if (first.name === 'DurationMaxOf') return `max_of(${textOf(cst, second)}, ${textOf(cst, third)})`
  if (first.name === 'UnaryOp') return (source(first) === '-' ? '-' : '') + textOf(cst, second)
  if (second === undefined) return cst.source[node.from] === '(' ? `(${textOf(cst, first)})` : textOf(cst, first)
  return `${textOf(cst, first)} ${source(second)} ${textOf(cst, third)}`
}
