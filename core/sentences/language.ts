/** Languages of messages. */
export const LANGUAGES = ['en', 'zh'] as const

export type Language = (typeof LANGUAGES)[number]

/** `10:42 UTC`: the time of day of an event, as sentences say it. */
export function timeOfDay(time_ms: number): string {
  return `${new Date(time_ms).toISOString().slice(11, 16)} UTC`
}

/** A length of time in its largest whole unit: `20 s`, `3 min`, `2 h`. */
export function span(ms: number, language: Language): string {
  const seconds = Math.round(Math.abs(ms) / 1000)
  const units = language === 'zh' ? ['秒', '分钟', '小时'] : ['s', 'min', 'h']
  if (seconds < 120) return `${seconds} ${units[0]}`
  if (seconds < 7200) return `${Math.round(seconds / 60)} ${units[1]}`
  return `${Math.round(seconds / 3600)} ${units[2]}`
}
