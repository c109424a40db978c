import type { Fill } from '../language/ast.ts'
import type { QueryArrays } from './arrays.ts'
import type { Match } from './matching.ts'
import { type Column, emptyColumn } from './values.ts'

export function fills({ left, right }: Fill): boolean {
  return left !== null || right !== null
}

/**
 * A match with an element under its bare signature at the steps at which only the other side has any. The left value stands for the many
 * side, also with `group_right`, which is what Prometheus 3.15 makes of it.
 */
export function withFilled(match: Match, { left, right }: Fill, steps: number, arrays: QueryArrays): Match {
  const { signature, many, one } = match
  const missing = (from: readonly Column[], other: readonly Column[], value: number | null): readonly Column[] => {
    if (value === null) return from
    const filled = emptyColumn(arrays, signature, steps)
    filled.value.fill(value)
    for (const { has } of other) for (let i = 0; i < steps; i++) filled.has[i]! |= has[i]!
    for (const { has } of from) for (let i = 0; i < steps; i++) if (has[i] === 1) filled.has[i] = 0
    return filled.has.includes(1) ? [...from, filled] : from
  }
  return { signature, many: missing(many, one, left), one: missing(one, many, right) }
}
