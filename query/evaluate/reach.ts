import type { TimeRange } from '#core/ports/series-reader.ts'

import { type Expr, partsOf, type TimeShift, type VectorSelector } from '../language/ast.ts'

/** The first and last step, of a query or of a subquery. */
export interface Span {
  readonly from_ms: number
  readonly to_ms: number
}

export interface ReachOptions {
  readonly query: Span & { readonly steps: number }
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
}

/** Calls back for every selector. */
export function eachReach(
  expr: Expr,
  options: ReachOptions,
  visit: (selector: VectorSelector, reach: Reach) => void,
): void {
  const walk = (part: Expr, span: Span, steps: number): void => {
    if (part.kind === 'selector') {
      const moments = shifted(part, span, options.query)
      const once = moments.from_ms === moments.to_ms && part.edges !== 'smoothed'
      visit(part, { range: ahead(part, back(moments, options.lookback_ms), options.lookback_ms), once, steps })
    } else if (part.kind === 'matrix') {
      const { selector } = part
      const before_ms = selector.edges === undefined ? 0 : options.lookback_ms
      const moments = back(shifted(selector, span, options.query), part.range_ms + before_ms)
      visit(selector, { range: ahead(selector, moments, options.lookback_ms), once: false, steps })
    } else if (part.kind === 'subquery') {
      const inner = back(shifted(part, span, options.query), part.range_ms)
      const step_ms = part.step_ms === 0 ? options.subquery_step_ms : part.step_ms
      walk(part.inner, inner, Math.floor((inner.to_ms - inner.from_ms) / step_ms) + 1)
    } else for (const child of partsOf(part)) walk(child, span, steps)
  }
  walk(expr, options.query, options.query.steps)
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
