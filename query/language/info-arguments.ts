import type { Matcher } from '#core/ports/series-reader.ts'
import { METRIC_NAME } from '#core/series.ts'

import { type Expr, NO_SHIFT, partsOf, type Span, type TimeShift, TYPE_NAMES } from './ast.ts'
import { parseError } from './position.ts'
import { FUNCTIONS, typeOf } from './value-types.ts'

/** The info metrics that are joined where none are named. */
const DEFAULT_INFO: Matcher = { name: METRIC_NAME, op: '=', value: 'target_info' }

export function isDefaultInfo({ name, op, value }: Matcher): boolean {
  return name === DEFAULT_INFO.name && op === DEFAULT_INFO.op && value === DEFAULT_INFO.value
}

export function takesInfoLabels(name: string): boolean {
  return FUNCTIONS.get(name)?.infoLabels === true
}

/**
 * The arguments of `info` made complete: the second one selects the info series with their metric's name, and looks when the selectors of
 * the first one do, whatever was written behind it. Others than it takes are left to the check of types.
 */
export function infoArguments(source: string, call: Span, args: readonly Expr[]): readonly Expr[] {
  const [of, labels] = args
  if (of === undefined || args.length > 2) return args
  if (labels === undefined) {
    return [of, { kind: 'selector', from: call.to, to: call.to, matchers: [DEFAULT_INFO], ...shiftIn(of) }]
  }
  const type = typeOf(labels)
  if (type !== 'vector') {
    const message = `expected type ${TYPE_NAMES.vector} in call to function "info", got ${TYPE_NAMES[type]}`
    throw parseError(source, call.from, message)
  }
  if (labels.kind !== 'selector') throw parseError(source, labels.from, 'expected label selectors only')
  if (source[labels.from] !== '{') {
    throw parseError(source, labels.from, 'expected label selectors only, got vector selector instead')
  }
  return [of, { ...labels, matchers: [...infoNames(labels.matchers), ...labels.matchers], ...shiftIn(of) }]
}

/** What is missing in a selector of info series; where it only says which metrics are not meant, all whose name ends in `_info` are. */
function infoNames(matchers: readonly Matcher[]): readonly Matcher[] {
  const names = matchers.filter(({ name }) => name === METRIC_NAME)
  if (names.length === 0) return [DEFAULT_INFO]
  return names.some(({ op }) => op === '=' || op === '=~') ? [] : [{ name: METRIC_NAME, op: '=~', value: '.+_info' }]
}

/** When all selectors of an expression look; where they do not agree, the time of the step. */
function shiftIn(expr: Expr): TimeShift {
  const [first = NO_SHIFT, ...others] = shiftsIn(expr)
  return others.every(({ at, offset_ms }) => at === first.at && offset_ms === first.offset_ms) ? first : NO_SHIFT
}

function shiftsIn(expr: Expr): readonly TimeShift[] {
  const type = typeOf(expr)
  if (type !== 'vector' && type !== 'matrix') return []
  if (expr.kind === 'selector') return [{ at: expr.at, offset_ms: expr.offset_ms }]
  const isJoin = expr.kind === 'call' && takesInfoLabels(expr.name)
  const inner = (isJoin ? expr.args.slice(0, 1) : partsOf(expr)).flatMap(shiftsIn)
  // A vector of a scalar is of the time of the step.
  if (inner.length === 0) return [NO_SHIFT]
  if (expr.kind !== 'subquery') return inner
  return inner.map(({ at, offset_ms }) =>
    at === null ? { at: expr.at, offset_ms: offset_ms + expr.offset_ms } : { at, offset_ms },
  )
}
