import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import type { Matcher } from '#core/ports/series-reader.ts'
import { selectorText } from '#core/selector.ts'

import { namesOf } from './selector.ts'

/** A rule, or a demand of a scaling policy, as far as its history matters. */
export interface Wish {
  readonly kind: 'record' | 'alert' | 'anomaly' | 'forecast' | 'demand'
  readonly name: string
  readonly expr: string
  readonly for_ms: number
  /** It only supports other findings: its series are not fetched for it alone. */
  readonly evidence: boolean
  /** Key of the rule, where it is one. */
  readonly rule?: string
  /** It is evaluated there, from the beginning of its history on: what it reads need not be here. */
  readonly datasource?: string | undefined
}

interface PlanOptions {
  readonly range_ms: number
  readonly inspect: (expr: string) => ExpressionInfo
}

/** Series to be fetched, and how far back. */
export interface Wanted {
  /** As PromQL; what is fetched is noted under it. */
  readonly selector: string
  readonly matchers: readonly Matcher[]
  readonly range_ms: number
}

export interface Plan {
  readonly wanted: readonly Wanted[]
  /** Selectors that may find anything: they are not fetched. */
  readonly unbounded: number
}

/** What the newest samples alone tell, and live data gives at once. */
const PRESENT_MS = 300_000
/** Made here. */
const OWN = /^(?:barograph_|ALERTS$|ALERTS_FOR_STATE$)/

/**
 * What the expressions read: of those that learn (anomaly and forecast rules, demands) for the whole range; of others as
 * far as one step looks back. A recorded series is made here from what its rule reads, as long as is wanted of it.
 */
export function planHistory(wishes: readonly Wish[], { range_ms, inspect }: PlanOptions): Plan {
  const recorded = new Set(wishes.filter(({ kind }) => kind === 'record').map(({ name }) => name))
  const found = new Map<string, Wanted>()
  const unbounded = new Set<string>()
  for (const { wish, selectors, range_ms: wanted_ms } of readsOf(wishes, { range_ms, inspect })) {
    if (wish.datasource !== undefined) continue
    for (const { matchers, reach_ms } of selectors) {
      const names = namesOf(matchers)
      const selector = selectorText(matchers)
      if (wanted_ms === undefined) continue
      if (names === undefined) {
        unbounded.add(selector)
        continue
      }
      const reach = wanted_ms + reach_ms
      if (names.every((name) => OWN.test(name) || recorded.has(name)) || reach <= PRESENT_MS) continue
      const known = found.get(selector)?.range_ms ?? 0
      found.set(selector, { selector, matchers, range_ms: Math.min(range_ms, Math.max(known, reach)) })
    }
  }
  return { wanted: withoutCovered([...found.values()]), unbounded: unbounded.size }
}

/** How far back the steps of rules are wanted that an upstream evaluates, by the rule's key. */
export function wantedSteps(wishes: readonly Wish[], options: PlanOptions): Map<string, number> {
  return new Map(
    readsOf(wishes, options).flatMap(({ wish: { rule, datasource }, range_ms }) =>
      rule === undefined || datasource === undefined ? [] : [[rule, Math.min(range_ms ?? 0, options.range_ms)]],
    ),
  )
}

interface Read {
  readonly wish: Wish
  readonly selectors: ExpressionInfo['selectors']
  /** How far back steps are wanted; undefined: not at all. */
  range_ms: number | undefined
}

function readsOf(wishes: readonly Wish[], { range_ms, inspect }: PlanOptions): Read[] {
  const recorded = new Set(wishes.filter(({ kind }) => kind === 'record').map(({ name }) => name))
  const reads = wishes.map((wish) => ({
    wish,
    selectors: inspect(wish.expr).selectors,
    range_ms: ownRange(wish, range_ms),
  }))
  prolong(reads, recorded)
  return reads
}

function ownRange({ kind, evidence, for_ms }: Wish, range_ms: number): number | undefined {
  if (evidence) return undefined
  return kind === 'anomaly' || kind === 'forecast' || kind === 'demand' ? range_ms : for_ms
}

/** A recorded series is wanted as far back as those want it who read it; some read others. */
function prolong(reads: readonly Read[], recorded: ReadonlySet<string>): void {
  for (let changed = true; changed;) {
    changed = false
    for (const { selectors, range_ms } of reads) {
      if (range_ms === undefined) continue
      for (const { matchers, reach_ms } of selectors) {
        const names = namesOf(matchers)?.filter((name) => recorded.has(name)) ?? []
        for (const read of reads) {
          if (read.wish.kind !== 'record' || !names.includes(read.wish.name)) continue
          // A step of the reader looks back itself; what lies within the whole range is enough.
          const wanted_ms = Math.max(range_ms, reach_ms)
          if ((read.range_ms ?? 0) >= wanted_ms) continue
          read.range_ms = wanted_ms
          changed = true
        }
      }
    }
  }
}

/** Without those whose series others find as well. */
function withoutCovered(wanted: readonly Wanted[]): Wanted[] {
  const keys = wanted.map(({ matchers }) => new Set(matchers.map(({ name, op, value }) => `${name}${op}${value}`)))
  return wanted.filter((one, i) =>
    wanted.every((other, j) => {
      const covers = j !== i && other.range_ms >= one.range_ms && keys[j]!.isSubsetOf(keys[i]!)
      return !covers || (keys[j]!.size === keys[i]!.size && j > i)
    }),
  )
}
