import { z } from 'zod'

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}
const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/
const ORDER = ['y', 'w', 'd', 'h', 'm', 's', 'ms'] as const

/** Prometheus' durations (`1h30m`, `500ms`, `0`) in ms; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const parts = text === '' ? null : PATTERN.exec(text)
  if (parts === null) return undefined
  return ORDER.reduce((sum, unit, i) => sum + Number(parts[i + 1] ?? 0) * UNITS_MS[unit]!, 0)
}

/** The shortest exact form: `90000` → `1m30s`. Whole ms, not negative. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  // Weeks and years are left to people who write them: a program says days.
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const count = Math.floor(rest / UNITS_MS[unit]!)
    if (count > 0) text += `${count}${unit}`
    rest -= count * UNITS_MS[unit]!
  }
  return text
}

/** A duration in a file, read as ms. */
export const duration = z
  .union([z.string(), z.literal(0)], 'a duration, like 30s, 5m or 1h30m')
  .transform((text, context): number => {
    const ms = parseDuration(String(text))
    if (ms !== undefined) return ms
    context.addIssue({
      code: 'custom',
      message: `not a duration: ${JSON.stringify(text)}; write it like 30s, 5m or 1h30m`,
    })
    return z.NEVER
  })

/** A duration between two ends, which belong to it. */
export const durationWithin = (least_ms: number, most_ms: number) =>
  duration.refine(
    (ms) => ms >= least_ms && ms <= most_ms,
    `from ${formatDuration(least_ms)} to ${formatDuration(most_ms)}`,
  )
