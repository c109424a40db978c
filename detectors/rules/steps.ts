import type { ResultSeries } from '#core/ports/query-engine.ts'

import type { Active } from './alert-states.ts'

/** Walks a matrix step by step: what each step has, in the order of the series. Times must be asked in ascending order. */
export class Steps {
  readonly #series: readonly ResultSeries[]
  readonly #at: Uint32Array

  constructor(series: readonly ResultSeries[]) {
    this.#series = series
    this.#at = new Uint32Array(series.length)
  }

  at(time_ms: number): Active[] {
    const active: Active[] = []
    for (let i = 0; i < this.#series.length; i++) {
      if (this.#seek(i, time_ms) !== time_ms) continue
      const { labels, value } = this.#series[i]!
      active.push({ labels, value: value[this.#at[i]!]! })
    }
    return active
  }

  /** The first step from `time_ms` on that has anything; Infinity when none has. */
  next(time_ms: number): number {
    let next = Infinity
    for (let i = 0; i < this.#series.length; i++) next = Math.min(next, this.#seek(i, time_ms))
    return next
  }

  /** Moves series `i` to its first point from `time_ms` on; its time, Infinity behind the last. */
  #seek(i: number, time_ms: number): number {
    const { time_ms: times } = this.#series[i]!
    let at = this.#at[i]!
    while (at < times.length && times[at]! < time_ms) at++
    this.#at[i] = at
    return at < times.length ? times[at]! : Infinity
  }
}
