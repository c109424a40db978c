import type { Expr } from './language/ast.ts'
import type { QuerySteps } from './language/cst.ts'

/** Expressions that are kept, and characters of them in all. */
const KEPT = 4096
const KEPT_CHARACTERS = 2 ** 19

/** Parsed expressions by their text: rules ask the same ones again and again. The one unused for longest goes first. */
export class ParsedQueries {
  readonly #parse: (source: string, steps: QuerySteps) => Expr
  readonly #kept = new Map<string, Expr>()
  #characters = 0

  /** `parse` throws for what is no expression: that is not kept. */
  constructor(parse: (source: string, steps: QuerySteps) => Expr) {
    this.#parse = parse
  }

  /** Some durations are told by the steps of the query. */
  get(source: string, steps: QuerySteps): Expr {
    const key = `${steps.step_ms} ${steps.range_ms} ${source}`
    const known = this.#kept.get(key)
    const expr = known ?? this.#parse(source, steps)
    if (known === undefined) this.#characters += key.length
    else this.#kept.delete(key)
    this.#kept.set(key, expr)
    this.#bound()
    return expr
  }

  #bound(): void {
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT && this.#characters <= KEPT_CHARACTERS) return
      this.#kept.delete(oldest)
      this.#characters -= oldest.length
    }
  }
}
