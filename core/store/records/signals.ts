import { z } from 'zod'

import { ServiceError } from '../../errors.ts'
import type { KafkaPosition } from '../../ports/intake.ts'
import { Labels } from '../../series.ts'
import { LEVELS, type LogRecord, type Span, SPAN_KINDS } from '../../signal.ts'
import type { Steps } from '../../steps.ts'
import type { ByteReader, ByteWriter } from '../bytes.ts'
import { jsonNumber, parseJson } from '../json.ts'
import type { RecordCodec } from '../record-codec.ts'

/** Log records or spans that are written in one step. */
const STEP = 512

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
    links: z.array(z.object({ trace_id: z.string(), span_id: z.string() })).optional(),
  }),
)

/** What comes for the position of a record: none; one; one with the id of its topic. */
const POSITION = { none: 0, plain: 1, with_id: 2 }

function writePosition(position: KafkaPosition | undefined, writer: ByteWriter): void {
  if (position === undefined) return writer.u8(POSITION.none)
  writer.u8(position.topic_id === undefined ? POSITION.plain : POSITION.with_id)
  writer.text(position.topic)
  writer.varint(position.partition)
  writer.text(position.offset)
  if (position.topic_id !== undefined) writer.text(position.topic_id)
}

/** As in both formats. */
export function readPosition(reader: ByteReader): KafkaPosition | undefined {
  const form = reader.u8()
  if (form === POSITION.none) return undefined
  const position = { topic: reader.text(), partition: reader.varint(), offset: reader.text() }
  if (!/^\d{1,20}$/.test(position.offset)) throw new ServiceError('bad_data', 'not an offset')
  return form === POSITION.with_id ? { ...position, topic_id: reader.text() } : position
}

/** A list that is not empty, as JSON. */
function* writingList<T>(list: readonly T[], shown: (item: T) => unknown, writer: ByteWriter): Steps<void> {
  const pieces: string[] = []
  for (let at = 0; at < list.length; at += STEP) {
    if (at > 0) yield
    pieces.push(JSON.stringify(list.slice(at, at + STEP).map(shown)).slice(1, -1))
  }
  writer.text(`[${pieces.join()}]`)
}

function readList<T>(reader: ByteReader, schema: z.ZodType<T[]>, what: string): T[] {
  const text = reader.text()
  return text === '' ? [] : parseJson(text, schema, what)
}

/** The logs and spans that end a record, as in both formats. */
export function readLogsAndSpans(reader: ByteReader): { logs: LogRecord[]; spans: Span[] } {
  return { logs: readList(reader, logs, 'logs'), spans: readList(reader, spans, 'spans') }
}

function shownLog({ time_ms, labels, level, body, trace_id, span_id }: LogRecord): unknown {
  return { time_ms, labels: [...labels], level, body, trace_id, span_id }
}

/** One request: Kafka position, samples as columns, logs and spans as JSON. */
export const signals: RecordCodec<'signals'> = {
  kind: 'signals',
  type: 5,
  *encode(entry, writer, { series, columns }) {
    writePosition(entry.position, writer)
    yield* columns.write(entry.samples, writer, series)
    // Empty lists are the most common: they cost a byte.
    if (entry.logs.length === 0) writer.text('')
    else yield* writingList(entry.logs, shownLog, writer)
    if (entry.spans.length === 0) writer.text('')
    else yield* writingList(entry.spans, (span) => span, writer)
  },
  decode(reader, { series, columns }) {
    const position = readPosition(reader)
    const samples = columns.read(reader, series)
    const entry = { kind: 'signals', samples, ...readLogsAndSpans(reader) } as const
    return position === undefined ? entry : { ...entry, position }
  },
}
