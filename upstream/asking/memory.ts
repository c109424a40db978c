import type { Question } from '#core/ports/questions.ts'

/** Steps of one query at first, and at most: a server counts the points of each series. */
const FIRST_STEPS = 64
const MOST_STEPS = 4096
/** So many steps in a row that fail by themselves, and those behind them that are due already are passed over. */
const FAILURES_MAX = 3
const PATIENCE = 16

interface Known {
  steps: number
  /** Asked by itself: `suspected` until it succeeds, `failed` for good. */
  alone: 'no' | 'suspected' | 'failed'
  failures: number
  /** Answers that must come before more steps are asked again. */
  patience: number
}

/** What was learned of rules by asking. Forgotten when a rule asks something else. */
export class RuleMemory {
  readonly #known = new Map<string, Known>()

  /** How many steps one query may ask of it. */
  steps(question: Question): number {
    return this.#of(question).steps
  }

  isAlone(question: Question): boolean {
    return this.#of(question).alone !== 'no'
  }

  /** One of several failed, and which is not known. */
  suspect(question: Question): void {
    const known = this.#of(question)
    if (known.alone === 'no') known.alone = 'suspected'
  }

  /** `steps` gave `points`; `most` are wanted of one query. */
  succeeded(question: Question, { steps, points, most }: { steps: number; points: number; most: number }): void {
    const known = this.#of(question)
    known.failures = 0
    if (known.alone === 'suspected') known.alone = 'no'
    const density = Math.max(1, points / steps)
    if (known.steps > 1 && known.steps * density > most) known.steps /= 2
    else if (--known.patience < 0 && steps >= known.steps && known.steps * 2 * density <= most)
      known.steps = Math.min(MOST_STEPS, known.steps * 2)
  }

  /** So many steps were too many. */
  tooMany(question: Question, steps: number): void {
    let fewer = 1
    while (fewer * 2 < steps) fewer *= 2
    const known = this.#of(question)
    known.steps = fewer
    known.patience = PATIENCE
  }

  /** A step failed by itself; true where those behind it need not be tried one by one. */
  failed(question: Question): boolean {
    const known = this.#of(question)
    known.alone = 'failed'
    return ++known.failures >= FAILURES_MAX
  }

  /** Lets go of rules that are no longer asked. */
  keep(questions: readonly Question[]): void {
    const asked = new Set(questions.map(keyOf))
    for (const key of this.#known.keys()) if (!asked.has(key)) this.#known.delete(key)
  }

  #of(question: Question): Known {
    const key = keyOf(question)
    let known = this.#known.get(key)
    if (known === undefined)
      this.#known.set(key, (known = { steps: FIRST_STEPS, alone: 'no', failures: 0, patience: 0 }))
    return known
  }
}

function keyOf({ rule, expr }: Question): string {
  return `${rule}\n${expr}`
}
