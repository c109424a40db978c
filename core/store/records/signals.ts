import { z } from 'zod'

import { ServiceError } from '../../errors.ts'
import { bucketCount } from '../../exponential.ts'
import type { KafkaPosition } from '../../ports/intake.ts'
import type { FloatColumns, HistogramColumns } from '../../sample.ts'
import { Labels, type SeriesDefinition } from '../../series.ts'
import { LEVELS, type LogRecord, type Span, SPAN_KINDS } from '../../signal.ts'
import type { ByteReader, ByteWriter } from '../bytes.ts'
import { readDefinition, writeDefinition } from '../definition-codec.ts'
import { jsonNumber, parseJson } from '../json.ts'
import type { RecordCodec, WrittenSeries } from '../record-codec.ts'

const logs: z.ZodType<LogRecord[]> = z.array(
  z.object({
    time_ms: jsonNumber,
    labels: z.array(z.tuple([z.string(), z.string()])).transform((pairs) => Labels.of(pairs)),
    level: z.enum(LEVELS),
    body: z.string(),
    trace_id: z.string(),
    span_id: z.string(),
  }),
)

const spans: z.ZodType<Span[]> = z.array(
  z.object({
    trace_id: z.string(),
    span_id: z.string(),
    parent_span_id: z.string(),
    service: z.string(),
    name: z.string(),
    kind: z.enum(SPAN_KINDS),
    start_ms: jsonNumber,
    end_ms: jsonNumber,
    error: z.boolean(),
    peer: z.string(),
  }),
)

/** Definitions new to the segment, then the ids as numbers of the segment. */
function writeSeries(ids: Uint32Array, writer: ByteWriter, series: WrittenSeries): Uint32Array {
  const numbers = new Uint32Array(ids.length)
  for (let i = 0; i < ids.length; i++) numbers[i] = series.number(ids[i]!)
  const added = series.takeNew()
  writer.varint(added.length)
  for (const id of added) writeDefinition(writer, series.definition(id))
  return numbers
}

function readDefinitions(reader: ByteReader, definitions: SeriesDefinition[]): void {
  for (let left = reader.count(5); left > 0; left--) definitions.push(readDefinition(reader))
}

function writeFloats(columns: FloatColumns, writer: ByteWriter, series: WrittenSeries): void {
  const numbers = writeSeries(columns.series, writer, series)
  writer.varint(columns.length)
  writer.column(numbers)
  writer.column(columns.time_ms)
  writer.column(columns.value)
  writer.column(columns.stale)
}

function readFloats(reader: ByteReader, definitions: SeriesDefinition[]): FloatColumns {
  readDefinitions(reader, definitions)
  const length = reader.count(21)
  const columns = {
    length,
    series: reader.integers(length),
    time_ms: reader.floats(length),
    value: reader.floats(length),
    stale: reader.raw(length).slice(),
  }
  for (const number of columns.series) known(definitions, number, 'float')
  return columns
}

function writeHistograms(columns: HistogramColumns, writer: ByteWriter, series: WrittenSeries): void {
  const numbers = writeSeries(columns.series, writer, series)
  writer.varint(columns.length)
  writer.column(numbers)
  writer.column(columns.time_ms)
  writer.column(columns.sum)
  writer.column(columns.count)
  writer.column(columns.stale)
  writer.varint(columns.buckets.length)
  writer.column(columns.buckets)
}

function readHistograms(reader: ByteReader, definitions: SeriesDefinition[]): HistogramColumns {
  readDefinitions(reader, definitions)
  const length = reader.count(29)
  const columns = {
    length,
    series: reader.integers(length),
    time_ms: reader.floats(length),
    sum: reader.floats(length),
    count: reader.floats(length),
    stale: reader.raw(length).slice(),
    buckets: reader.floats(reader.count(8)),
    start: new Uint32Array(length + 1),
  }
  // A sample is as wide as its series, so that starts need not be written.
  for (const [i, number] of columns.series.entries()) {
    columns.start[i + 1] = columns.start[i]! + bucketCount(known(definitions, number, 'histogram'))
  }
  if (columns.start[length] !== columns.buckets.length) throw new ServiceError('bad_data', 'buckets do not fit')
  return columns
}

function known(
  definitions: readonly SeriesDefinition[],
  number: number,
  kind: 'float' | 'histogram',
): SeriesDefinition {
  const definition = definitions[number]
  if (definition !== undefined && (definition.kind === 'float') === (kind === 'float')) return definition
  throw new ServiceError('bad_data', `series ${number} of the segment is no ${kind}`)
}

function writePosition(position: KafkaPosition | undefined, writer: ByteWriter): void {
  writer.u8(position === undefined ? 0 : 1)
  if (position === undefined) return
  writer.text(position.topic)
  writer.varint(position.partition)
  writer.text(position.offset)
}

function readPosition(reader: ByteReader): KafkaPosition | undefined {
  if (reader.u8() === 0) return undefined
  const position = { topic: reader.text(), partition: reader.varint(), offset: reader.text() }
  if (!/^\d{1,20}$/.test(position.offset)) throw new ServiceError('bad_data', 'not an offset')
  return position
}

/** Empty lists are the most common: they cost a byte. */
function writeList(list: readonly unknown[], writer: ByteWriter): void {
  writer.text(list.length === 0 ? '' : JSON.stringify(list))
}

function readList<T>(reader: ByteReader, schema: z.ZodType<T[]>, what: string): T[] {
  const text = reader.text()
  return text === '' ? [] : parseJson(text, schema, what)
}

/** One request: Kafka position, float samples, histogram samples as columns; logs and spans as JSON. */
export const signals: RecordCodec<'signals'> = {
  kind: 'signals',
  type: 1,
  encode(entry, writer, series) {
    writePosition(entry.position, writer)
    writeFloats(entry.samples.floats, writer, series)
    writeHistograms(entry.samples.histograms, writer, series)
    writeList(
      entry.logs.map(({ time_ms, labels, level, body, trace_id, span_id }) => {
        return { time_ms, labels: [...labels], level, body, trace_id, span_id }
      }),
      writer,
    )
    writeList(entry.spans, writer)
  },
  decode(reader, definitions) {
    const position = readPosition(reader)
    const samples = {
      floats: readFloats(reader, definitions),
      histograms: readHistograms(reader, definitions),
      exemplars: [],
    }
    const entry = {
      kind: 'signals',
      definitions,
      samples,
      logs: readList(reader, logs, 'logs'),
      spans: readList(reader, spans, 'spans'),
    } as const
    return position === undefined ? entry : { ...entry, position }
  },
}
