import { ServiceError } from '#core/errors.ts'
import type { Intake, Receipt } from '#core/ports/intake.ts'
import type { MetricMetadata } from '#core/ports/series-reader.ts'

import type { AnsweredSeries } from '../client/answer.ts'
import type { HistoryFetch, Part } from './fetching.ts'
import { HistoryInput, type Piece, pieceOf } from './history-input.ts'

/** Samples of one input: the engine is busy with it for some ms, then live data has its turn. */
const INPUT_SAMPLES = 20_000
const BUSY_MS = 1000

/** A part of the series of a selector. */
export interface Target extends Part {
  /** Under which it is noted what was fetched. */
  readonly selector: string
  readonly series: number
}

export interface WindowRunOptions {
  readonly fetch: HistoryFetch
  readonly intake: Intake
  readonly metadata: ReadonlyMap<string, MetricMetadata>
  /** Queries at one time. */
  readonly parallel: number
  readonly pause: (wait_ms: number) => Promise<void>
}

export interface WindowCounts {
  readonly samples: number
  readonly refused: number
  readonly skipped: number
}

/** One span of time after the other, of all targets: fetched as a whole, then handed over in short slices of time, so that series go side by side. */
export class WindowRun {
  readonly #options: WindowRunOptions

  constructor(options: WindowRunOptions) {
    this.#options = options
  }

  /** Samples with `from_ms` < time ≤ `to_ms`. Resolves when they are journaled. */
  async window(targets: readonly Target[], from_ms: number, to_ms: number, signal: AbortSignal): Promise<WindowCounts> {
    const found = await this.#fetched(targets, from_ms, to_ms, signal)
    const total = found.reduce((sum, series) => sum + series.time_ms.length + series.histograms.length, 0)
    const slices = Math.ceil(total / INPUT_SAMPLES)
    let [samples, refused, skipped] = [0, 0, 0]
    for (let slice = 0; slice < slices; slice++) {
      const end = (part: number): number =>
        part === slices ? to_ms : from_ms + Math.floor(((to_ms - from_ms) * part) / slices)
      const pieces = found.map((series) => pieceOf(series, end(slice), end(slice + 1))).filter(isNotEmpty)
      if (pieces.length === 0) continue
      const input = new HistoryInput(pieces, this.#options.metadata)
      const receipt = await this.#submit(input)
      samples += pieces.reduce((sum, piece) => sum + piece.time_ms.length + piece.histograms.length, 0)
      refused += receipt.rejected
      skipped += input.skipped
    }
    return { samples, refused, skipped }
  }

  /** Each series once, though several selectors may find it. */
  async #fetched(
    targets: readonly Target[],
    from_ms: number,
    to_ms: number,
    signal: AbortSignal,
  ): Promise<AnsweredSeries[]> {
    const { fetch, parallel } = this.#options
    const due = targets.filter((target) => target.series > 0 && target.from_ms < to_ms)
    const owners = new Map<string, Target>()
    const found: AnsweredSeries[] = []
    const next = due.values()
    const work = async (): Promise<void> => {
      for (const target of next) {
        for (const series of await fetch.samples(target, Math.max(from_ms, target.from_ms), to_ms, signal)) {
          const owner = owners.get(series.labels.key) ?? target
          owners.set(series.labels.key, owner)
          if (owner === target) found.push(series)
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(parallel, due.length) }, work))
    return found
  }

  /** Waits while there is no room: live data goes first. */
  async #submit(input: HistoryInput): Promise<Receipt> {
    for (;;) {
      try {
        return await this.#options.intake.submit(input)
      } catch (error) {
        if (!(error instanceof ServiceError && error.retryable)) throw error
        await this.#options.pause(BUSY_MS)
      }
    }
  }
}

const isNotEmpty = ({ time_ms, histograms }: Piece): boolean => time_ms.length > 0 || histograms.length > 0
