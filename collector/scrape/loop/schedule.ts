import { createHash } from 'node:crypto'

/** A scrape that begins this little after its time counts as begun on it: even times take less room. */
const TOLERANCE_MS = 20
const TOLERANCE_SHARE = 0.01

/**
 * When a target is scraped: at its interval, from a moment within it that its key decides, so that targets are spread evenly and
 * keep their moment over restarts.
 */
export class Schedule {
  readonly interval_ms: number
  readonly #offset_ms: number

  constructor(key: string, interval_ms: number) {
    this.interval_ms = interval_ms
    this.#offset_ms = createHash('md5').update(key).digest().readUInt32BE(0) % interval_ms
  }

  /** The first moment after `now_ms`. */
  after(now_ms: number): number {
    const { interval_ms } = this
    const since = (((now_ms - this.#offset_ms) % interval_ms) + interval_ms) % interval_ms
    return now_ms - since + interval_ms
  }

  /** The time of a scrape that was due at `due_ms` and began at `now_ms`. */
  timeOf(due_ms: number, now_ms: number): number {
    const tolerance = Math.min(TOLERANCE_MS, this.interval_ms * TOLERANCE_SHARE)
    return Math.abs(now_ms - due_ms) <= tolerance ? due_ms : now_ms
  }
}
