import type { Span } from '../language/ast.ts'
import { positionOf } from '../language/position.ts'
import { formatNumber } from './number-text.ts'

/** Warnings and infos of one query, each once, with the position of the expression that they are about. */
export class Annotations {
  readonly #source: string
  readonly #warnings = new Set<string>()
  readonly #infos = new Set<string>()

  constructor(source: string) {
    this.#source = source
  }

  warn(message: string, { from }: Span): void {
    this.#warnings.add(`PromQL warning: ${message} (${positionOf(this.#source, from)})`)
  }

  info(message: string, { from }: Span): void {
    this.#infos.add(`PromQL info: ${message} (${positionOf(this.#source, from)})`)
  }

  /** Warns of each value of `q` that is no quantile. */
  quantiles(q: Float64Array, span: Span): void {
    for (const bad of new Set(q.filter((one) => !(one >= 0 && one <= 1)))) {
      this.warn(`quantile value should be between 0 and 1, got ${formatNumber(bad)}`, span)
    }
  }

  get warnings(): string[] {
    return [...this.#warnings]
  }

  get infos(): string[] {
    return [...this.#infos]
  }
}
