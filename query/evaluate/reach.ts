import type { RollupChoice, RollupResolution, RollupValue, TimeRange } from '#core/ports/series-reader.ts'

import { type Expr, partsOf, type TimeShift, unwrapped, type VectorSelector } from '../language/ast.ts'
import { FUNCTIONS } from '../language/value-types.ts'

/** The first and last step, of a query or of a subquery. */
export interface Span {
  readonly from_ms: number
  readonly to_ms: number
}

export interface ReachOptions {
  readonly query: Span & { readonly steps: number; readonly step_ms: number }
  /** Rollups may answer where samples are gone. */
  readonly rollups?: boolean
  readonly lookback_ms: number
  /** Step of a subquery that names none. */
  readonly subquery_step_ms: number
}

/** What a selector will be asked for. */
export interface Reach {
  /** Where its samples may lie, both ends included. */
  readonly range: TimeRange
  /** Only the newest in it is looked at. */
  readonly once: boolean
  /** How often its series are looked at, at most. */
  readonly steps: number
  /** How often each of its samples is looked at, at most, by effort (see `RollupSpec`); 0 of an instant selector: `steps` tells that. */
  readonly looks: number
  /** What may stand for samples that are gone; not there: nothing. */
  readonly rollups?: RollupChoice
}

/** Finest last. */
const RESOLUTIONS: readonly RollupResolution[] = [3_600_000, 300_000]

/** Calls back for every selector. */
export function eachReach(
  expr: Expr,
  options: ReachOptions,
  visit: (selector: VectorSelector, reach: Reach) => void,
): void {
  const { query } = options
  const walk = (part: Expr, { span, steps, grid, rolled, effort = 1 }: Looks): void => {
    const rollups = (selector: VectorSelector, value: RollupValue | undefined, range_ms: number) => {
      if (options.rollups !== true || value === undefined || selector.edges !== undefined) return {}
      const resolution_ms = resolutionOf([...gridOf(selector, grid, query), range_ms])
      return resolution_ms === undefined ? {} : { rollups: { resolution_ms, value } }
    }
    if (part.kind === 'selector') {
      const moments = shifted(part, span, query)
      const once = moments.from_ms === moments.to_ms && part.edges !== 'smoothed'
      const range = ahead(part, back(moments, options.lookback_ms), options.lookback_ms)
      visit(part, { range, once, steps, looks: 0, ...rollups(part, 'last', 0) })
    } else if (part.kind === 'matrix') {
      const { selector, range_ms } = part
      const before_ms = selector.edges === undefined ? 0 : options.lookback_ms
      const moments = back(shifted(selector, span, query), range_ms + before_ms)
      const range = ahead(selector, moments, options.lookback_ms)
      const looks = effort * overlaps(range_ms, span, steps)
      visit(selector, { range, once: false, steps, looks, ...rollups(selector, rolled, range_ms) })
    } else if (part.kind === 'subquery') {
      const inner = back(shifted(part, span, query), part.range_ms)
      const step_ms = part.step_ms === 0 ? options.subquery_step_ms : part.step_ms
      const count = Math.floor((inner.to_ms - inner.from_ms) / step_ms) + 1
      walk(part.inner, { span: inner, steps: count, grid: [step_ms] })
    } else {
      for (const child of partsOf(part))
        walk(child, { span, steps, grid, ...(part.kind === 'paren' ? { rolled, effort } : takes(part, child)) })
    }
  }
  walk(expr, {
    span: query,
    steps: query.steps,
    grid: query.steps === 1 ? [query.from_ms] : [query.from_ms, query.step_ms],
  })
}

/** When a part of an expression is looked at. */
interface Looks {
  readonly span: Span
  readonly steps: number
  /** Every look is at a sum of multiples of these. */
  readonly grid: readonly number[]
  /** What of a rollup may stand for samples of a range vector. */
  readonly rolled?: RollupValue | undefined
  /** Of whoever looks at a range vector; see `RollupSpec`. */
  readonly effort?: number | undefined
}

/** How a function takes a range vector. */
function takes(part: Expr, child: Expr): Pick<Looks, 'rolled' | 'effort'> {
  if (part.kind !== 'call' || unwrapped(child).kind !== 'matrix') return {}
  const { rolled, effort } = FUNCTIONS.get(part.name)!
  return { rolled, effort }
}

/** In how many windows a sample lies, at most. */
function overlaps(range_ms: number, { from_ms, to_ms }: Span, steps: number): number {
  return steps === 1 || to_ms === from_ms ? steps : Math.min(steps, (range_ms * (steps - 1)) / (to_ms - from_ms))
}

/** The coarsest of which all are multiples. */
function resolutionOf(times: readonly number[]): RollupResolution | undefined {
  return RESOLUTIONS.find((resolution_ms) => times.every((time_ms) => time_ms % resolution_ms === 0))
}

function gridOf({ at, offset_ms }: TimeShift, grid: readonly number[], query: Span): readonly number[] {
  if (at === null) return [...grid, offset_ms]
  return [at === 'start' ? query.from_ms : at === 'end' ? query.to_ms : at, offset_ms]
}

/** Windows are open on the left: a sample exactly `reach_ms` before a step is out. */
function back({ from_ms, to_ms }: Span, reach_ms: number): Span {
  return { from_ms: from_ms - reach_ms + 1, to_ms }
}

/** What is smoothed needs the next sample too. */
function ahead({ edges }: VectorSelector, range: Span, lookback_ms: number): Span {
  return edges === 'smoothed' ? { ...range, to_ms: range.to_ms + lookback_ms } : range
}

/** The times at which a selector or subquery looks, for steps of the query. */
export function shifted({ at, offset_ms }: TimeShift, steps: Span, query: Span): Span {
  const moment = at === 'start' ? query.from_ms : at === 'end' ? query.to_ms : at
  const { from_ms, to_ms } = moment === null ? steps : { from_ms: moment, to_ms: moment }
  return { from_ms: from_ms - offset_ms, to_ms: to_ms - offset_ms }
}

/** How far back from a step a selector of an expression may look, ms; Infinity where `@` fixes the time. */
export function reachesOf(expr: Expr, lookback_ms: number): { selector: VectorSelector; reach_ms: number }[] {
  const found: { selector: VectorSelector; reach_ms: number }[] = []
  const walk = (part: Expr, outer_ms: number): void => {
    const note = (selector: VectorSelector, own_ms: number): void => {
      const fixed = selector.at !== null || outer_ms === Infinity
      found.push({ selector, reach_ms: fixed ? Infinity : Math.max(0, outer_ms + own_ms + selector.offset_ms) })
    }
    if (part.kind === 'selector') note(part, lookback_ms)
    else if (part.kind === 'matrix') {
      note(part.selector, part.range_ms + (part.selector.edges === undefined ? 0 : lookback_ms))
    } else if (part.kind === 'subquery') {
      walk(part.inner, part.at === null ? outer_ms + part.range_ms + part.offset_ms : Infinity)
    } else for (const child of partsOf(part)) walk(child, outer_ms)
  }
  walk(expr, 0)
  return found
}
