import { ServiceError } from '../errors.ts'
import { bucketCount } from '../exponential.ts'
import type { ByteReader } from './bytes.ts'
import { decodePiece } from './chunk-codec.ts'
import { readDefinition } from './definition-codec.ts'
import type { Dropping } from './dropping.ts'
import { SampleBuffer } from './sample-buffer.ts'
import type { SampleTable } from './sample-table.ts'
import { writeVarint } from './scaled-column.ts'
import type { Tables } from './tables.ts'

const SAMPLES_LIMIT = 120

/** What is behind the version byte of format 1: marks, then each series with its samples. See `loadStore`. */
export function loadStore1(reader: ByteReader, tables: Tables, dropping: Dropping): number {
  const newest_ms = reader.f64()
  dropping.restore(reader.f64())
  // The size at which chunks were last dropped.
  reader.f64()
  for (let left = reader.count(20); left > 0; left--) {
    const definition = readDefinition(reader)
    const flags = reader.u8()
    // In the place of a series that is gone: one without labels that has ended.
    const isGone = definition.labels.size === 0 && (flags & 1) === 0
    const row = isGone ? tables.series.skip() : tables.series.restore(definition, (flags & 1) !== 0)
    const columns = definition.kind === 'float' ? 1 : bucketCount(definition) + 2
    tables.add(columns)
    tables.sums.restore(row, flags >> 1)
    readSamples(reader, tables, row, columns)
  }
  if (reader.left > 0) throw damaged(`${reader.left} bytes too many`)
  return newest_ms
}

/** Newest time, head, late samples, sealed chunks: the chunks come last and are the oldest. */
function readSamples(reader: ByteReader, tables: Tables, row: number, columns: number): void {
  const { samples } = tables
  const newest_ms = reader.f64()
  reader.varint()
  const length = reader.varint()
  if (length > SAMPLES_LIMIT) throw damaged(`the head of series ${row} is too long`)
  const time_ms = reader.floats(length)
  const values = Array.from({ length: length === 0 ? 0 : columns }, () => reader.floats(length))
  const stale = reader.raw(length)
  const late = Array.from({ length: reader.count(9) }, () => {
    return { time_ms: reader.f64(), values: reader.floats(columns), stale: reader.u8() }
  })
  for (let left = reader.count(18); left > 0; left--) readChunk(reader, tables, row, columns)
  for (let i = 0; i < length; i++) {
    const sample = Float64Array.from(values, (column) => column[i]!)
    samples.push(row, { time_ms: time_ms[i]!, values: sample, stale: stale[i]! })
  }
  addLate(samples, row, late)
  samples.markNewest(row, newest_ms)
}

function addLate(samples: SampleTable, row: number, late: Parameters<SampleTable['insert']>[1][]): void {
  for (const sample of late) {
    if (samples.insert(row, sample) !== 'stored') throw damaged(`a late sample of series ${row} is there twice`)
  }
}

function readChunk(reader: ByteReader, { samples, rollups }: Tables, row: number, columns: number): void {
  const [from_ms, to_ms] = [reader.f64(), reader.f64()]
  const count = reader.varint()
  if (count < 1 || count > SAMPLES_LIMIT) throw damaged(`a chunk of series ${row} has ${count} samples`)
  const body = reader.raw(reader.varint())
  // Since format 2 the number of samples comes first.
  const piece = new Uint8Array(body.length + 1)
  piece.set(body, writeVarint(count, piece, 0))
  samples.lists.appendClosed(row, piece, { from_ms, to_ms, count })
  samples.markNewest(row, to_ms)
  if (columns > 1) return
  const buffer = new SampleBuffer()
  buffer.reset(1)
  buffer.reserve(count)
  decodePiece(piece, 0, { samples: buffer, wanted: [0], columns, at: 0 })
  buffer.length = count
  rollups.sealed(row, buffer)
}

function damaged(what: string): ServiceError {
  return new ServiceError('bad_data', `the snapshot of the store is damaged: ${what}`)
}
