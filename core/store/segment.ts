import { crc32 } from 'node:zlib'

import { messageOf, ServiceError } from '../errors.ts'
import type { SeriesDefinition } from '../series.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { JournalEntry, ReadEntry, RecordCodec, WrittenSeries } from './record-codec.ts'
import * as list from './records.ts'

const MAGIC = 'BAROJRNL'
const VERSION = 1
export const HEADER_BYTES = 12
/** Length and checksum, before the type. */
const PREFIX_BYTES = 8

// A codec is only ever given entries of its kind.
const CODECS = Object.values(list) as unknown as readonly RecordCodec<JournalEntry['kind']>[]
const byKind = new Map(CODECS.map((codec) => [codec.kind, codec]))
const byType = new Map(CODECS.map((codec) => [codec.type, codec]))

/** The name of a segment's file. */
export function segmentFile(segment: number): string {
  return `${String(segment).padStart(8, '0')}.log`
}

/** The number of a segment by its file's name; undefined for other files. */
export function segmentOf(file: string): number | undefined {
  return /^\d{8,}\.log$/.test(file) ? Number.parseInt(file, 10) : undefined
}

/** What a segment begins with: magic and format version. */
export function segmentHeader(): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES)
  writer.raw(Buffer.from(MAGIC, 'latin1'))
  writer.u32(VERSION)
  return writer.copy()
}

/** Writes a record: length of the payload, CRC-32 over type and payload, type, payload. */
export function writeRecord(entry: JournalEntry, writer: ByteWriter, series: WrittenSeries): void {
  const codec = byKind.get(entry.kind)!
  const start = writer.length
  writer.u32(0)
  writer.u32(0)
  writer.u8(codec.type)
  codec.encode(entry, writer, series)
  const body = writer.view().subarray(start + PREFIX_BYTES)
  writer.u32At(start, body.length - 1)
  writer.u32At(start + 4, crc32(body))
}

/** Where a segment stops being readable, and why. */
export interface Damage {
  readonly offset: number
  readonly reason: string
}

/**
 * The entries of a segment in order; returns the damage that ended it, if any. Never throws for damaged bytes; throws
 * `ServiceError('bad_data')` for a whole segment of another format version.
 */
export function* readSegment(bytes: Uint8Array): Generator<ReadEntry, Damage | undefined> {
  if (bytes.length < HEADER_BYTES) return { offset: 0, reason: 'the header is not whole' }
  if (Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) {
    return { offset: 0, reason: 'it is not a journal' }
  }
  const version = new ByteReader(bytes.subarray(MAGIC.length)).u32()
  if (version !== VERSION) {
    throw new ServiceError('bad_data', `it has format ${version}; this version reads format ${VERSION}`)
  }
  const definitions: SeriesDefinition[] = []
  let offset = HEADER_BYTES
  while (offset < bytes.length) {
    const record = readRecord(bytes.subarray(offset), definitions)
    if ('reason' in record) return { offset, reason: record.reason }
    yield record.entry
    offset += record.length
  }
  return undefined
}

function readRecord(
  bytes: Uint8Array,
  definitions: SeriesDefinition[],
): { entry: ReadEntry; length: number } | { reason: string } {
  if (bytes.length <= PREFIX_BYTES) return { reason: 'a record is not whole' }
  const prefix = new ByteReader(bytes)
  const length = PREFIX_BYTES + 1 + prefix.u32()
  const checksum = prefix.u32()
  if (length > bytes.length) return { reason: 'a record is not whole' }
  const body = bytes.subarray(PREFIX_BYTES, length)
  if (crc32(body) !== checksum) return { reason: 'a checksum does not fit' }
  const codec = byType.get(body[0]!)
  if (codec === undefined) return { reason: `record type ${body[0]} is not known to this version` }
  try {
    const reader = new ByteReader(body.subarray(1))
    const entry = codec.decode(reader, definitions)
    return reader.left === 0 ? { entry, length } : { reason: `a record is ${reader.left} bytes too long` }
  } catch (error) {
    return { reason: messageOf(error) }
  }
}
