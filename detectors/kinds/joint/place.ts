const DAY_MS = 86_400_000
/** In this time the distance from a profile is forgotten. */
export const OFFSET_MS = 2 * 60 * 60_000

/** A period that repeats, in slots. */
export interface Season {
  readonly period_ms: number
  readonly slots: number
  /** Periods that a slot remembers. */
  readonly memory: number
  /** Interpolate between the beginnings of slots (0) or their middles (0.5). */
  readonly middle: number
  /** Silent until this much of its first period is seen. */
  readonly silent: number
  /** In this time the distance of now from it is forgotten. */
  readonly offset_ms: number
}

/** Profile of the day: five minutes a slot. */
export const DAY: Season = { period_ms: DAY_MS, slots: 288, memory: 6, middle: 0, silent: 0, offset_ms: OFFSET_MS }
/** Profile of the week: an hour a slot. */
export const WEEK: Season = {
  period_ms: 7 * DAY_MS,
  slots: 168,
  memory: 4,
  middle: 0.5,
  silent: 1.02,
  offset_ms: OFFSET_MS,
}

/** Where a time of a day or week lies: in a slot, and a share of the way between two. */
export class Place {
  readonly #season: Season
  time_ms = NaN
  into_ms = NaN
  slot = 0
  /** It lies `share` of the way from one slot to the next. */
  from = 0
  to = 0
  share = 0.5
  /** What the row that was looked at last says of it; NaN where nothing is known. */
  shape = NaN
  /** And by how much that rises from the one slot to the other. */
  rise = 0

  constructor(season: Season) {
    this.#season = season
  }

  /** `into_ms` the period. */
  set(time_ms: number, into_ms: number): void {
    this.time_ms = time_ms
    this.into_ms = into_ms
    this.slot = Math.floor(this.#position(into_ms, 0))
    const position = this.#position(into_ms, this.#season.middle)
    const from = Math.floor(position)
    this.from = from
    this.to = from + 1 === this.#season.slots ? 0 : from + 1
    this.share = position - from
  }

  /** In slots from the beginning of the period; `middle` slots back. */
  #position(into_ms: number, middle: number): number {
    const { period_ms, slots } = this.#season
    const position = (into_ms * slots) / period_ms - middle
    const wrapped = position < 0 ? position + slots : position
    return wrapped < slots ? wrapped : 0
  }
}
