import type { Question } from '#core/ports/questions.ts'

import type { Batch } from './batch.ts'
import type { RuleMemory } from './memory.ts'

export interface ScheduleOptions {
  readonly now_ms: number
  /** Steps are asked for this long after their time. */
  readonly lateness_ms: number
  /** Over how much time the rules of one step are spread. */
  readonly spread_ms: number
  /** Rules of one query, as long as all is well; the spread goes by it. */
  readonly batch: number
  /** Rules of one query now. */
  readonly size: number
  /** How far back the first steps of a rule are wanted. */
  readonly range_ms: (rule: string) => number
  /** Older steps are not wanted by anybody. */
  readonly oldest_ms: number
  readonly memory: RuleMemory
}

export interface Schedule {
  /** The furthest behind first. */
  readonly batches: readonly Batch[]
  /** How far the rule that is furthest behind is from the newest step that is due. */
  readonly behind_ms: number
}

const floorTo = (time_ms: number, step_ms: number): number => Math.floor(time_ms / step_ms) * step_ms

/** What is to be asked now: steps that are due and were not answered, rules with the same ones together. */
export function scheduled(questions: readonly Question[], options: ScheduleOptions): Schedule {
  const { now_ms, lateness_ms, spread_ms, batch, oldest_ms, range_ms, memory } = options
  const slots = Math.ceil(questions.length / batch)
  const parts = new Map<string, Batch & { questions: Question[] }>()
  let behind_ms = 0
  for (const [i, question] of questions.entries()) {
    const { interval_ms: step_ms, offset_ms, mark_ms, rule } = question
    const slot_ms = (Math.floor(i / batch) / slots) * Math.min(spread_ms, step_ms / 2)
    const due_ms = floorTo(now_ms - lateness_ms - offset_ms - slot_ms, step_ms)
    const wanted_ms =
      mark_ms === -Infinity ? due_ms - floorTo(range_ms(rule), step_ms) : floorTo(mark_ms, step_ms) + step_ms
    const from_ms = Math.max(wanted_ms, floorTo(oldest_ms, step_ms) + step_ms)
    if (from_ms > due_ms) continue
    behind_ms = Math.max(behind_ms, due_ms - from_ms + step_ms)
    const to_ms = Math.min(due_ms, from_ms + (memory.steps(question) - 1) * step_ms)
    const key = memory.isAlone(question) ? rule : `${step_ms} ${from_ms} ${to_ms}`
    const part = parts.get(key)
    if (part === undefined) parts.set(key, { questions: [question], from_ms, to_ms, step_ms, due_ms })
    else part.questions.push(question)
  }
  const batches = [...parts.values()].flatMap((part) => divided(part, options.size))
  return { batches: batches.toSorted((a, b) => a.from_ms - b.from_ms), behind_ms }
}

function divided(batch: Batch, size: number): Batch[] {
  const { questions } = batch
  const count = Math.ceil(questions.length / size)
  return Array.from({ length: count }, (_, i) => ({ ...batch, questions: questions.slice(i * size, (i + 1) * size) }))
}
