import { checksum } from '../checksum.ts'
import { messageOf, ServiceError } from '../errors.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { JournalEntry, RecordCodec, RecordContext } from './record-codec.ts'
import * as list from './records.ts'
import { readSegment1 } from './segment-1.ts'

const MAGIC = 'BAROJRNL'
const VERSION = 2
/** Magic, version, CRC-32 of both: a newer format is told from damage. */
export const HEADER_BYTES = 16
/** Format 1 has no checksum there. */
const HEADER_BYTES_1 = 12
/** Begins every record, so that reading goes on behind damage. No text has these bytes: they are not UTF-8. */
const MARK = Buffer.from([0xff, 0xc0, 0xba, 0xf5])
/** Mark, length and checksum, before the type. */
const PREFIX_BYTES = 12

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

/** What a segment begins with, in this format and in those to come. */
export function segmentHeader(version = VERSION): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES)
  writer.raw(Buffer.from(MAGIC, 'latin1'))
  writer.u32(version)
  writer.u32(checksum(writer.view()))
  return writer.copy()
}

/** The format of a segment; undefined where its header is damaged. */
function versionOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES_1) return undefined
  const version = new ByteReader(bytes.subarray(MAGIC.length)).u32()
  if (Buffer.compare(bytes.subarray(0, HEADER_BYTES), segmentHeader(version)) === 0) return version
  if (Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC || version !== 1) return undefined
  // What bears the checksum of this format was of this format.
  const own = segmentHeader().subarray(HEADER_BYTES_1)
  return Buffer.compare(bytes.subarray(HEADER_BYTES_1, HEADER_BYTES), own) === 0 ? undefined : 1
}

/**
 * Writes a record: mark, length of the payload, CRC-32 over type and payload, type, payload. The checksum starts from the
 * record's `offset` in the segment: bytes that look like a record and stand elsewhere are none.
 */
export function writeRecord(entry: JournalEntry, writer: ByteWriter, context: RecordContext, offset: number): void {
  const codec = byKind.get(entry.kind)!
  const start = writer.length
  writer.raw(MARK)
  writer.u32(0)
  writer.u32(0)
  writer.u8(codec.type)
  codec.encode(entry, writer, context)
  const body = writer.view().subarray(start + PREFIX_BYTES)
  writer.u32At(start + 4, body.length - 1)
  writer.u32At(start + 8, checksum(body, offset))
}

/** Bytes of a segment that cannot be read, and why. At its end: what was not written to the end. */
export interface Damage {
  readonly offset: number
  readonly length: number
  readonly reason: string
}

/**
 * The entries of a segment in order; what lies between them and is damaged is told and passed over. Never throws for damaged
 * bytes; throws `ServiceError('bad_data')` for what another version wrote.
 */
export function* readSegment(
  bytes: Uint8Array,
  context: RecordContext,
  damaged: (damage: Damage) => void,
): Generator<JournalEntry, void> {
  const version = versionOf(bytes)
  if (version === 1) {
    yield* readSegment1(bytes, HEADER_BYTES_1, context, damaged)
    return
  }
  if (version !== undefined && version !== VERSION) {
    throw new ServiceError('bad_data', `it has format ${version}; this version reads formats 1 and ${VERSION}`)
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let offset = HEADER_BYTES
  if (version === undefined) {
    offset = nextRecord(buffer, 0)
    damaged({ offset: 0, length: offset, reason: 'its header is damaged' })
  }
  while (offset < bytes.length) {
    const record = readRecord(bytes, offset, context)
    if ('entry' in record) {
      yield record.entry
      offset += record.length
      continue
    }
    const next = nextRecord(buffer, offset + 1)
    damaged({ offset, length: next - offset, reason: record.reason })
    offset = next
  }
}

/** Where the next record that checks begins; the end where there is none. */
function nextRecord(buffer: Buffer, from: number): number {
  for (let at = buffer.indexOf(MARK, from); at >= 0; at = buffer.indexOf(MARK, at + 1)) {
    if (bodyAt(buffer, at) instanceof Uint8Array) return at
  }
  return buffer.length
}

/** Type and payload of the record at `offset`, checked; or what is wrong with it. */
function bodyAt(bytes: Uint8Array, offset: number): Uint8Array | string {
  if (bytes.length - offset <= PREFIX_BYTES) return 'a record is not whole'
  const prefix = new ByteReader(bytes.subarray(offset, offset + PREFIX_BYTES))
  if (MARK.compare(prefix.raw(MARK.length)) !== 0) return 'no record begins here'
  const end = offset + PREFIX_BYTES + 1 + prefix.u32()
  if (end > bytes.length) return 'a record is not whole'
  const body = bytes.subarray(offset + PREFIX_BYTES, end)
  return checksum(body, offset) === prefix.u32() ? body : 'a checksum does not fit'
}

function readRecord(
  bytes: Uint8Array,
  offset: number,
  context: RecordContext,
): { entry: JournalEntry; length: number } | { reason: string } {
  const body = bodyAt(bytes, offset)
  if (typeof body === 'string') return { reason: body }
  const codec = byType.get(body[0]!)
  if (codec === undefined) {
    throw new ServiceError('bad_data', `it has a record of type ${body[0]}, which this version does not know`)
  }
  try {
    const reader = new ByteReader(body.subarray(1))
    const entry = codec.decode(reader, context)
    if (reader.left > 0) return { reason: `a record is ${reader.left} bytes too long` }
    return { entry, length: PREFIX_BYTES + body.length }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { reason: messageOf(error) }
  }
}
