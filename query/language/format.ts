import { formatDuration } from '#core/config/duration.ts'
import type { Matcher } from '#core/ports/series-reader.ts'
import { METRIC_NAME } from '#core/series.ts'

import { plainNumber } from '../evaluate/number-text.ts'
import type { Aggregate, Binary, Call, Expr, Fill, Subquery, TimeShift, VectorSelector } from './ast.ts'
import { isDefaultInfo, takesInfoLabels } from './info-arguments.ts'
import { quoted } from './literals.ts'

const METRIC = /^[A-Za-z_:][\w:]*$/
const LABEL = /^[A-Za-z_]\w*$/

/** An expression in canonical form, on one line; it parses to the same tree. */
export function format(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return expr.duration === true ? duration(Math.round(expr.value * 1000)) : plainNumber(expr.value)
    case 'string':
      return quoted(expr.value)
    case 'selector':
      return formatSelector(expr) + moment(expr) + edges(expr) + offset(expr)
    case 'matrix':
      return `${formatSelector(expr.selector)}[${expr.range_as ?? duration(expr.range_ms)}]${edges(expr.selector)}${shift(expr.selector)}`
    case 'subquery':
      return format(expr.inner) + subqueryWindow(expr)
    case 'paren':
      return `(${format(expr.inner)})`
    case 'unary':
      return `${expr.op}${format(expr.inner)}`
    case 'binary':
      return `${format(expr.left)} ${expr.op}${modifiers(expr)} ${format(expr.right)}`
    case 'aggregate':
      return formatAggregate(expr)
    case 'call':
      break
  }
  return takesInfoLabels(expr.name) ? formatInfo(expr) : `${expr.name}(${expr.args.map(format).join(', ')})`
}

/** The second argument without what was added to it. */
function formatInfo({ args }: Call): string {
  const of = format(args[0]!)
  const labels = (args[1] as VectorSelector).matchers.filter((matcher) => !isDefaultInfo(matcher))
  return labels.length === 0 ? `info(${of})` : `info(${of}, {${labels.map(formatMatcher).toSorted().join(',')}})`
}

/** `[5m:1m] offset 1h`. */
export function subqueryWindow(expr: Subquery): string {
  const step = expr.step_as ?? (expr.step_ms === 0 ? '' : duration(expr.step_ms))
  return `[${expr.range_as ?? duration(expr.range_ms)}:${step}]${shift(expr)}`
}

function formatSelector({ matchers }: VectorSelector): string {
  const [first, ...rest] = matchers
  const named = first?.name === METRIC_NAME && first.op === '=' && rest.every((matcher) => matcher.name !== METRIC_NAME)
  const name = named && METRIC.test(first.value) ? first.value : ''
  const inside = (name === '' ? matchers : rest).map(formatMatcher).toSorted()
  return inside.length === 0 ? name : `${name}{${inside.join(',')}}`
}

function formatMatcher({ name, op, value }: Matcher): string {
  return `${label(name)}${op}${quoted(value)}`
}

function label(name: string): string {
  return LABEL.test(name) ? name : quoted(name)
}

function duration(ms: number): string {
  return ms < 0 ? `-${formatDuration(-ms)}` : formatDuration(ms)
}

function shift(expr: TimeShift): string {
  return moment(expr) + offset(expr)
}

function moment({ at }: TimeShift): string {
  return at === null ? '' : ` @ ${typeof at === 'number' ? (at / 1000).toFixed(3) : `${at}()`}`
}

function offset({ offset_ms, offset_as }: TimeShift): string {
  if (offset_as !== undefined) return ` offset ${offset_as}`
  return offset_ms === 0 ? '' : ` offset ${duration(offset_ms)}`
}

function edges({ edges: kind }: VectorSelector): string {
  return kind === undefined ? '' : ` ${kind}`
}

/** What stands behind an operator: ` bool on (a) group_left ()`. */
export function modifiers({ bool, matching }: Binary): string {
  let text = bool ? ' bool' : ''
  if (matching.on || matching.labels.length > 0 || matching.group !== null) {
    text += ` ${matching.on ? 'on' : 'ignoring'} (${matching.labels.map(label).join(', ')})`
  }
  if (matching.group !== null) text += ` group_${matching.group} (${matching.include.map(label).join(', ')})`
  return text + fill(matching.fill)
}

function fill({ left, right }: Fill): string {
  if (left !== null && Object.is(left, right)) return ` fill (${plainNumber(left)})`
  return (
    (left === null ? '' : ` fill_left (${plainNumber(left)})`) +
    (right === null ? '' : ` fill_right (${plainNumber(right)})`)
  )
}

/** What stands between an aggregation and its operands: ` by (a) `. */
export function grouping({ without, labels }: Aggregate): string {
  return without || labels.length > 0 ? ` ${without ? 'without' : 'by'} (${labels.map(label).join(', ')}) ` : ''
}

function formatAggregate(expr: Aggregate): string {
  const first = expr.parameter === null ? '' : `${format(expr.parameter)}, `
  return `${expr.op}${grouping(expr)}(${first}${format(expr.inner)})`
}
