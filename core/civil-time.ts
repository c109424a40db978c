const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
/** Beyond it there are no dates. */
const LAST_MS = 8.64e15
/** Weeks whose offsets are kept. */
const WEEKS = 128
/** 1 January 1970 was a Thursday: day 3 of a week that begins with it is a Sunday. */
const SUNDAY = 3
/** A range of holidays is no longer than this. */
const RANGE_DAYS = 366

/** Whether clocks of a zone of this name (IANA) are known. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).format(0) !== ''
  } catch {
    return false
  }
}

/** Days since 1970 of `2026-10-01` or of a range `2026-10-01/2026-10-07`, both ends included; undefined for anything else. */
export function parseDays(text: string): number[] | undefined {
  const ends = text.split('/').map((end) => {
    const time_ms = /^\d{4}-\d\d-\d\d$/.test(end) ? Date.parse(`${end}T00:00:00Z`) : NaN
    // Of a day that its month has not, the parser may make one of the next.
    return !Number.isNaN(time_ms) && new Date(time_ms).toISOString().startsWith(end) ? time_ms / DAY_MS : NaN
  })
  const [first = NaN, last = first, more] = ends
  if (more !== undefined || !(first <= last && last - first < RANGE_DAYS)) return undefined
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

/**
 * What the clock on the wall says: the time of the day and of the week where people live. Holidays are Sundays.
 * Offsets are looked up a week at a time and kept, so that asking costs little.
 */
export class CivilTime {
  readonly zone: string
  readonly #format: Intl.DateTimeFormat | undefined
  readonly #holidays: ReadonlySet<number>
  /** By week: offsets at its beginning and end, and when one takes over from the other. */
  readonly #weeks = new Map<number, readonly [before_ms: number, change_ms: number, after_ms: number]>()
  #from_ms = -Infinity
  #until_ms = -Infinity
  #offset_ms = 0
  #day = NaN
  #weekday = 0
  /** Of the last `set`: time since midnight, and since midnight of the last Thursday. */
  day_ms = 0
  week_ms = 0

  /** `holidays`: as `parseDays` reads them; others are passed over. */
  constructor({ zone = 'UTC', holidays = [] }: { zone?: string; holidays?: readonly string[] } = {}) {
    this.zone = zone
    this.#holidays = new Set(holidays.flatMap((text) => parseDays(text) ?? []))
    if (zone === 'UTC') this.#until_ms = Infinity
    else this.#format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  }

  set(time_ms: number): void {
    if (!(time_ms >= this.#from_ms && time_ms < this.#until_ms)) this.#find(time_ms)
    const local_ms = time_ms + this.#offset_ms
    const day = Math.floor(local_ms / DAY_MS)
    if (day !== this.#day) {
      this.#day = day
      this.#weekday = this.#holidays.has(day) ? SUNDAY : day - 7 * Math.floor(day / 7)
    }
    this.day_ms = local_ms - day * DAY_MS
    this.week_ms = this.#weekday * DAY_MS + this.day_ms
  }

  #find(time_ms: number): void {
    const week = Math.floor(time_ms / WEEK_MS)
    let known = this.#weeks.get(week)
    if (known === undefined) {
      if (this.#weeks.size >= WEEKS) this.#weeks.clear()
      known = this.#look(week * WEEK_MS, (week + 1) * WEEK_MS)
      this.#weeks.set(week, known)
    }
    const [before_ms, change_ms, after_ms] = known
    const isBefore = time_ms < change_ms
    this.#offset_ms = isBefore ? before_ms : after_ms
    this.#from_ms = isBefore ? week * WEEK_MS : change_ms
    this.#until_ms = isBefore ? change_ms : (week + 1) * WEEK_MS
  }

  /** Nowhere do clocks change twice within a week. */
  #look(from_ms: number, until_ms: number): [number, number, number] {
    const [before_ms, after_ms] = [this.#offsetAt(from_ms), this.#offsetAt(until_ms)]
    if (before_ms === after_ms) return [before_ms, until_ms, after_ms]
    let [low_ms, high_ms] = [from_ms, until_ms]
    while (high_ms - low_ms > 1000) {
      const middle_ms = 1000 * Math.floor((low_ms + high_ms) / 2000)
      if (this.#offsetAt(middle_ms) === before_ms) low_ms = middle_ms
      else high_ms = middle_ms
    }
    return [before_ms, high_ms, after_ms]
  }

  #offsetAt(time_ms: number): number {
    const text = this.#format!.format(Math.max(-LAST_MS, Math.min(LAST_MS, time_ms)))
    const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] = /GMT([+-])(\d+):?(\d*):?(\d*)$/.exec(text) ?? []
    const size_ms = 1000 * (3600 * Number(hours) + 60 * Number(minutes) + Number(seconds))
    return sign === '-' ? -size_ms : size_ms
  }
}
