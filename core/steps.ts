import { setImmediate as nextTurn } from 'node:timers/promises'

import { monotonicNow_ms } from './clock.ts'

/** Work that may rest between two steps. What it works on is its own meanwhile; where it rests changes nothing of its result. */
export interface Steps<T> extends Generator<void, T, void> {
  /** There is none: to the linter it is like a promise, which must not be left alone. A generator that nobody asks does nothing. */
  readonly then?: (done: (value: T) => void, failed: (error: unknown) => void) => void
}

/** What is worked on so long leaves the event loop a turn. */
const SLICE_MS = 10

/** All of it at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** The same within what yields something: `rest` wherever it rests. */
export function* restingAs<R, T>(steps: Steps<T>, rest: R): Generator<R, T, void> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    yield rest
  }
}

/** All of it, while the event loop has a turn whenever it took a while. What ends before that ends at once: most bodies are short, and promises are not free. */
export function inSlices<T>(steps: Steps<T>): T | Promise<T> {
  const slice = sliceOf(steps)
  return slice.done === true ? slice.value : resting(steps)
}

/** What follows from a value: at once where it is there, as `inSlices` gives it. */
export function upon<T, R>(value: T | Promise<T>, follow: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(follow) : follow(value)
}

async function resting<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    await nextTurn()
    const slice = sliceOf(steps)
    if (slice.done === true) return slice.value
  }
}

function sliceOf<T>(steps: Steps<T>): IteratorResult<void, T> {
  const began_ms = monotonicNow_ms()
  for (;;) {
    const step = steps.next()
    if (step.done === true || monotonicNow_ms() - began_ms >= SLICE_MS) return step
  }
}
