import type { Clock } from '#core/clock.ts'

/** A checkpoint that could not be written is tried again so long after. */
const AGAIN_MS = 60_000
/**
 * Time between two checkpoints, in times of the CPU time of the process while one is captured: with syncing it, about a fiftieth of all work. Where a
 * start would have to work `LONG` times as long as wanted, a 25th is spent; only a journal that is `TOO_LONG` times as long does not wait for that.
 */
const CAPTURES = 60
const CAPTURES_LONG = 30
/** And in times of how long inputs wait for one: where disks or other processes keep it from going on, it costs no CPU time. */
const WAITS = 12
const LONG = 3
const TOO_LONG = 8
/** A journal much shorter than the checkpoint that it continues is not worth another, however long applying it took. */
const SHORT = 1 / 32

export interface CheckpointPaceOptions {
  /** The journal is folded into a checkpoint when it is so long, and half as long as the checkpoint that it continues. */
  readonly journal_bytes: number
  /** Or when applying it took so long, and it is not much shorter: a start does the same work again. */
  readonly replay_ms: number
  readonly clock: Clock
  /** A fine clock that only goes forward. */
  readonly fine_ms: () => number
  /** CPU time of the process. */
  readonly cpu_ms: () => number
}

/** How much there is on the disk, in bytes. */
export interface OnDisk {
  readonly journal: number
  readonly checkpoint: number
}

/** When the next checkpoint is due: what a start would have to do again, against what checkpoints cost. */
export class CheckpointPace {
  readonly #options: CheckpointPaceOptions
  /** Time spent on applying what the last checkpoint does not have. */
  #work_ms = 0
  #began_ms = 0
  #began_cpu_ms = 0
  #capture_ms = 0
  #capture_cpu_ms = 0
  /** When the last one was captured, by the fine clock. */
  #captured_ms = -Infinity
  /** When one last failed; -Infinity when the last one did not. */
  #failed_ms = -Infinity

  constructor(options: CheckpointPaceOptions) {
    this.#options = options
  }

  get failing(): boolean {
    return this.#failed_ms > -Infinity
  }

  /** An input was applied. */
  worked(ms: number): void {
    this.#work_ms += ms
  }

  /** A checkpoint is being captured: what is applied from here on is not in it. */
  began(): void {
    this.#work_ms = 0
    this.#began_ms = this.#options.fine_ms()
    this.#began_cpu_ms = this.#options.cpu_ms()
  }

  captured(): void {
    this.#captured_ms = this.#options.fine_ms()
    this.#capture_ms = this.#captured_ms - this.#began_ms
    this.#capture_cpu_ms = this.#options.cpu_ms() - this.#began_cpu_ms
  }

  written(): void {
    this.#failed_ms = -Infinity
  }

  failed(): void {
    this.#failed_ms = this.#options.clock.now_ms()
  }

  due({ journal, checkpoint }: OnDisk): boolean {
    const { journal_bytes, replay_ms, clock, fine_ms } = this.#options
    if (this.failing && clock.now_ms() < this.#failed_ms + AGAIN_MS) return false
    const wanted = Math.max(journal_bytes, checkpoint / 2)
    if (journal >= TOO_LONG * wanted) return true
    const work_ms = journal < checkpoint * SHORT ? 0 : this.#work_ms
    if (journal < wanted && work_ms < replay_ms) return false
    const captures = work_ms < LONG * replay_ms ? CAPTURES : CAPTURES_LONG
    return fine_ms() - this.#captured_ms >= Math.max(captures * this.#capture_cpu_ms, WAITS * this.#capture_ms)
  }
}
