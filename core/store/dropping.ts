import type { Counter, Meter } from '../ports/meter.ts'
import { NONE } from './chunk-table.ts'
import type { StoreLimits } from './limits.ts'
import type { Tables } from './selection.ts'

/** Retention is seen to when time has moved this far. */
const SWEEP_MS = 300_000
/** Above `limits.bytes`, chunks go until this share of it is left; and again when as much as `STEP` of it has come. */
const LEFT = 0.9
const STEP = 1 / 64

/** Lets go of old samples: by age, and when there are too many bytes. Moved by the data's time alone. */
export class Dropping {
  readonly #limits: StoreLimits
  readonly #dropped: Counter
  #swept_ms = -Infinity
  #tried_bytes = 0

  constructor(limits: StoreLimits, meter: Meter) {
    this.#limits = limits
    this.#dropped = meter.counter('barograph.store.samples.dropped', {
      description: 'Stored samples that were let go, by what for: retention, or limits.bytes',
    })
  }

  marks(): { swept_ms: number; tried_bytes: number } {
    return { swept_ms: this.#swept_ms, tried_bytes: this.#tried_bytes }
  }

  restore(marks: { readonly swept_ms: number; readonly tried_bytes: number }): void {
    this.#swept_ms = marks.swept_ms
    this.#tried_bytes = marks.tried_bytes
  }

  /** To be called after a batch. */
  after(tables: Tables, now_ms: number): void {
    if (this.#swept_ms === -Infinity) this.#swept_ms = now_ms
    if (now_ms - this.#swept_ms >= SWEEP_MS) {
      this.#swept_ms = now_ms
      this.#drop(tables, now_ms - this.#limits.retention_ms, 'retention')
    }
    const { bytes } = tables.samples
    if (bytes <= this.#limits.bytes) this.#tried_bytes = 0
    else if (bytes >= this.#tried_bytes) {
      this.#drop(tables, cutoffFor(tables, bytes - this.#limits.bytes * LEFT), 'bytes')
      // Heads may be more than the limit: nothing is won by trying at every batch.
      this.#tried_bytes = tables.samples.bytes + this.#limits.bytes * STEP
    }
  }

  #drop({ series, samples }: Tables, cutoff_ms: number, reason: string): void {
    let dropped = 0
    for (let row = 0; row < series.length; row++) {
      dropped += samples.dropBefore(row, cutoff_ms)
      if (samples.oldest_ms(row) === Infinity) series.retire(row)
    }
    if (dropped > 0) this.#dropped.add(dropped, { reason })
  }
}

/** The time before which the oldest chunks hold so many bytes. */
function cutoffFor({ series, samples }: Tables, bytes: number): number {
  const { chunks } = samples
  const found: { to_ms: number; size: number }[] = []
  for (let row = 0; row < series.length; row++) {
    for (let chunk = samples.firstChunk(row); chunk !== NONE; chunk = chunks.next(chunk)) {
      found.push({ to_ms: chunks.to_ms(chunk), size: chunks.size(chunk) })
    }
  }
  found.sort((a, b) => a.to_ms - b.to_ms)
  let left = bytes
  for (const { to_ms, size } of found) {
    left -= size
    // Half a millisecond later, so that this chunk goes as well.
    if (left <= 0) return to_ms + 0.5
  }
  return found.length === 0 ? -Infinity : found.at(-1)!.to_ms + 0.5
}
