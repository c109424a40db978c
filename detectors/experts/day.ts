import type { CivilTime } from '#core/civil-time.ts'
import { gain } from '#core/stats/ewma.ts'

import { Rows } from '../kinds/rows.ts'
import type { Expert } from './expert.ts'

const DAY_MS = 86_400_000
const SLOTS = 288
const SLOT_MS = DAY_MS / SLOTS
/** A series that does not live this long never pays for a profile. */
const ALLOCATE_AFTER_MS = 30 * 60_000
/** How much of a slot is replaced by one day's visit. */
const DAILY_WEIGHT = 0.3
/** The level of today against the profile follows in this time. */
const OFFSET_MS = 60 * 60_000

/**
 * Profile of the day: 288 slots, linear between their centres, allocated when a row has lived half an hour and
 * trusted when it is older than a day, plus the distance of today from it.
 */
export function day(rows: Rows, civil: CivilTime): Expert {
  const first_ms = rows.column(Float64Array)
  const offset = rows.column(Float64Array)
  /** Page of the profile + 1; 0 while it has none. */
  const page = rows.column(Uint32Array)
  const pages = new Rows()
  const profile = pages.column(Float32Array, SLOTS)

  const allocate = (row: number): number => {
    const added = pages.add()
    profile.data.fill(NaN, added * SLOTS, (added + 1) * SLOTS)
    page.data[row] = added + 1
    return added
  }
  /** The profile at a time, NaN where that part of the day was never seen. */
  const shape = (held: number, time_ms: number): number => {
    civil.set(time_ms)
    const position = civil.day_ms / SLOT_MS
    const slot = Math.floor(position)
    const base = held * SLOTS
    const here = profile.data[base + slot]!
    const side = position - slot < 0.5 ? -1 : 1
    const there = profile.data[base + ((slot + side + SLOTS) % SLOTS)]!
    const share = Math.abs(position - slot - 0.5)
    return there !== there || here !== here ? here : here + share * (there - here)
  }
  return {
    name: 'day',
    predict(row, time_ms) {
      const held = page.data[row]!
      if (held === 0 || time_ms - first_ms.data[row]! <= DAY_MS) return NaN
      return shape(held - 1, time_ms) + offset.data[row]!
    },
    learn(row, time_ms, value, dt_ms) {
      if (time_ms < 0) return
      if (first_ms.data[row] === 0) first_ms.data[row] = time_ms
      let held = page.data[row]! - 1
      if (held < 0) {
        if (time_ms - first_ms.data[row]! < ALLOCATE_AFTER_MS) return
        held = allocate(row)
      }
      const seen = shape(held, time_ms)
      const slot = held * SLOTS + Math.floor(civil.day_ms / SLOT_MS)
      const old = profile.data[slot]!
      if (old !== old) profile.data[slot] = value
      else {
        const young = time_ms - first_ms.data[row]! <= DAY_MS
        const weight = young ? DAILY_WEIGHT : DAILY_WEIGHT * Math.min(1, dt_ms / SLOT_MS)
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
