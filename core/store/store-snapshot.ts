import type { MadePart } from '../component.ts'
import { ServiceError } from '../errors.ts'
import { bucketCount } from '../exponential.ts'
import type { SeriesDefinition } from '../series.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { ChunkFiles } from './chunk-files.ts'
import type { Dropping } from './dropping.ts'
import { PartWriter } from './part-writer.ts'
import { loadStore1 } from './store-snapshot-1.ts'
import type { Tables } from './tables.ts'

/**
 * Format 3 is 2 with heads whose block is larger than what they take, format 4 is 3 with chunks that begin with an index of their pieces, format 5
 * is 4 with heads that hold sample after sample, format 6 is 5 without the pages of rows that are all gone, and with since when data comes, format 7
 * is 6 with heads of floats that share blocks: who reads only the one before would not see that.
 */
const VERSION = 7
/** Of the formats in which each float has a block, of those that have all pages and do not know since when data comes, of those whose heads hold column after column. */
const LAST_APART = 6
const LAST_WHOLE = 5
const LAST_BY_COLUMNS = 4
/** Format 1 is read apart. */
const OLDEST = 2
const NOTHING = new Uint8Array()
/** What is saved: the tables, and marks that decide what is dropped when. */
export interface StoreState {
  readonly tables: Tables
  readonly dropping: Dropping
  /** Newest event time stored; -Infinity before any. */
  readonly newest_ms: number
}

/** Formats 2 to 7: marks, the series, then every table as its columns and slabs are in memory; of files their names and lengths. */
export function* storeParts({ tables, dropping, newest_ms }: StoreState): Generator<Uint8Array | MadePart, void> {
  const writer = new PartWriter()
  writer.u8(VERSION)
  writer.f64(newest_ms)
  dropping.save(writer)
  tables.live.save(writer)
  // The names of files, and what they hold, as of the beginning.
  const [files, rollupFiles] = [tables.files, tables.rollupFiles].map(filesOf)
  yield* writer.take()
  yield { make: () => seriesParts(tables), version: tables.series.version }
  tables.series.saveEnded(writer)
  tables.sums.save(writer)
  writer.raw(files!)
  tables.samples.save(writer)
  writer.raw(rollupFiles!)
  tables.rollups.save(writer)
  tables.exemplars.save(writer)
  yield* writer.take()
}

function* seriesParts({ series }: Tables): Generator<Uint8Array, void> {
  const writer = new PartWriter()
  for (const _ of series.saving(writer)) yield* breath(writer)
  yield* writer.take()
}

function filesOf(files: ChunkFiles): Uint8Array {
  const writer = new ByteWriter()
  files.save(writer)
  return writer.view()
}

/** What is there, or nothing: so that whoever takes it may look after something else. */
function* breath(writer: PartWriter): Generator<Uint8Array, void> {
  const parts = writer.take()
  if (parts.length > 0) yield* parts
  else yield NOTHING
}

/** Into empty tables; returns the newest event time. Throws `ServiceError('bad_data')` for another version, or bytes that are none. */
export function loadStore(bytes: Uint8Array, tables: Tables, dropping: Dropping): number {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version === 1) return loadStore1(reader, tables, dropping)
  if (version < OLDEST || version > VERSION) {
    throw new ServiceError('bad_data', `the store has format ${version}; this version reads formats 1 to ${VERSION}`)
  }
  const saved = { whole: version <= LAST_WHOLE, byColumns: version <= LAST_BY_COLUMNS, apart: version <= LAST_APART }
  const newest_ms = reader.f64()
  dropping.load(reader)
  if (version > LAST_WHOLE) tables.live.load(reader)
  tables.series.load(reader)
  tables.sums.load(reader)
  tables.files.load(reader)
  tables.samples.load(reader, saved)
  tables.rollupFiles.load(reader)
  tables.rollups.load(reader, saved)
  tables.exemplars.load(reader)
  if (reader.left > 0) throw new ServiceError('bad_data', `the snapshot of the store has ${reader.left} bytes too many`)
  return newest_ms
}

/** Value columns of a series: one, or sum, count and buckets. */
export function widthOf(definition: Pick<SeriesDefinition, 'kind' | 'bounds'>): number {
  return definition.kind === 'float' ? 1 : bucketCount(definition) + 2
}
