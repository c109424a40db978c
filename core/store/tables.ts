import { join } from 'node:path'

import type { Log } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import type { SeriesId } from '../series.ts'
import { ChunkFiles } from './chunk-files.ts'
import { ExemplarTable } from './exemplar-table.ts'
import type { StoreLimits } from './limits.ts'
import { LiveSeries } from './live-series.ts'
import { Rollups } from './rollups.ts'
import { PAGE_ROWS, ROW_SHIFT } from './row-column.ts'
import { SampleTable } from './sample-table.ts'
import { SeriesTable } from './series-table.ts'
import { SumTable } from './sum-table.ts'

const FILE_BYTES = 2 ** 25
/** So many files at least share the bytes, the time and the memory that there are: they go one at a time. */
const FILES = 16

export interface TablesOptions {
  readonly limits: StoreLimits
  /** For files of samples and rollups; undefined: everything stays in memory. */
  readonly folder: string | undefined
  /** Analysis time, or the newest sample's where there is none. */
  readonly now_ms: () => number
  /** Counts points whose new series a limit refuses. */
  readonly refused: Counter
  readonly meter: Meter
  readonly log: Log
}

/** Memory for samples, bytes. Fixed: heads, tables, and what is lost between blocks. */
export interface StoreMemory {
  readonly fixed: number
  readonly sealed: number
  readonly cached: number
}

/** What the store is made of. */
export class Tables {
  readonly live: LiveSeries
  readonly series: SeriesTable
  readonly files: ChunkFiles
  readonly samples: SampleTable
  readonly sums = new SumTable()
  readonly rollupFiles: ChunkFiles
  readonly rollups: Rollups
  readonly exemplars: ExemplarTable

  /** Throws `ServiceError('bad_config')` when the folder cannot be used. */
  constructor({ limits, folder, now_ms, refused, meter, log }: TablesOptions) {
    const { bytes, cache_bytes, retention_ms, rollups_ms } = limits
    this.live = new LiveSeries({
      now_ms,
      newest_ms: (id) => this.samples.newest_ms(id),
      pulse: (id) => this.samples.pulse(id),
    })
    this.series = new SeriesTable(limits, refused, log, this.live)
    const file_bytes = Math.min(FILE_BYTES, bytes / FILES, cache_bytes / FILES)
    const filesOf = (name: string, kept_ms: number, share: number): ChunkFiles => {
      return new ChunkFiles({
        folder: folder === undefined ? undefined : join(folder, name),
        file_bytes,
        span_ms: kept_ms / FILES,
        cache_bytes: cache_bytes * share,
        meter,
        log,
      })
    }
    // Most of the memory for what grows: longer chunks are smaller, and fewer. What is in files the system remembers as well.
    // Two parts are for what blocks leave unused.
    this.files = filesOf('chunks', retention_ms, 3 / 16)
    this.rollupFiles = filesOf('rollups', rollups_ms, 1 / 16)
    this.samples = new SampleTable({
      files: this.files,
      open_bytes: (cache_bytes * 7) / 16,
      span_ms: retention_ms / FILES,
      first: (row) => this.series.activate(row),
      sealed: (row, samples) => {
        if (this.samples.columns(row) === 1) this.rollups.sealed(row, samples)
      },
    })
    this.rollups = new Rollups({
      files: this.rollupFiles,
      samples: this.samples,
      open_bytes: (cache_bytes * 3) / 16,
      span_ms: rollups_ms / FILES,
    })
    this.exemplars = new ExemplarTable(limits)
  }

  /** Samples and rollups, in memory and in files. */
  get bytes(): number {
    return this.samples.bytes + this.files.bytes + this.rollups.bytes + this.rollupFiles.bytes
  }

  /** What waits to be written to files. */
  get unwritten(): number {
    return this.files.unwritten + this.rollupFiles.unwritten
  }

  /** The disk takes nothing, and memory is full of what waits for it. */
  get isStuck(): boolean {
    return this.files.isStuck || this.rollupFiles.isStuck
  }

  /** Memory held for samples and rollups. */
  get allocated(): number {
    return this.samples.allocated + this.files.held + this.rollups.allocated + this.rollupFiles.held
  }

  get memory(): StoreMemory {
    const sealed = this.samples.lists.bytes + this.rollups.bytes
    const tables = this.samples.tableBytes + this.rollups.tableBytes
    const slabs = this.samples.allocated + this.rollups.allocated
    return { fixed: slabs + tables - sealed, sealed, cached: this.files.held + this.rollupFiles.held }
  }

  /** A series that the series table just made. */
  add(columns: number): void {
    this.samples.add(columns)
    this.rollups.add()
  }

  /** A series without samples ends: what is kept beside them goes as well. */
  end(row: SeriesId): void {
    this.exemplars.remove(row)
    this.rollups.dropBefore(row, Infinity)
    this.samples.end(row)
    this.series.retire(row)
  }

  /** Series are gone: so is what was kept of their pages of rows, where that was the last of them. */
  drop(gone: readonly SeriesId[]): void {
    let before = -1
    for (const id of gone) {
      const page = id >>> ROW_SHIFT
      if (page !== before) this.#dropPage(page)
      before = page
    }
  }

  /** The same with all that are gone, after a start. */
  dropAll(): void {
    for (let row = 0; row < this.samples.rows; row += PAGE_ROWS) this.#dropPage(row >>> ROW_SHIFT)
  }

  #dropPage(page: number): void {
    const from = page * PAGE_ROWS
    // Of the last one more may come.
    if (from + PAGE_ROWS > this.samples.rows || this.series.hasAny(from, from + PAGE_ROWS)) return
    this.samples.drop(page)
    this.rollups.drop(page)
  }

  close(): void {
    this.files.close()
    this.rollupFiles.close()
  }
}
