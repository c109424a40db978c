import { setImmediate as nextTurn } from 'node:timers/promises'

import { monotonicNow_ms } from './clock.ts'

/** Work that may rest between two steps. What it works on is its own meanwhile; where it rests changes nothing of its result. */
export type Steps<T> = Generator<void, T, void>

/** What is worked on so long leaves the event loop a turn. */
const SLICE_MS = 10

/** All of it at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** All of it, while the event loop has a turn whenever it took a while. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  let began_ms = monotonicNow_ms()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (monotonicNow_ms() - began_ms < SLICE_MS) continue
    await nextTurn()
    began_ms = monotonicNow_ms()
  }
}
