/** A clock that moves so far between two readings may be wrong. */
const LEAP_MS = 86_400_000
/** Then it is believed after so long. */
const DOUBT_MS = 3_600_000

/** Between what times it is, as far as is certain. */
export interface Aging {
  readonly earliest_ms: number
  readonly latest_ms: number
  /** The newest reading of the clock ever: later than its last one while it is set back. */
  readonly furthest_ms: number
}

/**
 * By what samples go for their age. A clock that was set, ahead or back, is believed an hour later, so that one that was wrong for a while takes
 * no history with it: until then it may be as early and as late as it was, and is.
 */
export class BelievedTime implements Aging {
  earliest_ms = Infinity
  latest_ms = -Infinity
  furthest_ms = -Infinity
  #last_ms = Number.NaN
  #doubted_ms = -Infinity

  /** A reading of the clock. */
  read(time_ms: number): void {
    const by_ms = time_ms - this.#last_ms
    this.#last_ms = time_ms
    this.furthest_ms = Math.max(this.furthest_ms, time_ms)
    if (Math.abs(by_ms) > LEAP_MS) this.#doubted_ms = time_ms + DOUBT_MS
    // Set back by less than a leap while in doubt: what is left of the doubt counts from there.
    this.#doubted_ms = Math.min(this.#doubted_ms, time_ms + DOUBT_MS)
    const isCertain = time_ms >= this.#doubted_ms
    this.earliest_ms = isCertain ? time_ms : Math.min(this.earliest_ms, time_ms)
    this.latest_ms = isCertain ? time_ms : Math.max(this.latest_ms, time_ms)
  }

  /** Decimals. */
  save(): string {
    return [this.earliest_ms, this.latest_ms, this.#last_ms, this.#doubted_ms, this.furthest_ms].join(' ')
  }

  /**
   * What `save` gave. What a version gave that knew no doubt is nothing, and the last reading is believed; one that did not keep the furthest
   * leaves it out.
   */
  load(words: readonly string[], last_ms: number | undefined): void {
    const [earliest, latest, last, doubted, furthest = last] = words.map(Number)
    if (
      earliest === undefined ||
      latest === undefined ||
      last === undefined ||
      doubted === undefined ||
      furthest === undefined
    ) {
      if (last_ms !== undefined) this.read(last_ms)
      return
    }
    this.earliest_ms = earliest
    this.latest_ms = latest
    this.#last_ms = last
    this.#doubted_ms = doubted
    this.furthest_ms = furthest
  }
}
