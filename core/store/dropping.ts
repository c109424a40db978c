import type { Log } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import type { Steps } from '../steps.ts'
import type { Aging } from './aging.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { Displacing } from './displacing.ts'
import type { StoreLimits } from './limits.ts'
import { PAGE_ROWS, ROW_MASK } from './row-column.ts'
import type { Tables } from './tables.ts'

/** Rows are looked through when time has moved this far. */
const SWEEP_MS = 300_000
/** A series without samples for so long leaves memory; its history stays. */
const IDLE_MS = 3_600_000
/** Rows of a sweep that are looked at after one batch, and of these, rows that may go to files. */
const ROWS_AT_ONCE = 4096
const RETREATS_AT_ONCE = 128
/** Of these rows, those that are looked at in one step. */
const STEP = 128
/** Above `limits.bytes`, files go until this share of it is left. */
const LEFT = 0.95

/**
 * Lets go of old samples, whole files at a time: by age, and when there are too many bytes. Then rows are swept, some after every batch:
 * what lay in those files leaves the lists, idle series leave memory, and series without samples end. Where there are too many series, silent ones
 * end as well. Moved by the data's time alone, or by the clock, as far as it is believed.
 */
export class Dropping {
  readonly #limits: StoreLimits
  readonly #dropped: Counter
  readonly #displacing: Displacing
  #swept_ms = -Infinity
  /** The next row of the running sweep; -1 where none runs. */
  #row = -1
  /** Files were dropped since a sweep began. */
  #isDue = false
  /** What samples that go now are counted for. */
  #reason: 'retention' | 'bytes' = 'retention'

  constructor(limits: StoreLimits, meter: Meter, log: Log) {
    this.#limits = limits
    this.#displacing = new Displacing(limits, meter, log)
    this.#dropped = meter.counter('barograph.store.samples.dropped', {
      description: 'Stored samples that were let go, by what for: retention, limits.bytes, or limits.series_kept',
    })
  }

  save(writer: ByteWriter): void {
    writer.f64(this.#swept_ms)
    writer.u32(this.#row + 1)
    writer.u8(this.#isDue ? 1 : 0)
  }

  load(reader: ByteReader): void {
    this.#swept_ms = reader.f64()
    this.#row = reader.u32() - 1
    this.#isDue = reader.u8() === 1
  }

  /** From a snapshot of format 1. */
  restore(swept_ms: number): void {
    this.#swept_ms = swept_ms
  }

  /** To be done after a batch. */
  *after(tables: Tables, { earliest_ms: now_ms, latest_ms }: Aging): Steps<void> {
    // A clock that was set back is waited for no longer.
    if (this.#swept_ms === -Infinity || this.#swept_ms > now_ms) this.#swept_ms = now_ms
    if (tables.bytes > this.#limits.bytes) this.#makeRoom(tables)
    if (now_ms - this.#swept_ms >= SWEEP_MS) {
      this.#swept_ms = now_ms
      for (const file of tables.files.before(now_ms - this.#limits.retention_ms)) tables.files.drop(file)
      for (const file of tables.rollupFiles.before(now_ms - this.#limits.rollups_ms)) tables.rollupFiles.drop(file)
      this.#isDue = true
    }
    if (this.#isDue && this.#row < 0) {
      this.#isDue = false
      this.#row = 0
    }
    if (this.#row >= 0) yield* this.#sweeping(tables, now_ms, latest_ms)
    const displaced = yield* this.#displacing.after(tables, now_ms)
    if (displaced > 0) this.#dropped.add(displaced, { reason: 'series' })
  }

  /** The oldest samples first; rollups only when no file of samples is left. */
  #makeRoom(tables: Tables): void {
    const { files, rollupFiles } = tables
    while (tables.bytes > this.#limits.bytes * LEFT) {
      const oldest = files.oldest
      if (oldest !== undefined) files.drop(oldest)
      else if (rollupFiles.oldest === undefined) return
      else rollupFiles.drop(rollupFiles.oldest)
      this.#isDue = true
      this.#reason = 'bytes'
    }
  }

  *#sweeping(tables: Tables, now_ms: number, latest_ms: number): Steps<void> {
    const { series, samples, rollups } = tables
    const oldest_ms = now_ms - this.#limits.retention_ms
    const newest_ms = latest_ms + this.#limits.retention_ms
    let end = this.#row + ROWS_AT_ONCE
    let retreats = 0
    let dropped = 0
    let looked = 0
    let row = this.#row
    for (; row < Math.min(samples.rows, end) && retreats < RETREATS_AT_ONCE; row++) {
      if ((row & ROW_MASK) === 0 && !series.hasAny(row, row + PAGE_ROWS)) {
        // However many ids were given, a sweep takes as long as there are series.
        end += PAGE_ROWS
        row += ROW_MASK
        continue
      }
      if (++looked % STEP === 0) yield
      // What a clock wrote that was ahead would refuse the samples of now for longer than any sample is kept: the series begins anew.
      const isAhead = samples.newest_ms(row) > newest_ms
      dropped += isAhead ? samples.forget(row) : samples.dropBefore(row, oldest_ms)
      rollups.dropBefore(row, now_ms - this.#limits.rollups_ms)
      samples.lists.evacuate(row)
      rollups.evacuate(row)
      if (samples.oldest_ms(row) === Infinity) {
        if (series.isActive(row)) tables.end(row)
      } else if (samples.newest_ms(row) < now_ms - IDLE_MS && samples.retreat(row)) {
        rollups.retreat(row)
        retreats++
      }
    }
    if (dropped > 0) this.#dropped.add(dropped, { reason: this.#reason })
    this.#row = row >= samples.rows ? -1 : row
    if (this.#row < 0 && !this.#isDue) this.#reason = 'retention'
  }
}
