import { ServiceError } from '../../errors.ts'
import type { ResultBucket, ResultSeries } from '../../ports/query-engine.ts'
import type { Answer } from '../../ports/questions.ts'
import { Labels } from '../../series.ts'
import type { ByteReader, ByteWriter } from '../bytes.ts'
import type { RecordCodec } from '../record-codec.ts'

const VERSION = 2
/** Of an answer, of a series, of a label, of a point: the least that they take. */
const ANSWER_BYTES = 28
const SERIES_BYTES = 2
const LABEL_BYTES = 2
const POINT_BYTES = 16
const HISTOGRAM_BYTES = 25
const BUCKET_BYTES = 25
/** Bits of an answer. */
const AWAY = 1

type Histogram = NonNullable<ResultSeries['histograms']>[number]

function writeHistogram({ time_ms, value: { count, sum, buckets } }: Histogram, writer: ByteWriter): void {
  writer.f64(time_ms)
  writer.f64(count)
  writer.f64(sum)
  writer.varint(buckets.length)
  for (const bucket of buckets) {
    writer.u8(bucket.bounds)
    writer.f64(bucket.lower)
    writer.f64(bucket.upper)
    writer.f64(bucket.count)
  }
}

function readHistogram(reader: ByteReader): Histogram {
  const [time_ms, count, sum] = [reader.f64(), reader.f64(), reader.f64()]
  const buckets = Array.from({ length: reader.count(BUCKET_BYTES) }, () => readBucket(reader))
  return { time_ms, value: { count, sum, buckets } }
}

function readBucket(reader: ByteReader): ResultBucket {
  const bounds = reader.u8()
  if (bounds > 3) throw new ServiceError('bad_data', `a bucket with bounds of kind ${bounds}`)
  const [lower, upper, count] = [reader.f64(), reader.f64(), reader.f64()]
  return { bounds: bounds as ResultBucket['bounds'], lower, upper, count }
}

function writeSeries({ labels, time_ms, value, histograms = [] }: ResultSeries, writer: ByteWriter): void {
  writer.varint(labels.size)
  for (const [name, text] of labels) {
    writer.text(name)
    writer.text(text)
  }
  writer.varint(time_ms.length)
  writer.column(time_ms)
  writer.column(value)
  writer.varint(histograms.length)
  for (const one of histograms) writeHistogram(one, writer)
}

function readSeries(reader: ByteReader, version: number): ResultSeries {
  const pairs = Array.from({ length: reader.count(LABEL_BYTES) }, () => [reader.text(), reader.text()] as const)
  const count = reader.count(POINT_BYTES)
  const floats = { labels: Labels.of(pairs), time_ms: reader.floats(count), value: reader.floats(count) }
  if (version === 1) return floats
  const histograms = Array.from({ length: reader.count(HISTOGRAM_BYTES) }, () => readHistogram(reader))
  return histograms.length === 0 ? floats : { ...floats, histograms }
}

function writeAnswer({ rule, expr, from_ms, to_ms, step_ms, series, error, away }: Answer, writer: ByteWriter): void {
  writer.text(rule)
  writer.text(expr)
  writer.f64(from_ms)
  writer.f64(to_ms)
  writer.f64(step_ms)
  writer.text(error)
  writer.u8(away === true ? AWAY : 0)
  writer.varint(series.length)
  for (const one of series) writeSeries(one, writer)
}

function readAnswer(reader: ByteReader, version: number): Answer {
  const [rule, expr] = [reader.text(), reader.text()]
  const [from_ms, to_ms, step_ms] = [reader.f64(), reader.f64(), reader.f64()]
  const error = reader.text()
  const isAway = version > 1 && (reader.u8() & AWAY) !== 0
  const series = Array.from({ length: reader.count(SERIES_BYTES) }, () => readSeries(reader, version))
  return { rule, expr, from_ms, to_ms, step_ms, series, error, ...(isAway && { away: true }) }
}

/**
 * What an upstream said of rules: a byte for the version of the form, then each answer with its series as columns. Form 2 also has what native
 * histograms a series holds, and whether the upstream was away.
 */
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
    if (version === 0 || version > VERSION)
      throw new ServiceError('bad_data', `answers in form ${version}; this program reads 1 to ${VERSION}`)
    const datasource = reader.text()
    const list = Array.from({ length: reader.count(ANSWER_BYTES) }, () => readAnswer(reader, version))
    return { kind: 'answers', datasource, answers: list }
  },
}
