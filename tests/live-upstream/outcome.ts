// What came of the rules on both sides, and how it differs.
import type { Server } from '../interop/process/barograph.ts'
import { written } from '../live-rules/written.ts'

const EXAMPLES = 5

interface FoundForm {
  readonly id: string
  readonly rule: string
  readonly labels: Readonly<Record<string, string>>
  readonly since: string
  readonly until?: string
  readonly state: string
}

export interface Outcome {
  /** By series, then by step. */
  readonly written: Awaited<ReturnType<typeof written>>
  readonly findings: readonly FoundForm[]
}

/** What one side wrote from `from_ms` to `to_ms`, and all that it found. */
export async function outcomeOf(server: Server, from_ms: number, to_ms: number): Promise<Outcome> {
  const { findings } = await server.get<{ findings: FoundForm[] }>('/api/v1/findings?limit=1000')
  return { written: await written(server.apiUrl, from_ms, to_ms), findings }
}

export interface SampleDifferences {
  samples: number
  only_here: number
  only_there: number
  /** Values that differ by more than nine digits. */
  values: number
  readonly examples: string[]
}

/** Samples at steps that `counts` says. */
export function sampleDifferences(
  here: Outcome,
  there: Outcome,
  counts: (step_ms: number) => boolean,
): SampleDifferences {
  const found: SampleDifferences = { samples: 0, only_here: 0, only_there: 0, values: 0, examples: [] }
  for (const key of new Set([...here.written.keys(), ...there.written.keys()])) {
    const [one, other] = [here.written.get(key), there.written.get(key)]
    for (const step of new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])])) {
      // Active since someone looks.
      if (!counts(step) || key.includes('"Always"')) continue
      compare(found, `${key} at ${new Date(step).toISOString()}`, one?.get(step), other?.get(step))
    }
  }
  return found
}

function compare(found: SampleDifferences, what: string, a: string | undefined, b: string | undefined): void {
  found.samples++
  if (a === undefined) found.only_there++
  else if (b === undefined) found.only_here++
  else if (Math.abs(Number(a) - Number(b)) > 1e-9 * Math.abs(Number(a))) found.values++
  else return
  if (found.examples.length < EXAMPLES) found.examples.push(`${what}: ${a}, ${b}`)
}

export interface FindingDifferences {
  readonly both: number
  readonly only_here: string[]
  readonly only_there: string[]
  /** Of one series and rule at one time. */
  readonly twice: string[]
}

const named = ({ rule, labels, since, until = '…' }: FoundForm): string =>
  `${rule} ${labels['job'] ?? ''} ${since} to ${until}`

/** Findings that began at a time that `counts` says, by id: rule, series and beginning. */
export function findingDifferences(
  here: Outcome,
  there: Outcome,
  counts: (since_ms: number) => boolean,
): FindingDifferences {
  const [ours, theirs] = [here, there].map(({ findings }) =>
    findings.filter(({ since }) => counts(Date.parse(since))),
  ) as [FoundForm[], FoundForm[]]
  const [own, other] = [new Set(ours.map(({ id }) => id)), new Set(theirs.map(({ id }) => id))]
  return {
    both: own.intersection(other).size,
    only_here: ours.filter(({ id }) => !other.has(id)).map(named),
    only_there: theirs.filter(({ id }) => !own.has(id)).map(named),
    twice: twiceOf(theirs).map(named),
  }
}

function twiceOf(findings: readonly FoundForm[]): FoundForm[] {
  const bySeries = Map.groupBy(findings, ({ rule, labels }) => `${rule} ${JSON.stringify(labels)}`)
  return [...bySeries.values()].flatMap((same) => {
    const inOrder = same.toSorted((a, b) => (a.since < b.since ? -1 : 1))
    return inOrder.filter(({ since }, i) => i > 0 && since < (inOrder[i - 1]!.until ?? '9'))
  })
}

/** Names of alerts that fired at some step. */
export function firedAlerts({ written: all }: Outcome): Set<string> {
  const labels = [...all.keys()].map((key) => Object.fromEntries(JSON.parse(key) as [string, string][]))
  return new Set(
    labels.flatMap((one) =>
      one['__name__'] === 'ALERTS' && one['alertstate'] === 'firing' ? [one['alertname'] ?? ''] : [],
    ),
  )
}
