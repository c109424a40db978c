import { type Clock, loopIdle_ms, monotonicNow_ms, SET_BACK_MS } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import { Turns } from '#core/turns.ts'

import type { Pipeline } from './pipeline.ts'

const TICK_MS = 1000
/** Series that rules read before what came in has its turn: some 6 ms of work. */
const SHARE = 2500
/** Where much waits, which has its turn as often. */
const SHARE_MOST = 10_000
/** While others have work, they have so much of it between two shares, or as much as a share took that was dearer. */
const BETWEEN_MS = 6
/** A clock that leaps so far ahead was set, or nobody was here meanwhile: a machine that slept. */
const LEAP_MS = 300_000

export interface TickingOptions {
  readonly pipeline: Pick<Pipeline, 'submit' | 'waiting'>
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** The newest time that is known, of a life before too. */
  readonly last_ms: () => number | undefined
  /** Up to where data is known to be complete at a time; undefined where nobody lags. */
  readonly complete_ms: (time_ms: number) => number | undefined
}

/** Time goes on, once a second; and rules that are due then are evaluated share by share, between which what came meanwhile is read and has its turn. */
export class Ticking {
  readonly #options: TickingOptions
  /** Half of the time is for others, if they have that much to do. */
  readonly #turns = new Turns(monotonicNow_ms, loopIdle_ms, 2)
  #running = false
  #catchingUp = false
  /** Of the newest tick. */
  #time_ms = Number.NaN
  readonly #leaps
  #cancel: () => void = () => undefined

  constructor(options: TickingOptions) {
    this.#options = options
    this.#leaps = options.meter.counter('barograph.clock.leaps', {
      description: 'Times that the clock was set, by direction',
    })
  }

  /** Tells the time; what more rules have to do waits for the next second. */
  async once(): Promise<void> {
    const time_ms = this.#options.clock.now_ms()
    // Nobody was here for a while, which is no leap ahead.
    this.#leapt(Math.min(0, time_ms - (this.#options.last_ms() ?? Number.NaN)))
    await this.#tick(time_ms)
  }

  start(): void {
    this.#running = true
    this.#cancel = this.#options.clock.every(TICK_MS, () => void this.#second())
  }

  stop(): void {
    this.#running = false
    this.#cancel()
  }

  async #second(): Promise<void> {
    const time_ms = this.#options.clock.now_ms()
    this.#leapt(time_ms - this.#time_ms)
    this.#time_ms = time_ms
    if (this.#catchingUp) {
      // What is due now has its turn among the rest.
      await this.#tick(time_ms, 0)
      return
    }
    this.#catchingUp = true
    // By the newest time: an old one would say that the clock was set back.
    for (let took_ms = await this.#tick(time_ms); took_ms > 0; took_ms = await this.#tick(this.#time_ms)) {
      await this.#turns.yield(monotonicNow_ms() - took_ms)
      if (!this.#running) break
    }
    this.#catchingUp = false
  }

  #leapt(by_ms: number): void {
    const { log } = this.#options
    if (by_ms < -SET_BACK_MS) {
      this.#leaps.add(1, { direction: 'back' })
      log.warn('The clock was set back; rules go on from there. Series with samples of later go on at once.', {
        by_s: -by_ms / 1000,
      })
    } else if (by_ms > LEAP_MS) {
      this.#leaps.add(1, { direction: 'ahead' })
      log.warn('The clock leapt ahead. If it is right now, all is well; if not, samples of now are late for rules.', {
        by_s: by_ms / 1000,
      })
    }
  }

  /**
   * How long their share took rules that have more to do; 0 where they have not. One that is refused is counted by the pipeline, and why was said where it
   * began. So is one that fails by a bug of ours: what is taken in and asked need not end with it.
   */
  async #tick(time_ms: number, most = SHARE_MOST): Promise<number> {
    const { pipeline, log } = this.#options
    const complete_ms = this.#options.complete_ms(time_ms)
    const share = Math.min(most, SHARE * (1 + pipeline.waiting))
    try {
      const given = complete_ms === undefined ? {} : { complete_ms }
      const { unfinished, took_ms = 0 } = await pipeline.submit({ kind: 'tick', time_ms, ...given, share })
      return unfinished === true ? Math.max(BETWEEN_MS, took_ms) : 0
    } catch (error) {
      log.debug('a tick was refused', { error: messageOf(error) })
      return 0
    }
  }
}
