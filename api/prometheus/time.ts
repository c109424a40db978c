import { parseDuration } from '#core/config/duration.ts'

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/

/** The farthest time that a `Date` can name, ms either side of the epoch. */
export const FARTHEST_MS = 8.64e15

/** RFC 3339 in ms; undefined for anything else, the 30th of February included. */
export function parseRfc3339(text: string): number | undefined {
  const parts = RFC3339.exec(text)
  if (parts === null) return undefined
  const [, day = '', time = '', fraction = '', zone = ''] = parts
  const time_ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  if (Number.isNaN(time_ms)) return undefined
  // `Date` lets the 30th of February be the 2nd of March; nobody who writes it means that.
  const civil = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(civil) || new Date(civil).toISOString().slice(0, 10) !== day) return undefined
  return time_ms + Math.round(Number(`0.${fraction === '' ? '0' : fraction}`) * 1000)
}

/** A time as Prometheus' API takes it: seconds with a fraction, rounded to ms, or RFC 3339. In ms. */
export function parseTime(text: string): number | undefined {
  if (!FLOAT.test(text)) return parseRfc3339(text)
  const seconds = Number(text)
  const whole = Math.trunc(seconds)
  const time_ms = whole * 1000 + Math.round((seconds - whole) * 1000)
  return Math.abs(time_ms) <= FARTHEST_MS ? time_ms : undefined
}

/**
 * A duration as Prometheus' API takes it: seconds with a fraction, or `1h30m`. In ms; may be negative or zero. Cut to ns as
 * Prometheus does, after which 270.419 s are less than 270 419 ms.
 */
export function parseSpan(text: string): number | undefined {
  if (!FLOAT.test(text)) return parseDuration(text)
  const span_ms = Math.trunc(Number(text) * 1e9) / 1e6
  return Math.abs(span_ms) <= FARTHEST_MS ? span_ms : undefined
}

/** RFC 3339 in UTC with milliseconds; Go's zero time where there is none. */
export function formatTime(time_ms: number): string {
  return time_ms > 0 && time_ms <= FARTHEST_MS ? new Date(time_ms).toISOString() : '0001-01-01T00:00:00Z'
}
