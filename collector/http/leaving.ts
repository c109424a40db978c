import type { ServerResponse } from 'node:http'

import { type Answer, send } from './answer.ts'

/** So many go without waiting for the end of the turn: the first must not wait for much more work than its own. */
const MOST = 16

/**
 * Answers that leave together, at the end of a turn of the event loop. Where requests are short, to write an answer is a tenth of the work, and most
 * of that is to wake who waits for it: written in a row, the first wakes senders for all.
 */
export class Leaving {
  readonly #waiting: { readonly response: ServerResponse; readonly answer: Answer }[] = []
  readonly #leave = (): void => {
    for (const { response, answer } of this.#waiting) send(response, answer)
    this.#waiting.length = 0
  }

  add(response: ServerResponse, answer: Answer): void {
    const length = this.#waiting.push({ response, answer })
    if (length === 1) setImmediate(this.#leave)
    else if (length === MOST) this.#leave()
  }
}
