import { ServiceError } from '../errors.ts'
import { type SampleBatch, SampleBuilder } from '../sample.ts'
import type { SeriesDefinition } from '../series.ts'
import type { ByteReader } from './bytes.ts'
import { readDefinition } from './definition-codec.ts'
import type { JournalSeries } from './journal-series.ts'
import type { SignalsEntry } from './record-codec.ts'
import { readLogsAndSpans, readPosition } from './records/signals.ts'

/** The type of these records. */
export const SIGNALS_1 = 1

/** Reads one request as format 1 has it: columns as they are in memory, numbers of the segment. */
export function readSignals1(reader: ByteReader, series: JournalSeries): SignalsEntry {
  series.follow()
  const position = readPosition(reader)
  const builder = new SampleBuilder()
  readFloats(reader, series, builder)
  readHistograms(reader, series, builder)
  const samples: SampleBatch = builder.batch()
  const entry = { kind: 'signals', samples, ...readLogsAndSpans(reader) } as const
  return position === undefined ? entry : { ...entry, position }
}

function define(reader: ByteReader, series: JournalSeries): void {
  const definitions: SeriesDefinition[] = []
  for (let left = reader.count(5); left > 0; left--) definitions.push(readDefinition(reader))
  series.define(series.epoch, series.length, definitions)
}

function readFloats(reader: ByteReader, series: JournalSeries, builder: SampleBuilder): void {
  define(reader, series)
  const length = reader.count(21)
  const numbers = reader.integers(length)
  const time_ms = reader.floats(length)
  const value = reader.floats(length)
  const stale = reader.raw(length)
  for (const [i, number] of numbers.entries()) {
    if (series.width(number) !== 1) throw new ServiceError('bad_data', `series ${number} of the segment is no float`)
    const id = series.id(number)
    if (id !== undefined) builder.float(id, time_ms[i]!, value[i]!, stale[i] === 1)
  }
}

function readHistograms(reader: ByteReader, series: JournalSeries, builder: SampleBuilder): void {
  define(reader, series)
  const length = reader.count(29)
  const numbers = reader.integers(length)
  const time_ms = reader.floats(length)
  const sum = reader.floats(length)
  const count = reader.floats(length)
  const stale = reader.raw(length)
  const buckets = reader.floats(reader.count(8))
  let at = 0
  for (const [i, number] of numbers.entries()) {
    // A sample is as wide as its series.
    const width = series.width(number) - 2
    if (width < 1) throw new ServiceError('bad_data', `series ${number} of the segment is no histogram`)
    if (width > buckets.length - at) throw new ServiceError('bad_data', 'buckets do not fit')
    const own = buckets.subarray(at, at + width)
    at += width
    const id = series.id(number)
    if (id === undefined) continue
    const sample = { series: id, time_ms: time_ms[i]!, sum: sum[i]!, count: count[i]!, buckets: own }
    builder.histogram({ ...sample, stale: stale[i] === 1 })
  }
  if (at !== buckets.length) throw new ServiceError('bad_data', 'buckets do not fit')
}
