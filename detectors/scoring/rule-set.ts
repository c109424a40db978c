import { assert } from '#core/assert.ts'
import type { CivilTime } from '#core/civil-time.ts'

import type { RowTable } from './row-table.ts'
import { ScoringRule, detectorText } from './scoring-rule.ts'
import { STRANGER } from './snapshot.ts'
import type { AnomalySpec } from './spec.ts'

/** The anomaly rules at work, by key in the order of their files, and which of them rows are of. */
export class RuleSet {
  readonly #table: RowTable
  readonly #civil: CivilTime
  readonly #rules = new Map<string, ScoringRule>()
  /** By slot; undefined where a rule has gone. */
  readonly #slots: (ScoringRule | undefined)[] = []

  constructor(table: RowTable, civil: CivilTime) {
    this.#table = table
    this.#civil = civil
  }

  get byKey(): ReadonlyMap<string, ScoringRule> {
    return this.#rules
  }

  get bytes(): number {
    return [...this.#rules.values()].reduce((sum, { cost }) => sum + cost.bytes, 0)
  }

  get(key: string): ScoringRule | undefined {
    return this.#rules.get(key)
  }

  values(): IterableIterator<ScoringRule> {
    return this.#rules.values()
  }

  at(slot: number): ScoringRule {
    return this.#slots[slot]!
  }

  of(row: number): ScoringRule {
    const rule = this.#slots[(this.#table.rule.data[row] ?? 0) - 1]
    assert(rule !== undefined, `row ${row} of scoring does not exist`)
    return rule
  }

  /** Rows by the slot of their rule of which too little is known as yet: their bands are wide. One pass over all rows. */
  learning(): Uint32Array {
    const { rule: slots, local, end } = this.#table
    const counts = new Uint32Array(this.#slots.length)
    for (let row = 0; row < end; row++) {
      const slot = slots.data[row]! - 1
      if (slot >= 0 && this.at(slot).detector.confident?.(local.data[row]!) === false) counts[slot]!++
    }
    return counts
  }

  /**
   * Rules go whose key is not among these, or whose detector is another: `remove` is called with each of their rows before. Those that
   * are new are given.
   */
  replace(specs: readonly AnomalySpec[], remove: (row: number) => void): ScoringRule[] {
    const wanted = new Map(specs.map((spec) => [spec.key, spec]))
    for (const [key, rule] of this.#rules) {
      const spec = wanted.get(key)
      if (spec !== undefined && detectorText(spec) === detectorText(rule.spec)) continue
      const { rule: slots, end } = this.#table
      for (let row = 0; row < end; row++) if (slots.data[row] === rule.slot + 1) remove(row)
      this.#rules.delete(key)
      this.#slots[rule.slot] = undefined
    }
    const before = new Map(this.#rules)
    this.#rules.clear()
    for (const spec of specs) {
      const rule = before.get(spec.key)
      rule?.update(spec)
      this.#rules.set(spec.key, rule ?? this.#begin(spec))
    }
    return [...this.#rules.values()].filter(({ spec }) => !before.has(spec.key))
  }

  #begin(spec: AnomalySpec): ScoringRule {
    let slot = this.#slots.indexOf(undefined)
    if (slot < 0) slot = this.#slots.length
    assert(slot < STRANGER - 1, 'more anomaly rules than slots')
    const rule = new ScoringRule(spec, slot, this.#civil)
    this.#slots[slot] = rule
    return rule
  }
}
