import { aggregations, subqueries } from '../interop/promql/queries/aggregations.ts'
import { errors } from '../interop/promql/queries/errors.ts'
import { functions } from '../interop/promql/queries/functions.ts'
import { classic, native } from '../interop/promql/queries/histograms.ts'
import { operators } from '../interop/promql/queries/operators.ts'
import { selectors } from '../interop/promql/queries/selectors.ts'

const KNOWN = [
  ...aggregations,
  ...subqueries,
  ...errors,
  ...functions,
  ...classic,
  ...native,
  ...operators,
  ...selectors,
]
const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '==',
  '>',
  'and',
  'or',
  'unless',
  '+ on (job)',
  '* ignoring (instance)',
  '- on () group_left ()',
]
const WRAPS = [
  'sum by (job) (',
  'topk(3, ',
  'count_values("v", ',
  'quantile(0.5, ',
  'abs(',
  '-(',
  'label_replace(',
  'max_over_time((',
  'absent(',
  'sort(',
  '(',
]
const PIECES = [
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '`',
  ',',
  '@',
  ':',
  '\\',
  '5m',
  '1e400',
  ' offset ',
  '日',
  '\uD800',
  '[1h:1s]',
  '[100y:1ms]',
]

/** Queries of the comparison with Prometheus: as they are, put together by the grammar, or damaged. */
export class Expressions {
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  next(): string {
    const kind = this.#random()
    const one = this.#grown(3)
    return kind < 0.3 ? this.#pick(KNOWN) : kind < 0.75 ? one : this.#damaged(one)
  }

  #grown(depth: number): string {
    const kind = depth === 0 ? 0 : this.#random()
    if (kind < 0.35) return this.#pick(KNOWN)
    if (kind < 0.6) return `${this.#grown(depth - 1)} ${this.#pick(OPERATORS)} ${this.#grown(depth - 1)}`
    const wrap = this.#pick(WRAPS)
    const inner = this.#grown(depth - 1)
    if (wrap.startsWith('label_replace')) return `${wrap}${inner}, "x", "$1$1", "job", "(.*)")`
    return wrap.startsWith('max_over_time') ? `${wrap}${inner})[10m:1m])` : `${wrap}${inner})`
  }

  /** Something taken out, put in, or there twice. */
  #damaged(source: string): string {
    const at = Math.floor(this.#random() * (source.length + 1))
    const length = Math.floor(this.#random() * 6)
    return (
      source.slice(0, at) +
      this.#pick(PIECES) +
      source.slice(this.#random() < 0.8 ? at + length : Math.max(0, at - length))
    )
  }

  #pick<T>(some: readonly T[]): T {
    return some[Math.floor(this.#random() * some.length)]!
  }
}
