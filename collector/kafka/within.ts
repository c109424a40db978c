import type { Clock } from '#core/clock.ts'

/** Settles with the work, or after so long without it: it goes on. */
export async function within(clock: Clock, limit_ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>()
  const cancel = clock.after(limit_ms, late.resolve)
  try {
    await Promise.race([work, late.promise])
  } finally {
    cancel()
  }
}
