import type { Span } from '../language/ast.ts'
import { quoted } from '../language/literals.ts'
import type { Annotations } from './annotations.ts'

/** Warnings and infos about native histograms: of one expression, and one metric where a name is known. */
export class MixingNotes {
  readonly #annotations: Annotations
  readonly #span: Span
  readonly #metric: string

  constructor(annotations: Annotations, span: Span, metric = '') {
    this.#annotations = annotations
    this.#span = span
    this.#metric = metric === '' ? '' : ` for metric name ${quoted(metric)}`
  }

  /** A window holds floats and histograms, and the function cannot have both. */
  mixed(): void {
    this.#annotations.warn(`encountered a mix of histograms and floats${this.#metric}`, this.#span)
  }

  mixedInGroup(): void {
    this.#annotations.warn('encountered a mix of histograms and floats for aggregation', this.#span)
  }

  mixedSchemas(): void {
    const message = `vector contains a mix of histograms with exponential and custom buckets schemas${this.#metric}`
    this.#annotations.warn(message, this.#span)
  }

  incompatible(operator: string): void {
    this.#annotations.warn(`incompatible bucket layout encountered for binary operator ${operator}`, this.#span)
  }

  mixedClassic(): void {
    this.#annotations.warn(`vector contains a mix of classic and native histograms${this.#metric}`, this.#span)
  }

  notCounter(metric: string): void {
    this.#annotations.warn(`this native histogram metric is not a counter: ${quoted(metric)}`, this.#span)
  }

  notGauge(metric: string): void {
    this.#annotations.warn(`this native histogram metric is not a gauge: ${quoted(metric)}`, this.#span)
  }

  reconciled(operation: 'addition' | 'subtraction' | 'aggregation'): void {
    this.#annotations.info(`mismatched custom buckets were reconciled during ${operation}`, this.#span)
  }

  collision(operation: 'addition' | 'subtraction' | 'aggregation'): void {
    this.#annotations.warn(`conflicting counter resets during histogram ${operation}`, this.#span)
  }

  ignoredInRange(): void {
    const message = `ignored histograms in a range containing both floats and histograms${this.#metric}`
    this.#annotations.info(message, this.#span)
  }

  ignoredIn(aggregation: string): void {
    this.#annotations.info(`ignored histogram in ${aggregation} aggregation`, this.#span)
  }

  skewed(result: 'result is NaN' | 'result is skewed higher'): void {
    this.#annotations.info(`input to histogram_quantile has NaN observations, ${result}${this.#metric}`, this.#span)
  }

  excluded(): void {
    const what = 'input to histogram_fraction has NaN observations, which are excluded from all fractions'
    this.#annotations.info(what + this.#metric, this.#span)
  }
}
