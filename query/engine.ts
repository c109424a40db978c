import { type Clock, loopIdle_ms, monotonicNow_ms, systemClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import { type Meter, silentMeter } from '#core/ports/meter.ts'
import type {
  ExpressionInfo,
  QueryEngine,
  QueryOptions,
  QueryResult,
  QueryStats,
  RangeOptions,
} from '#core/ports/query-engine.ts'
import type { Matcher, SeriesReader } from '#core/ports/series-reader.ts'
import { Turns } from '#core/turns.ts'

import { Annotations } from './evaluate/annotations.ts'
import { BlockPool, QueryArrays } from './evaluate/arrays.ts'
import { Budget } from './evaluate/budget.ts'
import { Evaluator } from './evaluate/evaluator.ts'
import { Fetch } from './evaluate/fetch.ts'
import { QueryMemory } from './evaluate/memory.ts'
import { eachReach, reachesOf } from './evaluate/reach.ts'
import { instantResult, rangeResult, type ResultOptions } from './evaluate/result.ts'
import type { Grid, Value } from './evaluate/values.ts'
import { type Expr, TYPE_NAMES, unwrapped, type VectorSelector } from './language/ast.ts'
import { checkTypes } from './language/check.ts'
import type { QuerySteps } from './language/cst.ts'
import { parse } from './language/parse.ts'
import { parseError } from './language/position.ts'
import { pretty } from './language/pretty.ts'
import { unitOfExpression } from './language/unit.ts'
import { typeOf } from './language/value-types.ts'
import { DEFAULT_LIMITS, type QueryLimits } from './limits.ts'
import { ParsedQueries } from './parsed.ts'

export interface QueryEngineOptions {
  /** Asked in this order; a label set that two of them hold is an `execution` error. */
  readonly readers: readonly SeriesReader[]
  readonly limits?: Partial<QueryLimits>
  readonly meter?: Meter
  /** For timeouts and durations. */
  readonly clock?: Clock
  /** Shared with all that works long on this thread. */
  readonly turns?: Turns
  /** How far back an instant selector looks; 5 min. */
  readonly lookback_ms?: number
  /** Step of a subquery that names none; 1 min. */
  readonly subquery_step_ms?: number
}

interface Evaluation {
  readonly source: string
  readonly expr: Expr
  readonly grid: Grid
  readonly to_ms: number
  /** Of the query: 0 of an instant one. */
  readonly step_ms: number
  readonly options: QueryOptions & Pick<RangeOptions, 'rollups'>
  readonly resultOf: (value: Value, options: ResultOptions) => Promise<QueryResult>
}

/** Of a query that is only looked at: some durations are told by it. */
const TYPICAL_STEPS: QuerySteps = { step_ms: 60_000, range_ms: 3_600_000 }

export function createQueryEngine(options: QueryEngineOptions): QueryEngine {
  return new LocalQueryEngine(options)
}

/**
 * The same engine for callers that hold up everything else until they are answered, as rules do in their turn: others that were left a share of
 * the time would only wait for longer.
 */
export function atOnce(engine: QueryEngine): QueryEngine {
  return {
    instant: (expr, time_ms, options) => engine.instant(expr, time_ms, { ...options, at_once: true }),
    range: (expr, options) => engine.range(expr, { ...options, at_once: true }),
    inspect: (expr) => engine.inspect(expr),
    format: (expr) => engine.format(expr),
    matchers: (selector) => engine.matchers(selector),
  }
}

class LocalQueryEngine implements QueryEngine {
  readonly #readers: readonly SeriesReader[]
  readonly #limits: QueryLimits
  readonly #clock: Clock
  readonly #lookback_ms: number
  readonly #subqueryStep_ms: number
  readonly #turns: Turns
  readonly #memory: QueryMemory
  readonly #blocks = new BlockPool()
  readonly #queries
  readonly #duration
  readonly #samples
  readonly #parsed = new ParsedQueries((source, steps) => this.#parse(source, steps))

  constructor({
    readers,
    limits,
    meter = silentMeter,
    clock = systemClock,
    turns = new Turns(monotonicNow_ms, loopIdle_ms),
    ...times
  }: QueryEngineOptions) {
    this.#readers = readers
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
    this.#clock = clock
    this.#turns = turns
    this.#memory = new QueryMemory(this.#limits.memory)
    this.#lookback_ms = times.lookback_ms ?? 300_000
    this.#subqueryStep_ms = times.subquery_step_ms ?? 60_000
    this.#queries = meter.counter('barograph.query.queries', { description: 'Queries evaluated, by kind and outcome' })
    this.#duration = meter.histogram('barograph.query.duration', {
      description: 'Time of a query',
      unit: 's',
      bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    })
    this.#samples = meter.counter('barograph.query.values', { description: 'Samples read and values computed' })
    meter.gauge('barograph.query.memory', { description: 'Memory that running queries hold', unit: 'By' }, () => {
      return this.#memory.used
    })
  }

  async instant(source: string, time_ms: number, options: QueryOptions = {}): Promise<QueryResult> {
    return this.#measured('instant', async () => {
      const expr = this.#checked(source, { step_ms: 0, range_ms: 0 })
      const grid = { start_ms: time_ms, step_ms: 1, count: 1 }
      return this.#evaluate({ source, expr, grid, to_ms: time_ms, step_ms: 0, options, resultOf: instantResult })
    })
  }

  async range(source: string, options: RangeOptions): Promise<QueryResult> {
    return this.#measured('range', async () => {
      const { from_ms, to_ms, step_ms } = options
      if (!(step_ms > 0)) {
        const message = 'zero or negative query resolution step widths are not accepted. Try a positive integer'
        throw new ServiceError('bad_data', message)
      }
      if (!(to_ms >= from_ms)) throw new ServiceError('bad_data', 'end timestamp must not be before start time')
      const expr = this.#checked(source, { step_ms, range_ms: to_ms - from_ms })
      const type = typeOf(expr)
      if (type !== 'vector' && type !== 'scalar') {
        const message = `invalid expression type "${TYPE_NAMES[type]}" for range query, must be Scalar or instant Vector`
        throw new ServiceError('bad_data', message)
      }
      const grid = { start_ms: from_ms, step_ms, count: Math.floor((to_ms - from_ms) / step_ms) + 1 }
      return this.#evaluate({ source, expr, grid, to_ms, step_ms, options, resultOf: rangeResult })
    })
  }

  inspect(source: string): ExpressionInfo {
    const expr = this.#checked(source)
    const whole = unwrapped(expr)
    const ranges = reachesOf(expr, 0)
    return {
      type: typeOf(expr),
      selectors: reachesOf(expr, this.#lookback_ms).map(({ selector: { matchers, offset_ms }, reach_ms }, i) => ({
        matchers,
        reach_ms,
        window_ms: Math.max(0, ranges[i]!.reach_ms - offset_ms),
      })),
      plain: whole.kind === 'selector' && isPlain(whole) ? whole.matchers : null,
      unit: unitOfExpression(expr),
    }
  }

  format(source: string): string {
    return pretty(this.#checked(source))
  }

  matchers(source: string): readonly Matcher[] {
    if (source.trim() === '')
      throw new ServiceError('bad_data', 'unknown position: parse error: unexpected end of input')
    const expr = parse(source, this.#limits, TYPICAL_STEPS)
    if (expr.kind === 'selector' && isPlain(expr)) return expr.matchers
    throw parseError(source, 0, 'expected a series selector: name{label="value"}')
  }

  /** Durations may be told by the query: without one `step()` and `range()` stand for some that are there. */
  #checked(source: string, steps = TYPICAL_STEPS): Expr {
    return this.#parsed.get(source, steps)
  }

  #parse(source: string, steps: QuerySteps): Expr {
    const expr = parse(source, this.#limits, steps)
    checkTypes(source, expr)
    return expr
  }

  async #evaluate({ source, expr, grid, to_ms, step_ms, options, resultOf }: Evaluation): Promise<QueryResult> {
    const arrays = new QueryArrays(this.#blocks)
    const budget = new Budget({
      limits: this.#limits,
      clock: this.#clock,
      turns: this.#turns,
      memory: this.#memory,
      arrays,
      ...(options.timeout_ms === undefined ? {} : { timeout_ms: options.timeout_ms }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      at_once: options.at_once === true,
    })
    await budget.start()
    budget.steps(grid.count)
    const query = { from_ms: grid.start_ms, to_ms, step_ms }
    const lookback_ms = options.lookback_ms ?? this.#lookback_ms
    const fetch = new Fetch(this.#readers, budget)
    const subquery_step_ms = this.#subqueryStep_ms
    const { rollups = false } = options
    const reach = { query: { ...query, steps: grid.count }, lookback_ms, subquery_step_ms, rollups }
    eachReach(expr, reach, (selector, wanted) => fetch.want(selector, wanted))
    const annotations = new Annotations(source)
    const evaluator = new Evaluator({ budget, fetch, annotations, query, lookback_ms, subquery_step_ms })
    const times = [this.#turns.begin()]
    try {
      await fetch.load()
      times.push(this.#turns.begin())
      const value = await evaluator.evaluate(expr, grid)
      times.push(this.#turns.begin())
      const result = await resultOf(value, { grid, annotations, budget })
      times.push(this.#turns.begin())
      options.stats?.(statsOf(times, budget))
      return result
    } finally {
      arrays.release()
      this.#samples.add(budget.spent)
      budget.end()
    }
  }

  async #measured(kind: string, run: () => Promise<QueryResult>): Promise<QueryResult> {
    const started_ms = this.#clock.now_ms()
    let outcome = 'ok'
    try {
      return await run()
    } catch (error) {
      outcome = error instanceof ServiceError ? error.code : 'internal'
      throw error
    } finally {
      this.#queries.add(1, { kind, outcome })
      this.#duration.record((this.#clock.now_ms() - started_ms) / 1000, { kind })
    }
  }
}

/** `times`: of its beginning, and of the end of each part. */
function statsOf(times: readonly number[], { looked, peak }: Budget): QueryStats {
  const [preparing_ms, evaluating_ms, sorting_ms] = times.slice(1).map((time_ms, i) => time_ms - times[i]!)
  return {
    preparing_ms: preparing_ms!,
    evaluating_ms: evaluating_ms!,
    sorting_ms: sorting_ms!,
    samples: looked,
    peak_bytes: peak,
  }
}

function isPlain({ offset_ms, at, edges }: VectorSelector): boolean {
  return offset_ms === 0 && at === null && edges === undefined
}
