import { ServiceError } from '../errors.ts'
import { bucketCount } from '../exponential.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { NONE } from './chunk-table.ts'
import { readDefinition, writeDefinition } from './definition-codec.ts'
import { fullCapacity } from './head-blocks.ts'
import { LATE_SAMPLES } from './late-samples.ts'
import type { SampleTable } from './sample-table.ts'
import type { Tables } from './selection.ts'

const VERSION = 1

/** In the place of a series that is gone: one without labels that has ended. */
const GONE: SeriesDefinition = {
  labels: Labels.empty,
  type: 'unknown',
  unit: '',
  help: '',
  kind: 'float',
  bounds: new Float64Array(0),
}

/** Marks of the store that decide what is dropped when. */
export interface StoreMarks {
  /** Newest event time stored; -Infinity before any. */
  newest_ms: number
  /** Time up to which retention was last seen to. */
  swept_ms: number
  /** Size at which chunks were last dropped for `limits.bytes`; 0 before. */
  tried_bytes: number
}

function writeSamples(writer: ByteWriter, samples: SampleTable, row: number): void {
  writer.f64(samples.newest_ms(row))
  const { length, capacity } = samples.head(row)
  writer.varint(capacity)
  writer.varint(length)
  const view = samples.headView(row)
  if (view !== undefined) {
    writer.column(view.time_ms.subarray(0, length))
    for (const column of view.columns) writer.column(column.subarray(0, length))
    writer.column(view.stale.subarray(0, length))
  }
  const late = samples.late.of(row)
  writer.varint(late.length)
  for (const sample of late) {
    writer.f64(sample.time_ms)
    writer.column(sample.values)
    writer.u8(sample.stale)
  }
  writeChunks(writer, samples, samples.firstChunk(row))
}

function writeChunks(writer: ByteWriter, { chunks }: SampleTable, first: number): void {
  const list: number[] = []
  for (let chunk = first; chunk !== NONE; chunk = chunks.next(chunk)) list.push(chunk)
  writer.varint(list.length)
  for (const chunk of list) {
    writer.f64(chunks.from_ms(chunk))
    writer.f64(chunks.to_ms(chunk))
    writer.varint(chunks.count(chunk))
    writer.varint(chunks.size(chunk))
    const { bytes, at } = chunks.place(chunk)
    writer.raw(bytes.subarray(at, at + chunks.size(chunk)))
  }
}

function readSamples(reader: ByteReader, samples: SampleTable, row: number): void {
  const columns = samples.columns(row)
  const newest_ms = reader.f64()
  const capacity = reader.varint()
  const length = reader.varint()
  if (length > capacity || capacity > fullCapacity(columns)) throw damaged(`the head of series ${row} is too long`)
  if (capacity > 0) samples.addHead(row, capacity)
  const time_ms = reader.floats(length)
  const values = Array.from({ length: length === 0 ? 0 : columns }, () => reader.floats(length))
  const stale = reader.raw(length)
  for (let i = 0; i < length; i++) {
    const sample = Float64Array.from(values, (column) => column[i]!)
    samples.push(row, { time_ms: time_ms[i]!, values: sample, stale: stale[i]! })
  }
  const late = reader.count(9)
  if (late >= LATE_SAMPLES) throw damaged(`series ${row} has too many late samples`)
  for (let i = 0; i < late; i++) {
    samples.late.add(row, { time_ms: reader.f64(), values: reader.floats(columns), stale: reader.u8() })
  }
  for (let left = reader.count(18); left > 0; left--) {
    const from_ms = reader.f64()
    const to_ms = reader.f64()
    const count = reader.varint()
    if (count < 1 || count > fullCapacity(columns)) throw damaged(`a chunk of series ${row} has ${count} samples`)
    samples.addChunk(row, reader.raw(reader.varint()), { from_ms, to_ms, count })
  }
  samples.markNewest(row, newest_ms)
}

function damaged(what: string): ServiceError {
  return new ServiceError('bad_data', `the snapshot of the store is damaged: ${what}`)
}

/** Format 1: marks, then each series by id: definition, flags, newest time, head, late samples, sealed chunks whole. */
export function saveStore({ series, samples, sums }: Tables, marks: StoreMarks): Uint8Array {
  const writer = new ByteWriter(samples.bytes + series.length * 256 + 64)
  writer.u8(VERSION)
  writer.f64(marks.newest_ms)
  writer.f64(marks.swept_ms)
  writer.f64(marks.tried_bytes)
  writer.varint(series.length)
  for (let row = 0; row < series.length; row++) {
    writeDefinition(writer, series.has(row) ? series.definition(row) : GONE)
    writer.u8((series.isActive(row) ? 1 : 0) | (sums.flags(row) << 1))
    writeSamples(writer, samples, row)
  }
  return writer.view()
}

/** Into empty tables. Throws `ServiceError('bad_data')` for another version, or bytes that are none. */
export function loadStore(bytes: Uint8Array, { series, samples, sums }: Tables): StoreMarks {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version !== VERSION) {
    throw new ServiceError('bad_data', `the store has format ${version}; this version reads format ${VERSION}`)
  }
  const marks = { newest_ms: reader.f64(), swept_ms: reader.f64(), tried_bytes: reader.f64() }
  for (let left = reader.count(20); left > 0; left--) {
    const definition = readDefinition(reader)
    const flags = reader.u8()
    const isGone = definition.labels.size === 0 && (flags & 1) === 0
    const row = isGone ? series.skip() : series.restore(definition, (flags & 1) !== 0)
    samples.add(widthOf(definition))
    sums.restore(row, flags >> 1)
    readSamples(reader, samples, row)
  }
  if (reader.left > 0) throw damaged(`${reader.left} bytes too many`)
  return marks
}

/** Value columns of a series: one, or sum, count and buckets. */
export function widthOf(definition: Pick<SeriesDefinition, 'kind' | 'bounds'>): number {
  return definition.kind === 'float' ? 1 : bucketCount(definition) + 2
}
