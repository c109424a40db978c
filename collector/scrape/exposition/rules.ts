import { EXEMPLAR_LENGTH } from '#core/sample.ts'

import { type Facts, factsOf, type MetricGroup, NOT_NAN, NOT_NEGATIVE, ONE, WHOLE, ZERO_OR_ONE } from './facts.ts'
import type { Family, Metadata } from './family.ts'
import type { Line } from './lines.ts'
import type { PageExemplar } from './page-reader.ts'

function characters(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++
  return count
}

/** What the rules know of a family. */
interface Known {
  page: number
  /** Kinds of metadata on this page. */
  readonly told: Set<string>
  sampled: boolean
  groupsOnPage: number
  readonly groups: Map<string, MetricGroup>
  /** The type under which it claimed its names; '' before. */
  claimedAs: Family['type'] | ''
  /** Families that claim one of its names. */
  readonly rivals: Set<Known>
}

/** Names that are remembered as claimed; families beyond it are not looked at for names in common. */
const MOST_CLAIMS = 100_000

function valueFault(bits: number, value: number): string {
  if ((bits & NOT_NAN) !== 0 && Number.isNaN(value)) return 'a value is NaN'
  if ((bits & NOT_NEGATIVE) !== 0 && value < 0) return 'a value is below zero'
  if ((bits & WHOLE) !== 0 && !Number.isInteger(value)) return 'a count is not whole'
  if ((bits & ONE) !== 0 && value !== 1) return 'the value of an info is not 1'
  if ((bits & ZERO_OR_ONE) !== 0 && value !== 0 && value !== 1) return 'a state is neither 0 nor 1'
  return ''
}

/** The names that a family's samples, or the family itself, go by. */
const CLAIMS: Readonly<Partial<Record<Family['type'], readonly string[]>>> = {
  counter: ['', '_total', '_created'],
  summary: ['', '_count', '_sum', '_created'],
  histogram: ['', '_count', '_sum', '_bucket', '_created'],
  gaugehistogram: ['', '_gcount', '_gsum', '_bucket'],
  info: ['', '_info'],
}

function claimsOf(name: string, type: Family['type']): string[] {
  return (CLAIMS[type] ?? ['']).map((suffix) => name + suffix)
}

function newKnown(): Known {
  const none = { told: new Set<string>(), groups: new Map<string, MetricGroup>(), rivals: new Set<Known>() }
  return { ...none, page: 0, sampled: false, groupsOnPage: 0, claimedAs: '' }
}

/**
 * What OpenMetrics demands beyond its grammar: order, uniqueness, values by type. `report` is told of each rule that is broken;
 * it may throw. Source: OpenMetrics specification, 2022, "Data model" and "Metric types".
 */
export class OpenMetricsRules<Series> {
  readonly #report: (rule: string) => void
  readonly #families = new WeakMap<Family, Known>()
  readonly #claimed = new Map<string, Set<Known>>()
  #page = 0
  #family: Family | undefined
  #group: MetricGroup | undefined
  #histogram = false
  #known: Known | undefined

  constructor(report: (rule: string) => void) {
    this.#report = report
  }

  begin(): void {
    this.#page++
    this.#family = undefined
    this.#group = undefined
  }

  metadata({ kind }: Metadata, family: Family): void {
    const known = this.#enter(family)
    if (known.sampled) this.#report('metadata stand behind samples')
    if (known.told.has(kind)) this.#report('metadata are repeated')
    known.told.add(kind)
    const unitless = family.type === 'info' || family.type === 'stateset'
    if (unitless && family.unit !== '' && kind !== 'help' && known.told.has('unit') && known.told.has('type')) {
      this.#report(`a ${family.type} has a unit`)
    }
    if (kind === 'type') this.#claim(family, known)
  }

  sample(line: Line<Series>, value: number, time_ms: number, exemplar: PageExemplar | undefined): void {
    const { family } = line
    if (family !== this.#family) this.#enter(family)
    const known = this.#known!
    if (line.facts === undefined || line.facts.group.gone) line.facts = factsOf(line.head, family, known.groups)
    const { facts } = line
    known.sampled = true
    if (facts.fault !== '') this.#report(facts.fault)
    if (facts.value !== 0) {
      const fault = valueFault(facts.value, value)
      if (fault !== '') this.#report(fault)
    }
    this.#placed(facts, time_ms)
    if (this.#histogram) this.#part(facts, value)
    if (exemplar !== undefined) this.#exemplar(facts, exemplar)
    facts.page = this.#page
  }

  end(): void {
    this.#leave()
  }

  #enter(family: Family): Known {
    if (family === this.#family) return this.#known!
    this.#leave()
    this.#family = family
    this.#histogram = family.type === 'histogram' || family.type === 'gaugehistogram'
    let known = this.#families.get(family)
    if (known === undefined) {
      this.#families.set(family, (known = newKnown()))
    }
    if (known.page === this.#page) this.#report('a family is not in one piece')
    else {
      known.page = this.#page
      known.told.clear()
      known.sampled = false
      known.groupsOnPage = 0
    }
    this.#known = known
    return known
  }

  /** Names are claimed once for all pages: on each of them only rivals are looked for. */
  #claim(family: Family, known: Known): void {
    this.#histogram = family.type === 'histogram' || family.type === 'gaugehistogram'
    if (known.claimedAs !== family.type) this.#claimAnew(family, known)
    for (const rival of known.rivals) {
      if (rival.page === this.#page) this.#report('two families have a name in common')
    }
  }

  #claimAnew({ name, type }: Family, known: Known): void {
    if (known.claimedAs !== '')
      for (const claim of claimsOf(name, known.claimedAs)) this.#claimed.get(claim)?.delete(known)
    for (const rival of known.rivals) rival.rivals.delete(known)
    known.rivals.clear()
    known.claimedAs = type
    if (this.#claimed.size > MOST_CLAIMS) return
    for (const claim of claimsOf(name, type)) {
      const others = this.#claimed.get(claim) ?? new Set<Known>()
      for (const other of others) {
        known.rivals.add(other)
        other.rivals.add(known)
      }
      this.#claimed.set(claim, others.add(known))
    }
    known.rivals.delete(known)
  }

  /** Series of a metric stand together, their times ascend, and none comes twice for one time. */
  #placed(facts: Facts, time_ms: number): void {
    const { group } = facts
    const timed = !Number.isNaN(time_ms)
    if (group !== this.#group) {
      this.#leavePoint()
      if (group.page === this.#page) this.#report('a metric is not in one piece')
      else this.#known!.groupsOnPage++
      group.page = this.#page
      group.timed = timed
      group.time_ms = time_ms
      this.#group = group
      group.beginPoint()
      return
    }
    if (group.timed !== timed) this.#report('timestamps are given for a part of a metric')
    if (timed && time_ms < group.time_ms) this.#report('timestamps do not ascend')
    if (timed && time_ms > group.time_ms) {
      this.#leavePoint()
      group.time_ms = time_ms
      group.beginPoint()
    }
    if (!timed && facts.page === this.#page) this.#report('a sample is repeated')
  }

  #part({ role, le, group }: Facts, value: number): void {
    if (role === 'sum') {
      group.hasSum = true
      group.negativeSum = value < 0
    } else if (role === 'count') group.count = value
    else if (role === 'bucket') {
      if (le <= group.le) this.#report('buckets do not ascend')
      if (value < group.last) this.#report('buckets are not cumulative')
      group.negativeBuckets ||= le < 0
      group.le = le
      group.last = value
      group.buckets++
    }
  }

  #exemplar(facts: Facts, { pairs }: PageExemplar): void {
    if (!facts.exemplars) this.#report('a sample may have no exemplar')
    let length = 0
    for (const [name, value] of pairs) length += characters(name) + characters(value)
    if (length > EXEMPLAR_LENGTH) this.#report('the labels of an exemplar are too long')
  }

  #leave(): void {
    this.#leavePoint()
    this.#group = undefined
    if (this.#family !== undefined) this.#trim(this.#known!)
    this.#family = undefined
  }

  /** Metrics come and go: those that are not on the page are forgotten once they are as many as those that are. */
  #trim({ groups, groupsOnPage }: Known): void {
    if (groups.size <= 2 * groupsOnPage + 64) return
    for (const [key, group] of groups) {
      if (group.page === this.#page) continue
      group.gone = true
      groups.delete(key)
    }
  }

  /** The point of a histogram is whole. */
  #leavePoint(): void {
    const group = this.#group
    if (group === undefined || !this.#histogram) return
    const counted = !Number.isNaN(group.count)
    if (group.le !== Infinity) this.#report('a histogram has no +Inf bucket')
    else if (counted && group.count !== group.last) this.#report('a count is not that of the +Inf bucket')
    if (group.hasSum !== counted) this.#report('a histogram has a sum or a count, and not both')
    const gauge = this.#family?.type === 'gaugehistogram'
    if (group.hasSum && group.negativeBuckets && !gauge) this.#report('a histogram with buckets below zero has a sum')
    if (gauge && group.negativeSum && !group.negativeBuckets) this.#report('a sum is below zero, and no bucket is')
  }
}
