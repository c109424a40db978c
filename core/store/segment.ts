import { checksum } from '../checksum.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { Steps } from '../steps.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { JournalEntry, RecordCodec, RecordContext } from './record-codec.ts'
import * as list from './records.ts'
import { readSegment1 } from './segment-1.ts'

const MAGIC = 'BAROJRNL'
const VERSION = 3
/** Magic, version, CRC-32 of both: a newer format is told from damage. */
export const HEADER_BYTES = 16
/** Format 1 has no checksum there. */
const HEADER_BYTES_1 = 12
/** What a mark begins with. No text has these bytes: they are not UTF-8. */
const MARK = 0xc1ff
/** The same in every segment of format 2. */
const MARK_2 = 0xf5ba_c0ff
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

/**
 * Begins every record of a segment, so that reading goes on behind damage. Segments near to each other have other ones, so that what a file has left
 * of an earlier life is told from what is damaged.
 */
function markOf(segment: number): number {
  return (((segment & 0xffff) << 16) | MARK) >>> 0
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

/** Where a record stands: the number of its segment, and bytes from the beginning of that. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

/**
 * Writes a record: mark, length of the payload, CRC-32 over type and payload, type, payload. The checksum starts from the
 * record's offset in the segment: bytes that look like a record and stand elsewhere are none.
 */
export function* writeRecord(
  entry: JournalEntry,
  writer: ByteWriter,
  context: RecordContext,
  { segment, offset }: Place,
): Steps<void> {
  const codec = byKind.get(entry.kind)!
  const start = writer.length
  writer.u32(markOf(segment))
  writer.u32(0)
  writer.u32(0)
  writer.u8(codec.type)
  const steps = codec.encode(entry, writer, context)
  if (steps !== undefined) yield* steps
  const body = writer.view().subarray(start + PREFIX_BYTES)
  writer.u32At(start + 4, body.length - 1)
  writer.u32At(start + 8, checksum(body, offset))
}

/** Bytes of a segment that cannot be read, and why. At its end: what was not written to the end. */
export interface Damage {
  readonly offset: number
  readonly length: number
  readonly reason: string
  /** Nothing of the segment ever stood here: the file has it of an earlier life. Only at the end. */
  readonly foreign?: boolean
}

/** A segment's bytes, and what its records begin with. */
interface Marked {
  readonly bytes: Buffer
  readonly mark: Buffer
}

/**
 * The entries of the segment of this number in order; what lies between them and is damaged is told and passed over. Never throws for damaged
 * bytes; throws `ServiceError('bad_data')` for what another version wrote.
 */
export function* readSegment(
  bytes: Uint8Array,
  segment: number,
  context: RecordContext,
  damaged: (damage: Damage) => void,
): Generator<JournalEntry, void> {
  const version = versionOf(bytes)
  if (version === 1) {
    yield* readSegment1(bytes, HEADER_BYTES_1, context, damaged)
    return
  }
  if (version !== undefined && version > VERSION) {
    throw new ServiceError('bad_data', `it has format ${version}; this version reads formats 1 to ${VERSION}`)
  }
  const marked = markedOf(bytes, segment, version)
  let offset = HEADER_BYTES
  if (version === undefined) {
    offset = nextRecord(marked, 0)
    damaged({ offset: 0, length: offset, reason: 'its header is damaged' })
  }
  while (offset < bytes.length) {
    const record = readRecord(marked, offset, context)
    if ('entry' in record) {
      yield record.entry
      offset += record.length
      continue
    }
    const foreign = marked.bytes.indexOf(marked.mark, offset) < 0
    const next = foreign ? bytes.length : nextRecord(marked, offset + 1)
    damaged({ offset, length: next - offset, reason: record.reason, ...(foreign && { foreign }) })
    offset = next
  }
}

/** Where the header is damaged, the format is that of the first record. */
function markedOf(bytes: Uint8Array, segment: number, version: number | undefined): Marked {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const withMark = (value: number): Marked => {
    const mark = Buffer.alloc(4)
    mark.writeUInt32LE(value)
    return { bytes: buffer, mark }
  }
  const [own, older] = [withMark(markOf(segment)), withMark(MARK_2)]
  if (version === undefined) return nextRecord(own, 0) < nextRecord(older, 0) ? own : older
  return version === VERSION ? own : older
}

/** Where the next record that checks begins; the end where there is none. */
function nextRecord(marked: Marked, from: number): number {
  const { bytes, mark } = marked
  for (let at = bytes.indexOf(mark, from); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    if (bodyAt(marked, at) instanceof Uint8Array) return at
  }
  return bytes.length
}

/** Type and payload of the record at `offset`, checked; or what is wrong with it. */
function bodyAt({ bytes, mark }: Marked, offset: number): Uint8Array | string {
  if (bytes.length - offset <= PREFIX_BYTES) return 'a record is not whole'
  const prefix = new ByteReader(bytes.subarray(offset, offset + PREFIX_BYTES))
  if (mark.compare(prefix.raw(mark.length)) !== 0) return 'no record begins here'
  const end = offset + PREFIX_BYTES + 1 + prefix.u32()
  if (end > bytes.length) return 'a record is not whole'
  const body = bytes.subarray(offset + PREFIX_BYTES, end)
  return checksum(body, offset) === prefix.u32() ? body : 'a checksum does not fit'
}

function readRecord(
  marked: Marked,
  offset: number,
  context: RecordContext,
): { entry: JournalEntry; length: number } | { reason: string } {
  const body = bodyAt(marked, offset)
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
