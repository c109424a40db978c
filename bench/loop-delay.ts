// Loaded into a server before anything else (`node --import`): tells the bench over IPC how long the event loop was held.
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Milliseconds behind time of a timer, since `begin`. */
export interface LoopDelay {
  readonly p50_ms: number
  readonly p99_ms: number
  readonly max_ms: number
}

const RESOLUTION_MS = 5
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
// What is recorded is the time between two timers, which is the resolution when nothing is held.
const late_ms = (ns: number): number => Math.max(0, Math.round(ns / 1e5) / 10 - RESOLUTION_MS)

process.on('message', (word) => {
  if (word === 'begin') {
    delay.reset()
    delay.enable()
  } else if (word === 'end') {
    delay.disable()
    const [p50_ms, p99_ms] = [late_ms(delay.percentile(50)), late_ms(delay.percentile(99))]
    process.send?.({ p50_ms, p99_ms, max_ms: late_ms(delay.max) } satisfies LoopDelay)
  }
})
// It must be able to end by itself.
process.channel?.unref()
