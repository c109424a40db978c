import type { Part } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'

import { sectionViews, splitSections } from '../kinds/sections.ts'
import type { FindingLog } from './finding-log.ts'
import type { Forgetting } from './forgetting.ts'
import type { Lessons } from './lessons.ts'
import type { LookBack } from './look-back.ts'
import type { RowTable } from './row-table.ts'
import { type ScoringRule, detectorText } from './scoring-rule.ts'
import { loadRows1, type ScoringState1 } from './snapshot-1.ts'
import {
  decodeAbouts,
  decodeState,
  encodeAbouts,
  encodeState,
  type SavedScoringRule,
  type ScoringState,
  type ScoringState2,
  type ScoringState3,
  type ScoringState4,
} from './snapshot-state.ts'

/** Stands for the slot of a rule that is gone: rows of it are not kept. */
export const STRANGER = 0xffff

/** What a snapshot is made of, and put back into. */
export interface ScoringParts {
  readonly rules: ReadonlyMap<string, ScoringRule>
  readonly table: RowTable
  readonly findings: FindingLog
  readonly lessons: Lessons
  readonly lookBack: LookBack
  readonly forgetting: Forgetting
}

/**
 * Sections: facts (JSON), columns and verdicts of the table, descriptions of rows in two, then a detector a rule, then the
 * spare one of each, empty where it has none. Columns are
 * views, as they lie in memory; who a row is says its hash, so that ids of series do not matter.
 */
export function scoringViews(time_ms: number, parts: ScoringParts): Part[] {
  const { rules, table, findings, lessons, lookBack, forgetting } = parts
  const all = [...rules.values()]
  const state: ScoringState = {
    version: 5,
    time_ms: Math.max(time_ms, -8.64e15),
    rules: all.map(({ spec, slot, young_until_ms }) => ({
      key: spec.key,
      detector: detectorText(spec),
      slot,
      ...(young_until_ms > time_ms && { young_until_ms }),
    })),
    runs: [...findings.runs],
    experts: [...findings.experts],
    episodes: findings.flapping.entries(),
    findings: findings.book.all(),
    copies: lessons.copies.entries(),
    ...(lookBack.waiting.size > 0 && { waiting: [...lookBack.waiting] }),
    forgetting: forgetting.state,
  }
  return sectionViews([
    encodeState(state),
    ...table.views(),
    ...encodeAbouts(table.abouts()),
    ...all.map(({ detector }) => detector.views?.() ?? detector.save()),
    ...all.map(({ spare }) => (spare === null ? new Uint8Array() : (spare.views?.() ?? spare.save()))),
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
  if ('episodes' in state) for (const [row, episodes] of state.episodes) findings.flapping.restore(row, episodes)
  if ('copies' in state) parts.lessons.copies.replace(state.copies)
  if ('forgetting' in state) parts.forgetting.restore(state.forgetting)
  if ('waiting' in state) for (const row of state.waiting ?? []) parts.lookBack.waiting.add(row)
  const time_ms = state.time_ms <= -8.64e15 ? -Infinity : state.time_ms
  dropStrangers(parts, time_ms)
  const saved = new Map(state.rules.map(({ key, detector }) => [key, detector]))
  for (const [key, rule] of parts.rules)
    if (saved.get(key) !== detectorText(rule.spec)) parts.lookBack.begin(rule, time_ms)
  return time_ms
}

/** Columns as they are; rows get the slots that their rules have now. */
function load2(
  state: ScoringState | ScoringState4 | ScoringState3 | ScoringState2,
  sections: readonly Uint8Array[],
  { rules, table }: ScoringParts,
): (row: number) => number {
  const { version } = state as { readonly version: unknown }
  if (!(Number(version) >= 2 && Number(version) <= 5))
    throw new ServiceError('bad_data', `scoring state has version ${String(version)}, newer than 5`)
  const [columns, verdicts, strings, numbers, ...detectors] = sections
  if (columns === undefined || verdicts === undefined || strings === undefined || numbers === undefined) {
    throw new ServiceError('bad_data', 'scoring state is cut short')
  }
  table.load(columns, verdicts, { abouts: decodeAbouts(strings, numbers), added: Number(version) < 5 ? 1 : 0 })
  const spares = detectors.splice(state.rules.length)
  const now = new Map(state.rules.map((saved, i) => [saved.slot + 1, loadRule(rules, saved, detectors[i], spares[i])]))
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
  { key, detector, young_until_ms }: Omit<SavedScoringRule, 'slot'>,
  bytes: Uint8Array | undefined,
  spare?: Uint8Array,
): number {
  const rule = rules.get(key)
  if (rule === undefined || detectorText(rule.spec) !== detector) return STRANGER
  rule.young_until_ms = young_until_ms ?? -Infinity
  rule.detector.load(bytes ?? new Uint8Array())
  if (spare !== undefined && spare.length > 0) rule.spare?.load(spare)
  return rule.slot + 1
}

/** Removes the rows whose rules are gone, and sets up what hangs on the others. */
function dropStrangers({ rules, table, findings, lessons, lookBack }: ScoringParts, time_ms: number): void {
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
    lessons.forget(row)
    lookBack.waiting.delete(row)
    findings.abandon(row, table.about(row), time_ms)
    table.remove(row)
  }
}
