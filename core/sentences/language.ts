/** Languages of messages. */
export const LANGUAGES = ['en', 'zh'] as const

export type Language = (typeof LANGUAGES)[number]

/** How sentences are said: in which language, and by the clocks of which zone (IANA). */
export interface Locale {
  readonly language: Language
  readonly zone: string
}

/** What a clock on the wall says: `10:42`, of the zone `UTC`, on the day `2026-11-27`. */
interface Reading {
  readonly time: string
  readonly zone: string
  readonly year: number
  readonly month: number
  readonly day: number
}

/** By zone: there are one or two of them, and they are slow to make. */
const FORMATS = new Map<string, Intl.DateTimeFormat>()
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    calendar: 'gregory',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
  FORMATS.set(zone, made)
  return made
}

function readingOf(time_ms: number, { zone }: Locale): Reading {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(time_ms)
      .map(({ type, value }) => [type, value]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
  return {
    time: `${part('hour')}:${part('minute')}`,
    zone: part('timeZoneName'),
    year: Number(part('year')),
    month: Number(part('month')),
    day: Number(part('day')),
  }
}

const sameDay = (a: Reading, b: Reading): boolean => a.day === b.day && a.month === b.month && a.year === b.year

function dated({ time, zone, month, day }: Reading, language: Language): string {
  const written = language === 'zh' ? `${month} 月 ${day} 日` : `${day} ${MONTHS[month - 1] ?? ''}`
  return `${written} ${time} ${zone}`
}

/** `10:42 UTC`: the time of day of an event, as sentences say it. */
export function timeOfDay(time_ms: number, locale: Locale): string {
  const { time, zone } = readingOf(time_ms, locale)
  return `${time} ${zone}`
}

/** The time of day, with the date where another time that is told beside it is of another day: `27 Nov 23:10 UTC`. */
export function moment(time_ms: number, beside_ms: number, locale: Locale): string {
  const reading = readingOf(time_ms, locale)
  if (!sameDay(reading, readingOf(beside_ms, locale))) return dated(reading, locale.language)
  return `${reading.time} ${reading.zone}`
}

/** From when to when: `10:42` and `11:30 UTC`; with dates where they are of two days, with both zones where clocks were changed between. */
export function stretch(from_ms: number, to_ms: number, locale: Locale): readonly [from: string, to: string] {
  const [from, to] = [readingOf(from_ms, locale), readingOf(to_ms, locale)]
  if (!sameDay(from, to)) return [dated(from, locale.language), dated(to, locale.language)]
  return [from.zone === to.zone ? from.time : `${from.time} ${from.zone}`, `${to.time} ${to.zone}`]
}

/** A length of time in its largest whole unit: `20 s`, `3 min`, `2 h`. */
export function span(ms: number, language: Language): string {
  const seconds = Math.round(Math.abs(ms) / 1000)
  const units = language === 'zh' ? ['秒', '分钟', '小时'] : ['s', 'min', 'h']
  if (seconds < 120) return `${seconds} ${units[0]}`
  if (seconds < 7200) return `${Math.round(seconds / 60)} ${units[1]}`
  return `${Math.round(seconds / 3600)} ${units[2]}`
}
