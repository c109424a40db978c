import { z } from '@hono/zod-openapi'

/** The farthest time that a `Date` can name. */
const FARTHEST_MS = 8.64e15

/** RFC 3339 in UTC with milliseconds. */
export const time = z.iso.datetime({ precision: 3 }).openapi({ example: '2026-11-20T10:42:00.000Z' })
export const labels = z.record(z.string(), z.string())

/** A time as the wire has it; undefined where there is none. */
export function timeText(time_ms: number | undefined): string | undefined {
  if (time_ms === undefined || !(Math.abs(time_ms) <= FARTHEST_MS)) return undefined
  return new Date(time_ms).toISOString()
}

/** Like `timeText`, for times that are always there. */
export function timeOf(time_ms: number): string {
  return timeText(time_ms) ?? '1970-01-01T00:00:00.000Z'
}

/** A number that JSON can say; undefined for NaN and infinities, which it cannot. */
export function number(value: number | undefined): number | undefined {
  return Number.isFinite(value) ? value : undefined
}

/** '' means: there is none. */
export function text(value: string): string | undefined {
  return value === '' ? undefined : value
}
