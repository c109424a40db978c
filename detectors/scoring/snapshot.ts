import { ServiceError } from '#core/errors.ts'

import { sectionViews, splitSections } from '../kinds/sections.ts'
import type { FindingLog } from './finding-log.ts'
import type { RowTable } from './row-table.ts'
import { type ActiveRule, detectorText } from './rule-set.ts'
import { loadRows1, type ScoringState1 } from './snapshot-1.ts'
import {
  decodeAbouts,
  decodeState,
  encodeAbouts,
  encodeState,
  type ScoringState,
  type ScoringState2,
} from './snapshot-state.ts'

/** Stands for the slot of a rule that is gone: rows of it are not kept. */
export const STRANGER = 0xffff

/** What a snapshot is made of, and put back into. */
export interface ScoringParts {
  readonly rules: ReadonlyMap<string, ActiveRule>
  readonly table: RowTable
  readonly findings: FindingLog
}

/**
 * Sections: facts (JSON), columns and verdicts of the table, descriptions of rows in two, then a detector a rule. Columns are
 * views, as they lie in memory; who a row is says its hash, so that ids of series do not matter.
 */
export function scoringViews(time_ms: number, { rules, table, findings }: ScoringParts): Uint8Array[] {
  const all = [...rules.values()]
  const state: ScoringState = {
    version: 3,
    time_ms: Math.max(time_ms, -8.64e15),
    rules: all.map(({ spec, slot }) => ({ key: spec.key, detector: detectorText(spec), slot })),
    runs: [...findings.runs],
    experts: [...findings.experts],
    episodes: findings.flapping.entries(),
    findings: findings.book.all(),
  }
  return sectionViews([
    encodeState(state),
    ...table.views(),
    ...encodeAbouts(table.abouts()),
    ...all.map(({ detector }) => detector.views?.() ?? detector.save()),
  ])
}

/** Takes up what was saved, of any version; analysis time of then. Throws `ServiceError('bad_data')`. */
export function loadScoring(bytes: Uint8Array, parts: ScoringParts): number {
  const [head, ...sections] = splitSections(bytes)
  if (head === undefined) throw new ServiceError('bad_data', 'scoring state is cut short')
  const state = decodeState(head)
  const { findings } = parts
  findings.book.replace(state.findings)
  const moved = state.version === 1 ? load1(state, sections, parts) : load2(state, sections, parts)
  for (const [row, run] of state.runs) findings.runs.set(moved(row), run)
  for (const [row, experts] of state.experts) findings.experts.set(moved(row), experts)
  if (state.version === 3) for (const [row, episodes] of state.episodes) findings.flapping.restore(row, episodes)
  dropStrangers(parts)
  return state.time_ms <= -8.64e15 ? -Infinity : state.time_ms
}

/** Columns as they are; rows get the slots that their rules have now. */
function load2(
  state: ScoringState | ScoringState2,
  sections: readonly Uint8Array[],
  { rules, table }: ScoringParts,
): (row: number) => number {
  const { version } = state as { readonly version: unknown }
  if (version !== 2 && version !== 3)
    throw new ServiceError('bad_data', `scoring state has version ${String(version)}, newer than 3`)
  const [columns, verdicts, strings, numbers, ...detectors] = sections
  if (columns === undefined || verdicts === undefined || strings === undefined || numbers === undefined) {
    throw new ServiceError('bad_data', 'scoring state is cut short')
  }
  table.load(columns, verdicts, decodeAbouts(strings, numbers))
  const now = new Map(state.rules.map((saved, i) => [saved.slot + 1, loadRule(rules, saved, detectors[i])]))
  for (let row = 0; row < table.end; row++) {
    const slot = table.rule.data[row]!
    if (slot > 0) table.rule.data[row] = now.get(slot) ?? STRANGER
  }
  return (row) => row
}

function load1(
  state: ScoringState1,
  [columns, ...detectors]: readonly Uint8Array[],
  { rules, table }: ScoringParts,
): (row: number) => number {
  if (columns === undefined) throw new ServiceError('bad_data', 'scoring state is cut short')
  const slots = new Map(state.rules.map((saved, i) => [saved.key, loadRule(rules, saved, detectors[i]) - 1]))
  const moved = loadRows1(table, columns, state, slots)
  return (row) => moved.get(row) ?? row
}

/** Gives a rule the state of its detector: its slot + 1, or `STRANGER` where it is gone or has another detector. */
function loadRule(
  rules: ScoringParts['rules'],
  { key, detector }: { readonly key: string; readonly detector: string },
  bytes: Uint8Array | undefined,
): number {
  const rule = rules.get(key)
  if (rule === undefined || detectorText(rule.spec) !== detector) return STRANGER
  rule.detector.load(bytes ?? new Uint8Array())
  return rule.slot + 1
}

/** Removes the rows whose rules are gone, and sets up what hangs on the others. */
function dropStrangers({ rules, table, findings }: ScoringParts): void {
  const silent = new Map(
    [...rules.values()].filter(({ scores }) => !scores).map((rule) => [rule.slot + 1, rule.silent]),
  )
  for (let row = 0; row < table.end; row++) {
    const slot = table.rule.data[row]!
    if (slot === 0) continue
    if (slot !== STRANGER) {
      silent.get(slot)?.add(row)
      continue
    }
    findings.abandon(row, table.about(row))
    table.remove(row)
  }
}
