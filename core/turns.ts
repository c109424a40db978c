import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

import type { Steps } from './steps.ts'

/** A query works so long before others have their turn. */
const SLICE_MS = 5
/** While others have work, queries have one part of so many of the time, where nothing else is said. */
const PARTS = 24
/** A turn of the event loop that is shorter than this had nothing to do; so many of them in a row mean that nothing waits. */
const IDLE_MS = 0.1
const IDLE_TURNS = 3
/** After so many turns that show no such thing it is not looked at every turn any more: that would cost others more than queries do. */
const LOOKS = 12
/** Between two looks then. */
const NAP_MS = 10
/** Where the loop had nothing to do for more than this part of the time, others leave enough. */
const IDLE_SHARE = 0.5

/**
 * Turns of the event loop between queries and everything else on the thread. Others come first: while they have work, all queries together
 * get a small share of the time; where nothing waits a query goes on at once.
 */
export class Turns {
  readonly #now_ms: () => number
  readonly #idle_ms: () => number
  readonly #parts: number
  #last: Promise<void> = Promise.resolve()
  /** Worked in slices that ended before they were over: whoever works next makes up for it. */
  #unpaid_ms = 0
  /** Others had work all the time when they were looked at last. */
  #pressed = false

  /**
   * `now_ms` is any clock that only goes forward, the finer the better; `idle_ms` tells how long the loop has had nothing to do, in all; what works
   * in these turns has one part of `parts` of the time while others have work.
   */
  constructor(now_ms: () => number, idle_ms: () => number, parts = PARTS) {
    this.#now_ms = now_ms
    this.#idle_ms = idle_ms
    this.#parts = parts
  }

  /** Begins a slice of work; returns when it began. */
  begin(): number {
    return this.#now_ms()
  }

  isOver(began_ms: number): boolean {
    return this.#now_ms() - began_ms >= SLICE_MS
  }

  /** Work ends, and with it a slice that was not over. */
  end(began_ms: number): void {
    this.#unpaid_ms += this.#now_ms() - began_ms
  }

  /** Before work begins: others have their turn where work that was over before its first slice has come to a whole one. */
  async start(): Promise<void> {
    if (this.#unpaid_ms >= SLICE_MS) await this.yield(this.begin())
  }

  /**
   * Others have their turn, for as long as the slice that ended, and those before it that nobody made up for, gave them a right to; queries that wait do so
   * in order.
   */
  async yield(began_ms: number): Promise<void> {
    const owed_ms = (this.#now_ms() - began_ms + this.#unpaid_ms) * (this.#parts - 1)
    this.#unpaid_ms = 0
    const turn = this.#last.then(() => this.#others(owed_ms))
    this.#last = turn
    await turn
  }

  /** Others have one turn of the event loop, whoever waits. */
  async pass(): Promise<void> {
    await nextTurn()
  }

  async #others(owed_ms: number): Promise<void> {
    const end_ms = this.#now_ms() + owed_ms
    if (!this.#pressed && (await this.#isIdle(end_ms))) return
    for (let now_ms = this.#now_ms(); now_ms < end_ms;) {
      const idle_ms = this.#idle_ms()
      await sleep(Math.min(NAP_MS, Math.ceil(end_ms - now_ms)))
      const later_ms = this.#now_ms()
      this.#pressed = this.#idle_ms() - idle_ms < (later_ms - now_ms) * IDLE_SHARE
      if (!this.#pressed) return
      now_ms = later_ms
    }
  }

  /** Whether some turns in a row have nothing to do. */
  async #isIdle(end_ms: number): Promise<boolean> {
    let idle = 0
    for (let look = 0; look < LOOKS && idle < IDLE_TURNS; look++) {
      const before_ms = this.#now_ms()
      await nextTurn()
      const now_ms = this.#now_ms()
      idle = now_ms - before_ms < IDLE_MS ? idle + 1 : 0
      if (now_ms >= end_ms) break
    }
    return idle >= IDLE_TURNS
  }
}

/** All of the work, slice by slice. */
export async function inTurns<T>(turns: Turns, steps: Steps<T>): Promise<T> {
  await turns.start()
  let began_ms = turns.begin()
  for (;;) {
    const step = steps.next()
    if (step.done === true) {
      turns.end(began_ms)
      return step.value
    }
    if (!turns.isOver(began_ms)) continue
    await turns.yield(began_ms)
    began_ms = turns.begin()
  }
}
