import type { RowTable } from './row-table.ts'
import type { Observation } from './run.ts'
import type { ScoringRule } from './scoring-rule.ts'

type AbsenceKind = 'late' | 'broken' | 'decommissioned'

/** Up to so many times what is too long, a series is late and may still come. */
const LATE = 3
/** What came just now is not missing, however old it is: history comes in pieces. */
const ARRIVING_MS = 60_000
/** What went with everything of its service concerns nobody after this time. */
const DECOMMISSIONED_MS = 86_400_000

interface Situation {
  readonly table: RowTable
  /** Analysis time. */
  readonly time_ms: number
  readonly serviceOf: (row: number) => string
}

/** Rows of a rule that stay away too long, with what is seen of each: late, broken or decommissioned. */
export function absencesOf(
  rule: ScoringRule,
  { table, time_ms, serviceOf }: Situation,
): { readonly row: number; readonly seen: Observation }[] {
  const scores = overdue(rule, table, time_ms)
  if (scores.size === 0) return []
  const spoke = newestByService(rule, table, serviceOf)
  const found: { row: number; seen: Observation }[] = []
  for (const [row, score] of scores) {
    const since_ms = rule.detector.since_ms!(table.local.data[row]!)!
    const detail = absenceOf(score, { since_ms, time_ms, spoke_ms: spoke.get(serviceOf(row))! })
    if (detail === 'decommissioned' && time_ms - since_ms > DECOMMISSIONED_MS) continue
    const none = { value: NaN, expected: NaN, lower: NaN, upper: NaN }
    found.push({ row, seen: { time_ms, since_ms, anomalous: true, score, ...none, detail } })
  }
  return found
}

function overdue({ detector, silent }: ScoringRule, table: RowTable, time_ms: number): Map<number, number> {
  const scores = new Map<number, number>()
  for (const row of silent) {
    if (time_ms - table.touched_ms(row) < ARRIVING_MS) continue
    const score = detector.overdue?.(table.local.data[row]!, time_ms) ?? 0
    if (score >= 1) scores.set(row, score)
  }
  return scores
}

/** Event time of the newest sample of each service, in the rows of one rule. */
function newestByService(
  { silent }: ScoringRule,
  table: RowTable,
  serviceOf: Situation['serviceOf'],
): Map<string, number> {
  const newest = new Map<string, number>()
  for (const row of silent) {
    const service = serviceOf(row)
    newest.set(service, Math.max(newest.get(service) ?? -Infinity, table.last_ms(row)))
  }
  return newest
}

/** Broken where something of the service was heard of in the later half of the silence, else nothing of it is left. */
function absenceOf(
  score: number,
  { since_ms, time_ms, spoke_ms }: Readonly<Record<'since_ms' | 'time_ms' | 'spoke_ms', number>>,
): AbsenceKind {
  if (score < LATE) return 'late'
  return spoke_ms - since_ms > (time_ms - since_ms) / 2 ? 'broken' : 'decommissioned'
}
