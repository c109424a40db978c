import {
  type Aggregate,
  type Expr,
  type MatrixSelector,
  type Subquery,
  type TimeShift,
  unwrapped,
  type VectorSelector,
} from '../language/ast.ts'
import { FUNCTIONS } from '../language/value-types.ts'
import { aggregate } from './aggregate.ts'
import type { Annotations } from './annotations.ts'
import { binary, negate } from './binary.ts'
import type { Budget } from './budget.ts'
import { refuseEdges, smoothedColumns } from './edges.ts'
import type { Fetch } from './fetch.ts'
import { bytesOf } from './memory.ts'
import { shifted, type Span } from './reach.ts'
import { instantColumns, samplesOfBatches, samplesOfColumns } from './select.ts'
import { type Grid, type MatrixValue, timesOf, type Value, vector, type VectorValue } from './values.ts'

export interface EvaluatorOptions {
  readonly budget: Budget
  readonly fetch: Fetch
  readonly annotations: Annotations
  readonly query: Span & { readonly step_ms: number }
  readonly lookback_ms: number
  /** Step of a subquery that names none. */
  readonly subquery_step_ms: number
}

/** Evaluates an expression by operators: each works on whole columns, one value a step, and lets others have a turn. */
export class Evaluator {
  readonly #options: EvaluatorOptions

  constructor(options: EvaluatorOptions) {
    this.#options = options
  }

  async evaluate(expr: Expr, grid: Grid): Promise<Value> {
    const { budget } = this.#options
    if (budget.due) await budget.pause()
    budget.check()
    const { held } = budget
    const value = await this.#operate(expr, grid)
    budget.settle(held + bytesOf(value))
    return value
  }

  async #operate(expr: Expr, grid: Grid): Promise<Value> {
    const { budget } = this.#options
    switch (expr.kind) {
      case 'number':
        budget.spend(grid.count)
        return { kind: 'scalar', value: new Float64Array(grid.count).fill(expr.value) }
      case 'string':
        return { kind: 'string', value: expr.value }
      case 'selector':
        return this.#instant(expr, grid, false)
      case 'matrix':
        return this.#matrix(expr, grid)
      case 'subquery':
        return this.#subquery(expr, grid)
      case 'paren':
        return this.evaluate(expr.inner, grid)
      case 'unary': {
        const value = await this.evaluate(expr.inner, grid)
        return expr.op === '-' ? negate(value, budget) : value
      }
      case 'binary':
        return binary(expr, this.#options, {
          left: await this.evaluate(expr.left, grid),
          right: await this.evaluate(expr.right, grid),
        })
      case 'aggregate':
        return aggregate(bare(expr), {
          ...this.#options,
          steps: grid.count,
          inner: (await this.evaluate(expr.inner, grid)) as VectorValue,
          parameter: expr.parameter === null ? undefined : await this.evaluate(expr.parameter, grid),
        })
      case 'call':
        break
    }
    return this.#call(expr, grid)
  }

  async #call(expr: Extract<Expr, { kind: 'call' }>, grid: Grid): Promise<Value> {
    const part = FUNCTIONS.get(expr.name)!
    const values: Value[] = []
    for (const [i, arg] of expr.args.entries()) {
      const isTimed = part.timed === i && unwrapped(arg).kind === 'selector'
      const value = isTimed ? vector([]) : await this.evaluate(arg, grid)
      if (value.kind === 'matrix' && value.edges !== undefined) refuseEdges(value.edges.kind, expr.name)
      values.push(value)
    }
    return part.call({
      ...this.#options,
      grid,
      limits: this.#options.budget.limits,
      expr,
      exprs: expr.args.map(unwrapped),
      values,
      timestamps: (selector) => this.#instant(selector, grid, true),
    })
  }

  async #instant(selector: VectorSelector, grid: Grid, times: boolean): Promise<VectorValue> {
    const { fetch, budget, lookback_ms } = this.#options
    const at_ms = this.#moments(selector, grid)
    if (selector.edges === 'smoothed' && !times) {
      return vector(await smoothedColumns(samplesOfBatches(fetch.batches(selector)), budget, { at_ms, lookback_ms }))
    }
    return vector(await instantColumns(fetch.batches(selector), budget, { at_ms, lookback_ms, times }))
  }

  #matrix({ selector, range_ms }: MatrixSelector, grid: Grid): MatrixValue {
    const batches = samplesOfBatches(this.#options.fetch.batches(selector))
    const end_ms = this.#moments(selector, grid)
    const matrix: MatrixValue = { kind: 'matrix', batches, end_ms, range_ms, held_bytes: 0 }
    const { edges: kind } = selector
    return kind === undefined ? matrix : { ...matrix, edges: { kind, lookback_ms: this.#options.lookback_ms } }
  }

  /** The inner expression on a grid of its own, aligned to its step, wide enough for every window. */
  async #subquery(expr: Subquery, grid: Grid): Promise<MatrixValue> {
    const { budget, subquery_step_ms } = this.#options
    const end_ms = this.#moments(expr, grid)
    const step_ms = expr.step_ms === 0 ? subquery_step_ms : expr.step_ms
    const open_ms = end_ms[0]! - expr.range_ms
    const start_ms = (Math.floor(open_ms / step_ms) + 1) * step_ms
    const count = Math.max(0, Math.floor((end_ms.at(-1)! - start_ms) / step_ms) + 1)
    budget.steps(count)
    const inner: Grid = { start_ms, step_ms, count }
    const value = count === 0 ? vector([]) : ((await this.evaluate(expr.inner, inner)) as VectorValue)
    const batches = samplesOfColumns(value.columns, timesOf(inner), budget)
    return { kind: 'matrix', batches, end_ms, range_ms: expr.range_ms, held_bytes: bytesOf(value) }
  }

  /** When each step of the grid looks. */
  #moments(shift: TimeShift, grid: Grid): Float64Array {
    const times = timesOf(grid)
    for (let i = 0; i < times.length; i++) {
      const step = times[i]!
      times[i] = shifted(shift, { from_ms: step, to_ms: step }, this.#options.query).from_ms
    }
    return times
  }
}

/** Without the parentheses of its operands: notes say where these begin. */
function bare(expr: Aggregate): Aggregate {
  const parameter = expr.parameter === null ? null : unwrapped(expr.parameter)
  return { ...expr, inner: unwrapped(expr.inner), parameter }
}
