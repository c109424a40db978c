/** A query works so long before others have their turn. */
const SLICE_MS = 5
/** While others have work, queries have one part of so many of the time. */
const SHARE = 16
/** A turn of the event loop that is shorter than this had nothing to do; so many of them in a row mean that nothing waits. */
const IDLE_MS = 0.1
const IDLE_TURNS = 3

/**
 * Turns of the event loop between queries and everything else on the thread. Others come first: while they have work, all queries together
 * get a small share of the time; where nothing waits a query goes on at once.
 */
export class Turns {
  readonly #now_ms: () => number
  #last: Promise<void> = Promise.resolve()

  /** `now_ms` is any clock that only goes forward, the finer the better. */
  constructor(now_ms: () => number) {
    this.#now_ms = now_ms
  }

  /** Begins a slice of work; returns when it began. */
  begin(): number {
    return this.#now_ms()
  }

  isOver(began_ms: number): boolean {
    return this.#now_ms() - began_ms >= SLICE_MS
  }

  /** Others have their turn, for as long as the slice that ended gave them a right to; queries that wait do so in order. */
  async yield(began_ms: number): Promise<void> {
    const owed_ms = (this.#now_ms() - began_ms) * (SHARE - 1)
    const turn = this.#last.then(() => this.#others(owed_ms))
    this.#last = turn
    await turn
  }

  /** Others have one turn of the event loop, whoever waits. */
  async pass(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }

  async #others(owed_ms: number): Promise<void> {
    const began_ms = this.#now_ms()
    let before_ms = began_ms
    for (let idle = 0; idle < IDLE_TURNS && before_ms - began_ms < owed_ms;) {
      await this.pass()
      const now_ms = this.#now_ms()
      idle = now_ms - before_ms < IDLE_MS ? idle + 1 : 0
      before_ms = now_ms
    }
  }
}
