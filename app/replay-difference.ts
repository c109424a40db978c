import { isDeepStrictEqual } from 'node:util'

/** What happened from one time to another, RFC 3339 in UTC: such texts sort by time. */
interface Happening {
  readonly identity: string
  readonly begin: string
  /** While it lasted until the end of the capture: later than any time. */
  readonly end: string
  /** What a person would see change. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly form: unknown
}

/** The same happening under both configurations, with what is not the same of it. */
export interface Moved {
  readonly before: unknown
  readonly after: unknown
  readonly changed: readonly string[]
}

export interface Difference {
  readonly added: readonly unknown[]
  readonly removed: readonly unknown[]
  readonly moved: readonly Moved[]
}

type Form = Readonly<Record<string, unknown>>

const LASTING = '9999'
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const sortedText = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

/** Ids hold the place of the rule's file, which may be another one: rule and series say what a finding is of. */
function ofFinding(form: Form): Happening {
  const { rule, metric, labels, since, until, kind, severity, evidence } = form
  return {
    identity: sortedText([rule, metric ?? '', labels]),
    begin: textOf(since),
    end: until === undefined ? LASTING : textOf(until),
    facts: { since, until, kind, severity, evidence },
    form,
  }
}

/** By its symptom, which is fixed when it opens: causes, members and title may change. */
function ofIncident(form: Form): Happening {
  const { symptom, services, opened_at, resolved_at, severity, causes } = form
  const first = (causes as readonly Form[])[0]?.['service']
  return {
    identity: textOf(symptom) || textOf((services as readonly unknown[])[0]),
    begin: textOf(opened_at),
    end: resolved_at === undefined ? LASTING : textOf(resolved_at),
    facts: { opened_at, resolved_at, severity, services, cause: first },
    form,
  }
}

const inOrder = (a: Happening, b: Happening): number => (a.begin < b.begin ? -1 : a.begin > b.begin ? 1 : 0)

/** Pairs each happening with the one of the other side that began at the same time, else with the first that overlaps it. */
function paired(before: readonly Happening[], after: readonly Happening[]): Map<Happening, Happening> {
  const pairs = new Map<Happening, Happening>()
  const free = new Set(after)
  const take = (fits: (one: Happening, other: Happening) => boolean): void => {
    for (const one of before) {
      if (pairs.has(one)) continue
      const other = [...free].find((candidate) => fits(one, candidate))
      if (other === undefined) continue
      pairs.set(one, other)
      free.delete(other)
    }
  }
  take((one, other) => one.begin === other.begin)
  take((one, other) => one.begin <= other.end && other.begin <= one.end)
  return pairs
}

function differenceOf(before: readonly Happening[], after: readonly Happening[]): Difference {
  const groups = Map.groupBy(after.toSorted(inOrder), ({ identity }) => identity)
  const removed: unknown[] = []
  const moved: Moved[] = []
  const kept = new Set<Happening>()
  for (const [identity, ours] of Map.groupBy(before.toSorted(inOrder), (one) => one.identity)) {
    const pairs = paired(ours, groups.get(identity) ?? [])
    for (const one of ours) {
      const other = pairs.get(one)
      if (other === undefined) {
        removed.push(one.form)
        continue
      }
      kept.add(other)
      const changed = Object.keys(one.facts).filter((key) => !isDeepStrictEqual(one.facts[key], other.facts[key]))
      if (changed.length > 0) moved.push({ before: one.form, after: other.form, changed })
    }
  }
  return { added: after.filter((one) => !kept.has(one)).map(({ form }) => form), removed, moved }
}

interface Side {
  readonly findings: readonly unknown[]
  readonly incidents: readonly unknown[]
}

export interface ReplayDifference {
  /** True where nothing was added, removed or moved. */
  readonly same: boolean
  readonly findings: Difference
  readonly incidents: Difference
  readonly counts: Readonly<Record<'before' | 'after', { readonly findings: number; readonly incidents: number }>>
}

const isSame = ({ added, removed, moved }: Difference): boolean => added.length + removed.length + moved.length === 0
const countsOf = ({ findings, incidents }: Side) => ({ findings: findings.length, incidents: incidents.length })

/** What another configuration makes of the same capture; both sides in the forms of the API. */
export function replayDifference(before: Side, after: Side): ReplayDifference {
  const of = (key: 'findings' | 'incidents', read: (form: Form) => Happening): Difference =>
    differenceOf((before[key] as Form[]).map(read), (after[key] as Form[]).map(read))
  const findings = of('findings', ofFinding)
  const incidents = of('incidents', ofIncident)
  return {
    same: isSame(findings) && isSame(incidents),
    findings,
    incidents,
    counts: { before: countsOf(before), after: countsOf(after) },
  }
}
