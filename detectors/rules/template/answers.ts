import type { QueryEngine } from '#core/ports/query-engine.ts'

import type { Active } from '../alert-states.ts'
import { NotAsked } from './execute.ts'

/** Expressions that one step may ask for in its templates. */
const ASKED_MAX = 1000

/** What templates ask for at one step: expansion is synchronous, so it is begun again whenever an answer has come. */
export class Answers {
  readonly #query: Pick<QueryEngine, 'instant'>
  readonly #time_ms: number
  readonly #answers = new Map<string, readonly Active[]>()

  constructor(query: Pick<QueryEngine, 'instant'>, time_ms: number) {
    this.#query = query
    this.#time_ms = time_ms
  }

  readonly of = (expr: string): readonly Active[] => {
    const answer = this.#answers.get(expr)
    if (answer === undefined) throw new NotAsked(expr)
    return answer
  }

  /** Runs until nothing is missing. `run` must change nothing before it has all its answers. */
  async settle<T>(run: () => T): Promise<T> {
    for (;;) {
      try {
        return run()
      } catch (error) {
        if (!(error instanceof NotAsked)) throw error
        await this.#ask(error.expr)
      }
    }
  }

  async #ask(expr: string): Promise<void> {
    if (this.#answers.size >= ASKED_MAX) {
      this.#answers.set(expr, [])
      return
    }
    const result = await this.#query.instant(expr, this.#time_ms)
    this.#answers.set(
      expr,
      result.type === 'vector' ? result.series.map(({ labels, value }) => ({ labels, value: value[0]! })) : [],
    )
  }
}
