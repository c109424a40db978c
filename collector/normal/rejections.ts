import type { SignalKind } from '#core/ports/intake.ts'
import type { Counter } from '#core/ports/meter.ts'

/** Why items are refused; the values of `reason` on the counter. */
export type Reason =
  | 'no_time'
  | 'bad_time'
  | 'no_value'
  | 'temporality'
  | 'buckets'
  | 'bounds'
  | 'exponential_histogram'
  | 'name'
  | 'attributes'
  | 'limit'
  | 'late_delta'
  | 'id'
  | 'labels'
  | 'histogram'
  | 'no_sample'
  | 'exemplar'
  | 'metadata'

/** Reasons that are told apart in a message; the rest is a number. */
const TOLD = 3
const MESSAGE_LENGTH = 200

/** What was refused of one request. */
export class Rejections {
  readonly #counter: Counter
  readonly #reasons = new Map<Reason, { count: number; readonly message: string }>()

  constructor(counter: Counter) {
    this.#counter = counter
  }

  get count(): number {
    let sum = 0
    for (const { count } of this.#reasons.values()) sum += count
    return sum
  }

  /** `message` speaks of the first of its reason. */
  add(reason: Reason, message: string): void {
    const known = this.#reasons.get(reason)
    if (known === undefined) this.#reasons.set(reason, { count: 1, message: message.slice(0, MESSAGE_LENGTH) })
    else known.count++
  }

  /** What the sender is told; '' where nothing was refused. */
  message(): string {
    if (this.#reasons.size === 0) return ''
    const reasons = [...this.#reasons.values()]
    const told = reasons.slice(0, TOLD).map(({ count, message }) => `${message} (${count})`)
    const rest = reasons.slice(TOLD).reduce((sum, { count }) => sum + count, 0)
    return [...told, ...(rest === 0 ? [] : [`${rest} for other reasons`])].join('; ')
  }

  /** Counts them, once the request is taken. */
  report(signal: SignalKind): void {
    for (const [reason, { count }] of this.#reasons) this.#counter.add(count, { signal, reason })
  }
}
