import { ServiceError } from '../../errors.ts'
import type { ResultSeries } from '../../ports/query-engine.ts'
import type { Answer } from '../../ports/questions.ts'
import { Labels } from '../../series.ts'
import type { ByteReader, ByteWriter } from '../bytes.ts'
import type { RecordCodec } from '../record-codec.ts'

const VERSION = 1
/** Of an answer, of a series, of a label, of a point: the least that they take. */
const ANSWER_BYTES = 28
const SERIES_BYTES = 2
const LABEL_BYTES = 2
const POINT_BYTES = 16

function writeSeries({ labels, time_ms, value }: ResultSeries, writer: ByteWriter): void {
  writer.varint(labels.size)
  for (const [name, text] of labels) {
    writer.text(name)
    writer.text(text)
  }
  writer.varint(time_ms.length)
  writer.column(time_ms)
  writer.column(value)
}

function readSeries(reader: ByteReader): ResultSeries {
  const pairs = Array.from({ length: reader.count(LABEL_BYTES) }, () => [reader.text(), reader.text()] as const)
  const count = reader.count(POINT_BYTES)
  return { labels: Labels.of(pairs), time_ms: reader.floats(count), value: reader.floats(count) }
}

function writeAnswer({ rule, expr, from_ms, to_ms, step_ms, series, error }: Answer, writer: ByteWriter): void {
  writer.text(rule)
  writer.text(expr)
  writer.f64(from_ms)
  writer.f64(to_ms)
  writer.f64(step_ms)
  writer.text(error)
  writer.varint(series.length)
  for (const one of series) writeSeries(one, writer)
}

function readAnswer(reader: ByteReader): Answer {
  const [rule, expr] = [reader.text(), reader.text()]
  const [from_ms, to_ms, step_ms] = [reader.f64(), reader.f64(), reader.f64()]
  const error = reader.text()
  const series = Array.from({ length: reader.count(SERIES_BYTES) }, () => readSeries(reader))
  return { rule, expr, from_ms, to_ms, step_ms, series, error }
}

/** What an upstream said of rules: a byte for the version of the form, then each answer with its series as columns. */
export const answers: RecordCodec<'answers'> = {
  kind: 'answers',
  type: 6,
  encode(entry, writer) {
    writer.u8(VERSION)
    writer.text(entry.datasource)
    writer.varint(entry.answers.length)
    for (const answer of entry.answers) writeAnswer(answer, writer)
  },
  decode(reader) {
    const version = reader.u8()
    if (version !== VERSION)
      throw new ServiceError('bad_data', `answers in form ${version}; this program reads ${VERSION}`)
    const datasource = reader.text()
    const list = Array.from({ length: reader.count(ANSWER_BYTES) }, () => readAnswer(reader))
    return { kind: 'answers', datasource, answers: list }
  },
}
