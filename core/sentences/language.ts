/** Languages of messages. */
export const LANGUAGES = ['en', 'zh'] as const

export type Language = (typeof LANGUAGES)[number]

/** `10:42 UTC`: the time of day of an event, as sentences say it. */
export function timeOfDay(time_ms: number): string {
  return `${new Date(time_ms).toISOString().slice(11, 16)} UTC`
}

/** The time of day, with the date where another time that is told beside it is of another day: `27 Nov 23:10 UTC`. */
export function moment(time_ms: number, beside_ms: number, language: Language): string {
  const date = new Date(time_ms)
  if (date.toISOString().slice(0, 10) === new Date(beside_ms).toISOString().slice(0, 10)) return timeOfDay(time_ms)
  const month = date.getUTCMonth()
  const day = date.getUTCDate()
  const written = language === 'zh' ? `${month + 1} 月 ${day} 日` : `${day} ${MONTHS[month]!}`
  return `${written} ${timeOfDay(time_ms)}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** A length of time in its largest whole unit: `20 s`, `3 min`, `2 h`. */
export function span(ms: number, language: Language): string {
  const seconds = Math.round(Math.abs(ms) / 1000)
  const units = language === 'zh' ? ['秒', '分钟', '小时'] : ['s', 'min', 'h']
  if (seconds < 120) return `${seconds} ${units[0]}`
  if (seconds < 7200) return `${Math.round(seconds / 60)} ${units[1]}`
  return `${Math.round(seconds / 3600)} ${units[2]}`
}
