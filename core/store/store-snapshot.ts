import { ServiceError } from '../errors.ts'
import { bucketCount } from '../exponential.ts'
import type { SeriesDefinition } from '../series.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { Dropping } from './dropping.ts'
import { loadStore1 } from './store-snapshot-1.ts'
import type { Tables } from './tables.ts'

const VERSION = 2
/** About what a series needs beside its slabs; and how much more room is made at once. */
const BYTES_A_SERIES = 512
const ROOM = 1.125

/** What is saved: the tables, and marks that decide what is dropped when. */
export interface StoreState {
  readonly tables: Tables
  readonly dropping: Dropping
  /** Newest event time stored; -Infinity before any. */
  readonly newest_ms: number
}

/**
 * Format 2: marks, the series, then every table as its columns and slabs are in memory; of files their names and lengths. The
 * memory for it is kept and used again.
 */
export class StoreWriter {
  #writer = new ByteWriter()
  #room = 0

  /** A view, valid until the next call. */
  save({ tables, dropping, newest_ms }: StoreState): Uint8Array {
    const needed = tables.allocated + tables.series.length * BYTES_A_SERIES
    // Growing by doubling would copy it all several times.
    if (needed > this.#room) this.#writer = new ByteWriter((this.#room = needed * ROOM))
    const writer = this.#writer
    writer.clear()
    writer.u8(VERSION)
    writer.f64(newest_ms)
    dropping.save(writer)
    tables.series.save(writer)
    tables.sums.save(writer)
    tables.files.save(writer)
    tables.samples.save(writer)
    tables.rollupFiles.save(writer)
    tables.rollups.save(writer)
    tables.exemplars.save(writer)
    return writer.view()
  }
}

/** Into empty tables; returns the newest event time. Throws `ServiceError('bad_data')` for another version, or bytes that are none. */
export function loadStore(bytes: Uint8Array, tables: Tables, dropping: Dropping): number {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version === 1) return loadStore1(reader, tables, dropping)
  if (version !== VERSION) {
    throw new ServiceError('bad_data', `the store has format ${version}; this version reads formats 1 and ${VERSION}`)
  }
  const newest_ms = reader.f64()
  dropping.load(reader)
  tables.series.load(reader)
  tables.sums.load(reader)
  tables.files.load(reader)
  tables.samples.load(reader)
  tables.rollupFiles.load(reader)
  tables.rollups.load(reader)
  tables.exemplars.load(reader)
  if (reader.left > 0) throw new ServiceError('bad_data', `the snapshot of the store has ${reader.left} bytes too many`)
  return newest_ms
}

/** Value columns of a series: one, or sum, count and buckets. */
export function widthOf(definition: Pick<SeriesDefinition, 'kind' | 'bounds'>): number {
  return definition.kind === 'float' ? 1 : bucketCount(definition) + 2
}
