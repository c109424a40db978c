import type { CivilTime } from '#core/civil-time.ts'
import { gain } from '#core/stats/ewma.ts'

import { Rows } from '../kinds/rows.ts'
import type { Expert } from './expert.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1440 * MINUTE_MS
const WEEK_MS = 7 * DAY_MS
/** A series that does not live this long never pays for a profile. */
const ALLOCATE_AFTER_MS = 30 * MINUTE_MS
/** How much of a slot is replaced by one visit. */
const VISIT_WEIGHT = 0.3
/** The level of now against the profile follows in this time. */
const OFFSET_MS = 60 * MINUTE_MS

/** Five minutes of a day, a quarter of an hour of a week; of other periods a 288th, a minute at least. */
function slotsOf(period_ms: number): number {
  return period_ms === WEEK_MS ? 672 : Math.min(288, Math.max(1, Math.round(period_ms / MINUTE_MS)))
}

/** How far into its period a time is: of a day or week by the clocks of people, of others as counted from 1970-01-01 UTC. */
function placeIn(period_ms: number, civil: CivilTime): (time_ms: number) => number {
  if (period_ms !== DAY_MS && period_ms !== WEEK_MS)
    return (time_ms) => time_ms - period_ms * Math.floor(time_ms / period_ms)
  return (time_ms) => {
    civil.set(time_ms)
    return period_ms === DAY_MS ? civil.day_ms : civil.week_ms
  }
}

const nameOf = (period_ms: number): string => (period_ms === DAY_MS ? 'day' : period_ms === WEEK_MS ? 'week' : 'period')

/** Places in a profile of so many slots. */
class Places {
  readonly slots: number
  readonly slot_ms: number
  readonly #place: (time_ms: number) => number

  constructor(period_ms: number, civil: CivilTime) {
    this.slots = slotsOf(period_ms)
    this.slot_ms = period_ms / this.slots
    this.#place = placeIn(period_ms, civil)
  }

  slot(time_ms: number): number {
    return Math.min(this.slots - 1, Math.floor(this.#place(time_ms) / this.slot_ms))
  }

  /** The profile from `base` on at a time, NaN where that part of the period was never seen. */
  shape(profile: Float32Array, base: number, time_ms: number): number {
    const { slots, slot_ms } = this
    const position = this.#place(time_ms) / slot_ms
    const slot = Math.min(slots - 1, Math.floor(position))
    const here = profile[base + slot]!
    const side = position - slot < 0.5 ? -1 : 1
    const there = profile[base + ((slot + side + slots) % slots)]!
    const share = Math.abs(position - slot - 0.5)
    return there !== there || here !== here ? here : here + share * (there - here)
  }
}

/**
 * Profile of a period: slots, linear between their centres, allocated when a row has lived half an hour and
 * trusted when it is older than the period, plus the distance of now from it.
 */
export function season(rows: Rows, civil: CivilTime, period_ms: number): Expert {
  const places = new Places(period_ms, civil)
  const { slots, slot_ms } = places
  const first_ms = rows.column(Float64Array)
  const offset = rows.column(Float64Array)
  /** Page of the profile + 1; 0 while it has none. */
  const page = rows.column(Uint32Array)
  const pages = new Rows()
  const profile = pages.column(Float32Array, slots)

  const allocate = (row: number): number => {
    const added = pages.add()
    profile.data.fill(NaN, added * slots, (added + 1) * slots)
    page.data[row] = added + 1
    return added
  }
  const shape = (held: number, time_ms: number): number => places.shape(profile.data, held * slots, time_ms)
  return {
    name: nameOf(period_ms),
    predict(row, time_ms) {
      const held = page.data[row]!
      if (held === 0 || time_ms - first_ms.data[row]! <= period_ms) return NaN
      return shape(held - 1, time_ms) + offset.data[row]!
    },
    learn(row, time_ms, value, dt_ms) {
      if (time_ms < 0) return
      if (first_ms.data[row] === 0) first_ms.data[row] = time_ms
      let held = page.data[row]! - 1
      if (held < 0) {
        if (time_ms - first_ms.data[row]! < Math.min(ALLOCATE_AFTER_MS, period_ms / 2)) return
        held = allocate(row)
      }
      const seen = shape(held, time_ms)
      const slot = held * slots + places.slot(time_ms)
      const old = profile.data[slot]!
      if (old !== old) profile.data[slot] = value
      else {
        const young = time_ms - first_ms.data[row]! <= period_ms
        const weight = young ? VISIT_WEIGHT : VISIT_WEIGHT * Math.min(1, dt_ms / slot_ms)
        profile.data[slot] = old + weight * (value - old)
      }
      if (seen === seen) offset.data[row]! += gain(dt_ms, OFFSET_MS) * (value - seen - offset.data[row]!)
    },
    rebase(row, time_ms, value) {
      const held = page.data[row]!
      if (held === 0) return
      const seen = shape(held - 1, time_ms)
      if (seen === seen) offset.data[row] = value - seen
    },
    forget(row) {
      const held = page.data[row]!
      if (held > 0) pages.remove(held - 1)
    },
    part(row, { pool }) {
      // The page that the columns name is the other's.
      const held = page.data[row]!
      if (held > 0) pages.copy(allocate(row), pool!, held - 1)
    },
    pool: pages,
  }
}
