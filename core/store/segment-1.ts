import { crc32 } from 'node:zlib'

import { messageOf, ServiceError } from '../errors.ts'
import { ByteReader } from './bytes.ts'
import type { JournalEntry, RecordContext } from './record-codec.ts'
import { change } from './records/change.ts'
import { command } from './records/command.ts'
import { tick } from './records/tick.ts'
import type { Damage } from './segment.ts'
import { readSignals1, SIGNALS_1 } from './signals-1.ts'

/** Length and checksum, before the type. */
const PREFIX_BYTES = 8

/**
 * A segment of format 1, which defines all the series that it mentions. Records have no mark: nothing can be read behind
 * damage.
 */
export function* readSegment1(
  bytes: Uint8Array,
  from: number,
  { series, columns }: RecordContext,
  damaged: (damage: Damage) => void,
): Generator<JournalEntry, void> {
  const context = { series: series.fresh(), columns }
  for (let offset = from; offset < bytes.length;) {
    const record = readRecord(bytes.subarray(offset), context)
    if ('reason' in record) {
      damaged({ offset, length: bytes.length - offset, reason: record.reason })
      return
    }
    yield record.entry
    offset += record.length
  }
}

function readRecord(
  bytes: Uint8Array,
  context: RecordContext,
): { entry: JournalEntry; length: number } | { reason: string } {
  if (bytes.length <= PREFIX_BYTES) return { reason: 'a record is not whole' }
  const prefix = new ByteReader(bytes)
  const length = PREFIX_BYTES + 1 + prefix.u32()
  const checksum = prefix.u32()
  if (length > bytes.length) return { reason: 'a record is not whole' }
  const body = bytes.subarray(PREFIX_BYTES, length)
  if (crc32(body) !== checksum) return { reason: 'a checksum does not fit' }
  try {
    const reader = new ByteReader(body.subarray(1))
    const entry = decode(body[0]!, reader, context)
    return reader.left === 0 ? { entry, length } : { reason: `a record is ${reader.left} bytes too long` }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { reason: messageOf(error) }
  }
}

function decode(type: number, reader: ByteReader, context: RecordContext): JournalEntry {
  if (type === SIGNALS_1) return readSignals1(reader, context.series)
  for (const codec of [tick, change, command]) if (codec.type === type) return codec.decode(reader, context)
  throw new ServiceError('bad_data', `record type ${type} is not known to this version`)
}
