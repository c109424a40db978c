import type { Matching, SetOperator } from '../language/ast.ts'
import type { Budget } from './budget.ts'
import { mergeSame } from './merge.ts'
import { signatureOf } from './signature.ts'
import { type Column, isEmpty, vector, type VectorValue } from './values.ts'

interface Sides {
  readonly left: readonly Column[]
  readonly right: readonly Column[]
  readonly budget: Budget
}

/** `and`, `or`, `unless`: elements stay as they are, step by step, by what the other side has under their signature. */
export async function setOperation(op: SetOperator, matching: Matching, sides: Sides): Promise<VectorValue> {
  const { left, right, budget } = sides
  const commonOf = signatureOf(matching)
  const signature = (column: Column): string => commonOf(column.labels).key
  const [kept, other] = op === 'or' ? [right, left] : [left, right]
  const present = new Map<string, Uint8Array>()
  for (const column of other) {
    const key = signature(column)
    let mask = present.get(key)
    if (mask === undefined) {
      budget.hold(column.has.length)
      present.set(key, (mask = new Uint8Array(column.has.length)))
    }
    for (let i = 0; i < mask.length; i++) mask[i]! |= column.has[i]!
    budget.worked(mask.length)
    if (budget.due) await budget.pause()
  }
  const where = op === 'and' ? 1 : 0
  const filtered: Column[] = []
  for (const column of kept) {
    const mask = present.get(signature(column))
    if (mask === undefined) {
      if (op !== 'and') filtered.push(column)
      continue
    }
    budget.spend(mask.length)
    if (budget.due) await budget.pause()
    const has = new Uint8Array(mask.length)
    for (let i = 0; i < mask.length; i++) has[i] = column.has[i]! & (mask[i] === where ? 1 : 0)
    const out = { ...column, has }
    if (!isEmpty(out)) filtered.push(out)
  }
  return vector(op === 'or' ? mergeSame([...left, ...filtered]) : filtered)
}
