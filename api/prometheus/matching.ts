import { messageOf, ServiceError } from '#core/errors.ts'
import { listingOf, mergedTexts } from '#core/label-listing.ts'
import { compileMatchers } from '#core/matching.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { Matcher, TimeRange } from '#core/ports/series-reader.ts'
import { Labels } from '#core/series.ts'
import { sorting } from '#core/sorting.ts'
import type { Steps } from '#core/steps.ts'
import { inTurns } from '#core/turns.ts'

import type { Api } from '../route.ts'
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

/** What a reader tells of the union of the selectors (of everything where there is none); each of its lists is sorted, each text once, and so is this. */
export function namesOfSelectors(
  form: Form,
  { ports, turns }: Api,
  ask: (matchers: readonly Matcher[], range: TimeRange | undefined) => Steps<string[]>,
): Promise<string[]> {
  const sets = selectorsOf(form, ports.query)
  const range = rangeOf(form)
  return inTurns(
    turns,
    asking(sets.length === 0 ? [[]] : sets, (set) => ask(set, range)),
  )
}

function* asking(
  sets: readonly (readonly Matcher[])[],
  ask: (set: readonly Matcher[]) => Steps<string[]>,
): Steps<string[]> {
  const lists: string[][] = []
  for (const set of sets) lists.push(yield* ask(set))
  return yield* mergedTexts(lists)
}

/** The first `most` label sets of the union of the selectors, each once, ordered; others have their turns meanwhile. */
export function labelSetsOf(form: Form, { ports, turns }: Api, most: number): Promise<Labels[]> {
  const range = rangeOf(form)
  const sets = matcherSets(form, ports.query)
  return inTurns(
    turns,
    collecting(sets, most, (set) => listingOf(ports.reader, set, range)),
  )
}

function* collecting(
  sets: readonly (readonly Matcher[])[],
  most: number,
  list: (set: readonly Matcher[]) => Iterable<readonly Labels[]>,
): Steps<Labels[]> {
  const union = new Map<string, Labels>()
  for (const set of sets) {
    let found = 0
    for (const batch of list(set)) {
      for (const labels of batch) union.set(labels.key, labels)
      found += batch.length
      if (found >= most) break
      yield
    }
  }
  const all = [...union.values()]
  return (sets.length > 1 ? yield* sorting(all, (a, b) => a.compare(b)) : all).slice(0, most)
}
