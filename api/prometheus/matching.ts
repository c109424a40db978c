import { messageOf, ServiceError } from '#core/errors.ts'
import { compileMatchers } from '#core/matching.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { Matcher, SeriesReader, TimeRange } from '#core/ports/series-reader.ts'
import { Labels } from '#core/series.ts'

import { type Form, invalidParameter } from './form.ts'
import { FARTHEST_MS } from './time.ts'

/** Whether labels satisfy every matcher of at least one set; no set at all lets everything pass. */
export function matchesAny(sets: readonly (readonly Matcher[])[], labels: Readonly<Record<string, string>>): boolean {
  if (sets.length === 0) return true
  return sets.some((set) => compileMatchers(set)({ get: (name) => labels[name] ?? '' }))
}

/** The selectors of `match[]`, each with a matcher that an empty label does not satisfy. */
function selectorsOf(form: Form, engine: QueryEngine): (readonly Matcher[])[] {
  return form.all('match[]').map((selector) => {
    const set = engine.matchers(selector)
    if (set.some((matcher) => !compileMatchers([matcher])(Labels.empty))) return set
    throw new ServiceError('bad_data', 'match[] must contain at least one non-empty matcher')
  })
}

/** The same, where Prometheus names the parameter that is wrong. */
export function matcherSets(form: Form, engine: QueryEngine): (readonly Matcher[])[] {
  try {
    return selectorsOf(form, engine)
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'bad_data') throw invalidParameter('match[]', messageOf(error))
    throw error
  }
}

/** `start` and `end`; undefined where neither is given. */
export function rangeOf(form: Form): TimeRange | undefined {
  if (form.text('start') === '' && form.text('end') === '') return undefined
  const range = { from_ms: form.time('start', -FARTHEST_MS), to_ms: form.time('end', FARTHEST_MS) }
  if (range.to_ms < range.from_ms) throw invalidParameter('end', 'end timestamp must not be before start time')
  return range
}

/** What a reader tells of the union of the selectors (of everything where there is none), selector by selector. */
export function ofEachSelector<T>(
  form: Form,
  engine: QueryEngine,
  ask: (matchers: readonly Matcher[], range: TimeRange | undefined) => T[],
): T[] {
  const sets = selectorsOf(form, engine)
  const range = rangeOf(form)
  return sets.length === 0 ? ask([], range) : sets.flatMap((set) => ask(set, range))
}

/** Label sets of the union of the selectors (of everything where there is none), each once, ordered. */
export function labelSetsOf(reader: SeriesReader, form: Form, engine: QueryEngine): Labels[] {
  const sets = matcherSets(form, engine)
  const range = rangeOf(form)
  if (sets.length <= 1) return reader.labelSets(sets[0] ?? [], range)
  const union = new Map(sets.flatMap((set) => reader.labelSets(set, range)).map((labels) => [labels.key, labels]))
  return [...union.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}
