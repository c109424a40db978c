import { ServiceError } from '#core/errors.ts'
import type { Matcher } from '#core/ports/series-reader.ts'
import { selectorText } from '#core/selector.ts'

import type { AnsweredSeries } from '../client/answer.ts'
import type { UpstreamClient } from '../client/client.ts'
import type { Pace } from './pace.ts'

/** Points of one series in one answer to a range query: Prometheus' own limit. */
const POINTS = 11_000
/** Windows are not made shorter than this. */
const SHORTEST_MS = 60_000
/** Where nothing tells how often series have samples. */
const USUAL_STEP_MS = 15_000
const COUNTED_MS = 600_000
const STEPS_S = [600, 300, 120, 60, 30, 20, 15, 10, 5, 2, 1] as const

/** Why a smaller piece may succeed. */
const TOO_MUCH: ReadonlySet<string> = new Set(['too_large', 'execution', 'timeout'])

/** Something to fetch, and from when on it is not there yet. */
export interface Part {
  readonly matchers: readonly Matcher[]
  from_ms: number
}

/**
 * The samples that an upstream has of a selector: as they are, by a range selector in an instant query; where a server does not allow
 * that, one a step, by range queries.
 */
export class HistoryFetch {
  readonly #client: UpstreamClient
  readonly #pace: Pace
  readonly #now_ms: () => number
  /** By selector; undefined: samples come as they are. */
  readonly #steps_ms = new Map<string, number>()

  constructor(client: UpstreamClient, pace: Pace, now_ms: () => number) {
    this.#client = client
    this.#pace = pace
    this.#now_ms = now_ms
  }

  /** Samples with `from_ms` < time ≤ `to_ms`, in pieces as large as the server gives. Throws what the client throws. */
  async samples({ matchers }: Part, from_ms: number, to_ms: number, signal: AbortSignal): Promise<AnsweredSeries[]> {
    const selector = selectorText(matchers)
    try {
      return await this.#piece(selector, from_ms, to_ms, signal)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      const span_ms = to_ms - from_ms
      if (TOO_MUCH.has(error.code) && span_ms > SHORTEST_MS) {
        const middle_ms = from_ms + Math.floor(span_ms / 2)
        const first = await this.samples({ matchers, from_ms }, from_ms, middle_ms, signal)
        return [...first, ...(await this.samples({ matchers, from_ms }, middle_ms, to_ms, signal))]
      }
      const mayStep = error.code === 'bad_data' || error.code === 'execution'
      if (!mayStep || this.#steps_ms.has(selector)) throw error
      this.#steps_ms.set(selector, await this.#usualStep(selector, signal))
      return this.samples({ matchers, from_ms }, from_ms, to_ms, signal)
    }
  }

  async #piece(selector: string, from_ms: number, to_ms: number, signal: AbortSignal): Promise<AnsweredSeries[]> {
    const step_ms = this.#steps_ms.get(selector)
    if (step_ms !== undefined) return this.#stepped(selector, { from_ms, to_ms, step_ms }, signal)
    const expr = `${selector}[${to_ms - from_ms}ms]`
    const answer = await this.#pace.ask(() => this.#client.instant(expr, to_ms, { signal }), signal)
    return answer.type === 'matrix' ? [...answer.series] : []
  }

  async #stepped(
    selector: string,
    { from_ms, to_ms, step_ms }: { readonly from_ms: number; readonly to_ms: number; readonly step_ms: number },
    signal: AbortSignal,
  ): Promise<AnsweredSeries[]> {
    const found: AnsweredSeries[] = []
    const first_ms = (Math.floor(from_ms / step_ms) + 1) * step_ms
    for (let start_ms = first_ms; start_ms <= to_ms; start_ms += POINTS * step_ms) {
      const range = { from_ms: start_ms, to_ms: Math.min(to_ms, start_ms + (POINTS - 1) * step_ms), step_ms }
      // A value counts at one step only.
      const options = { ...range, lookback_ms: step_ms, signal }
      const answer = await this.#pace.ask(() => this.#client.range(selector, options), signal)
      if (answer.type === 'matrix') found.push(...answer.series)
    }
    return found
  }

  /** By how often most series have had samples of late; rather too short than too long: then no sample stands for another. */
  async #usualStep(selector: string, signal: AbortSignal): Promise<number> {
    const expr = `count_over_time(${selector}[${COUNTED_MS}ms])`
    try {
      const answer = await this.#pace.ask(() => this.#client.instant(expr, this.#now_ms(), { signal }), signal)
      if (answer.type !== 'vector') return USUAL_STEP_MS
      const counts = answer.series.map(({ value }) => value[0] ?? 0).toSorted((a, b) => a - b)
      const median = counts[counts.length >> 1]
      if (median === undefined || median <= 0) return USUAL_STEP_MS
      const longest_ms = (1.1 * COUNTED_MS) / median
      return (STEPS_S.find((seconds) => seconds * 1000 <= longest_ms) ?? 1) * 1000
    } catch (error) {
      if (error instanceof ServiceError && error.code !== 'canceled') return USUAL_STEP_MS
      throw error
    }
  }
}
