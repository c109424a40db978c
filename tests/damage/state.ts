import type { Barograph } from '../acceptance/barograph.ts'

const ALL = { from_ms: -Infinity, to_ms: Infinity }
/** What is derived is judged by what it was derived from. */
const DERIVED = /^barograph_|^ALERTS|^level:/

interface Incident {
  readonly id: string
}

/** All that can be asked of a process: by what is asked, its answer as text. */
export class State {
  readonly #facts: ReadonlyMap<string, ReadonlyMap<string, string>>

  constructor(facts: ReadonlyMap<string, ReadonlyMap<string, string>>) {
    this.#facts = facts
  }

  summary(): string {
    return [...this.#facts].map(([kind, facts]) => `${kind} ${facts.size}`).join(', ')
  }

  /** What is answered here and was never so. */
  wrong(whole: State): string[] {
    const faults: string[] = []
    for (const [kind, facts] of this.#facts) {
      if (kind === 'incidents' || kind === 'findings' || kind === 'graph' || kind === 'derived') continue
      const was = whole.#facts.get(kind)!
      const other = [...facts].filter(([key, value]) => {
        // Of a rollup parts may be lost.
        return kind === 'rollups' ? !(Number(value) <= Number(was.get(key))) : was.get(key) !== value
      })
      const [first] = other
      if (first !== undefined)
        faults.push(`${other.length} wrong ${kind}, as ${first[0]}: ${first[1]}, was ${was.get(first[0])}`)
    }
    return faults
  }

  /** What was there and is not here. */
  missing(whole: State): string {
    const lost: string[] = []
    for (const [kind, was] of whole.#facts) {
      const facts = this.#facts.get(kind)!
      const count = [...was.keys()].filter((key) => !facts.has(key)).length
      if (count > 0) lost.push(`${count} of ${was.size} ${kind}`)
    }
    return lost.join(', ')
  }
}

export async function stateOf(barograph: Barograph): Promise<State> {
  const { store, detectors } = barograph.service.engine
  const samples = new Map<string, string>()
  const derived = new Map<string, string>()
  for (const { labels, time_ms, value } of store.select([], ALL)) {
    const to = DERIVED.test(labels.get('__name__') ?? '') ? derived : samples
    for (let i = 0; i < time_ms.length; i++) {
      const key = `${labels.key}@${time_ms[i]}`
      to.set(to.has(key) ? `${key} twice` : key, String(value[i]))
    }
  }
  const rollups = new Map<string, string>()
  for (const resolution_ms of [300_000, 3_600_000] as const) {
    for (const { labels, time_ms, count } of store.rollups([], ALL, resolution_ms)) {
      if (DERIVED.test(labels.get('__name__') ?? '')) continue
      for (let i = 0; i < time_ms.length; i++)
        rollups.set(`${resolution_ms} ${labels.key}@${time_ms[i]}`, String(count[i]))
    }
  }
  const { incidents } = await barograph.get<{ incidents: Incident[] }>('/api/v1/incidents?limit=1000')
  const findings = detectors.findings.list({ limit: 10_000 })
  const changes = await barograph.get<{ changes: Incident[] }>('/api/v1/changes?limit=1000')
  const { edges } = await barograph.get<{ edges: { caller: string; callee: string }[] }>('/api/v1/graph')
  const byId = (list: readonly Incident[]) => new Map(list.map((one) => [one.id, JSON.stringify(one)]))
  return new State(
    new Map([
      ['samples', samples],
      ['derived', derived],
      ['rollups', rollups],
      ['incidents', byId(incidents)],
      ['findings', byId(findings)],
      ['changes', byId(changes.changes)],
      ['graph', new Map(edges.map((edge) => [`${edge.caller} ${edge.callee}`, JSON.stringify(edge)]))],
    ]),
  )
}
