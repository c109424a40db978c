import { ServiceError } from '#core/errors.ts'
import type { LeftBehind } from '#core/left-behind.ts'
import type { Turns } from '#core/turns.ts'

import { jsonResponse } from './envelope.ts'
import { JsonBytes } from './json-bytes.ts'

/** Answers of so few points are written at once. */
const FEW = 10_000
/** Of the value of a point in a result. */
const POINT_BYTES = 8
/** What a series takes in a result beside its points, its labels most of all, counted in points. */
const SERIES_POINTS = 64
/** So many bytes go on their way together. */
const PIECE_BYTES = 1 << 18

export interface DeliveriesOptions {
  /** Points over all answers that are being written; a series counts as 64 more. */
  readonly points: number
  readonly turns: Turns
  /** What answers were in that are on their way. */
  readonly leftBehind: LeftBehind
}

/** What goes on at each `next` until the answer is written. */
type Writing = Generator<undefined, void>

/** One answer. */
export interface Delivery {
  readonly points: number
  readonly series: number
  /** Writes it, with a yield wherever it may be interrupted. */
  readonly pieces: (json: JsonBytes) => Writing
}

/**
 * Results on their way to clients. Those of many points are written as fast as they are read and in turns with other work, so that neither their
 * text nor more than a few of them are ever in memory.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions
  #points = 0

  constructor(options: DeliveriesOptions) {
    this.#options = options
  }

  /** Points of the answers that are being written, their series included. */
  get points(): number {
    return this.#points
  }

  /** Throws `overloaded` where too much is being written already. */
  send({ points, series, pieces }: Delivery): Response {
    const json = new JsonBytes()
    const writing = pieces(json)
    const { points: most, turns } = this.#options
    if (points <= FEW) {
      const began_ms = turns.begin()
      while (writing.next().done !== true);
      turns.end(began_ms)
      return jsonResponse(json.bytes)
    }
    const weight = points + series * SERIES_POINTS
    if (this.#points > 0 && this.#points + weight > most) {
      throw new ServiceError(
        'overloaded',
        `answers of ${this.#points} points are being written (limits.answer_points is ${most})`,
      )
    }
    return jsonResponse(this.#stream(weight, json, writing))
  }

  /** It counts from when it is read for the first time until it is read to its end or its connection ends: nobody may ever read it. */
  #stream(points: number, json: JsonBytes, writing: Writing): ReadableStream<Uint8Array> {
    const { leftBehind } = this.#options
    let state: 'new' | 'open' | 'closed' = 'new'
    const close = (): void => {
      if (state === 'open') {
        this.#points -= points
        leftBehind.add(points * POINT_BYTES)
      }
      state = 'closed'
    }
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      if (state === 'new') {
        state = 'open'
        this.#points += points
      }
      const done = await this.#fill(json, writing).catch((error: unknown) => {
        close()
        throw error
      })
      if (state === 'closed') return
      leftBehind.add(json.length)
      controller.enqueue(json.take())
      if (done) {
        close()
        controller.close()
      }
    }
    return new ReadableStream<Uint8Array>({ pull, cancel: close }, { highWaterMark: 0 })
  }

  /** Writes a piece; true when it was the last. */
  async #fill(json: JsonBytes, writing: Writing): Promise<boolean> {
    const { turns } = this.#options
    let began_ms = turns.begin()
    while (json.length < PIECE_BYTES) {
      if (writing.next().done === true) {
        turns.end(began_ms)
        return true
      }
      if (!turns.isOver(began_ms)) continue
      await turns.yield(began_ms)
      began_ms = turns.begin()
    }
    await turns.yield(began_ms)
    return false
  }
}
