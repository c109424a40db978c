import { unitOf } from '#core/quantities.ts'
import { METRIC_NAME } from '#core/series.ts'

import { type Aggregate, ARITHMETIC, type Binary, type Call, type Expr, partsOf, type VectorSelector } from './ast.ts'

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/))

/** Functions that give values of the kind they take. */
const SAME = words(
  `abs ceil floor round clamp clamp_min clamp_max increase predict_linear double_exponential_smoothing
  sort sort_desc sort_by_label sort_by_label_desc label_replace label_join info
  avg_over_time min_over_time max_over_time sum_over_time quantile_over_time stddev_over_time mad_over_time
  first_over_time last_over_time`,
)
const RATES = words('rate irate')
/** Functions that answer where in its buckets a histogram lies. */
const OF_BUCKETS = words('histogram_quantile histogram_avg histogram_sum histogram_stddev')
const AGGREGATES = words('sum avg min max quantile stddev topk bottomk limitk limit_ratio')
/** A second of what has no name. */
const PER_SECOND = '1/s'

/** The unit of an expression's values in UCUM, as far as the names of its metrics tell: `s`, `By/s`, `1/s`; '' where they do not. */
export function unitOfExpression(expr: Expr): string {
  switch (expr.kind) {
    case 'selector':
      return unitOfSelector(expr)
    case 'matrix':
      return unitOfSelector(expr.selector)
    case 'paren':
    case 'subquery':
      return unitOfExpression(expr.inner)
    case 'aggregate':
      return unitOfAggregate(expr)
    case 'binary':
      return unitOfBinary(expr)
    case 'call':
      return unitOfCall(expr)
    case 'number':
    case 'string':
    case 'unary':
      break
  }
  return ''
}

function nameOf({ matchers }: VectorSelector): string {
  return matchers.find(({ name, op }) => name === METRIC_NAME && op === '=')?.value ?? ''
}

/** Buckets count what fell into them; their name has the unit of their bounds. */
function unitOfSelector(selector: VectorSelector): string {
  const name = nameOf(selector)
  return name.endsWith('_bucket') ? '' : unitOf(name, '')
}

function unitOfAggregate({ op, inner }: Aggregate): string {
  return AGGREGATES.has(op) ? unitOfExpression(inner) : ''
}

function unitOfCall({ name, args }: Call): string {
  const of = args.find((arg) => arg.kind !== 'number' && arg.kind !== 'string')
  if (of === undefined) return ''
  if (OF_BUCKETS.has(name)) return unitOfBounds(of)
  const unit = unitOfExpression(of)
  if (SAME.has(name)) return unit
  if (!RATES.has(name)) return ''
  return unit === '' ? PER_SECOND : `${unit}/s`
}

function unitOfBinary({ op, left, right, bool }: Binary): string {
  const [a, b] = [unitOfExpression(left), unitOfExpression(right)]
  if (op === 'or') return telling(a, b)
  if (op === '+' || op === '-') return a === b ? a : ''
  if (op === '*') return a === 'ratio' && right.kind === 'number' && right.value === 100 ? '%' : ''
  return bool || ARITHMETIC.some((other) => other === op) ? '' : a
}

/** Names of one thing by different senders: the one with a unit in it speaks for all. Two that differ say nothing. */
function telling(a: string, b: string): string {
  if (a === b || b === '' || (b === PER_SECOND && a !== '')) return a
  return a === '' || a === PER_SECOND ? b : ''
}

function unitOfBounds(expr: Expr): string {
  if (expr.kind === 'selector') return unitOf(nameOf(expr), '')
  for (const part of partsOf(expr)) {
    const unit = unitOfBounds(part)
    if (unit !== '') return unit
  }
  return ''
}
