import { ServiceError } from '../errors.ts'
import type { Exemplar, FloatColumns, HistogramColumns, SampleBatch } from '../sample.ts'
import { Labels } from '../series.ts'
import type { Steps } from '../steps.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { CountColumn } from './count-column.ts'
import { readDefinition, writeDefinition } from './definition-codec.ts'
import { grown } from './grow.ts'
import type { JournalSeries } from './journal-series.ts'
import { readNumbers, writeNumbers } from './number-column.ts'
import { TimeColumn } from './time-column.ts'

/** Definitions that are written in one step. */
const STEP = 256
/** Later ones may be longer than the first. */
const SPARE = 1.25
/** What samples take at most, about. */
const FLOAT_BYTES = 20
const HISTOGRAM_BYTES = 40
const BUCKET_BYTES = 9
/** Samples whose series are numbered in one step: of new ones it is looked up who they are. */
const NUMBER_STEP = 4096

/**
 * Samples as a journal has them: definitions of series that are new to it; floats, some nine bytes each; histograms;
 * exemplars. Keeps its memory: what was read are views, valid until the next reading.
 */
export class SampleColumns {
  readonly #times = new TimeColumn()
  readonly #counts = new CountColumn()
  #numbers = new Uint32Array(256)
  #series = new Uint32Array(256)
  #time = new Float64Array(256)
  #value = new Float64Array(256)
  #stale = new Uint8Array(256)
  #hSeries = new Uint32Array(16)
  #hTime = new Float64Array(16)
  #hSum = new Float64Array(16)
  #hCount = new Float64Array(16)
  #hStale = new Uint8Array(16)
  #hStart = new Uint32Array(17)
  #buckets = new Float64Array(256)

  /** Samples whose series is not known are left out, and counted by `series`. Throws `ServiceError('bad_data')`. */
  read(reader: ByteReader, series: JournalSeries): SampleBatch {
    series.follow()
    const epoch = reader.varint()
    const first = reader.varint()
    const definitions = Array.from({ length: reader.count(5) }, () => readDefinition(reader))
    series.define(epoch, first, definitions)
    return {
      floats: this.#readFloats(reader, series),
      histograms: this.#readHistograms(reader, series),
      exemplars: readExemplars(reader, series),
    }
  }

  *write({ floats, histograms, exemplars }: SampleBatch, writer: ByteWriter, series: JournalSeries): Steps<void> {
    const [n, h, e] = [floats.length, histograms.length, exemplars.length]
    this.#numbers = grown(this.#numbers, n + h + e)
    const numbers = this.#numbers
    if (n > 0) yield* numbering(series, floats.series, numbers.subarray(0, n), 1)
    if (h > 0) yield* numbering(series, histograms.series, numbers.subarray(n, n + h))
    if (e > 0)
      series.number(
        Uint32Array.from(exemplars, (exemplar) => exemplar.series),
        numbers,
        n + h,
      )
    writer.varint(series.epoch)
    writer.varint(series.defined)
    writer.varint(series.length - series.defined)
    const behind = n * FLOAT_BYTES + h * HISTOGRAM_BYTES + histograms.buckets.length * BUCKET_BYTES
    if (series.length > series.defined) yield* writeDefinitions(series, writer, behind)
    writer.varint(n)
    if (n > 0) this.#writeFloats(floats, numbers.subarray(0, n), writer)
    writer.varint(h)
    if (h > 0) yield* this.#writingHistograms(histograms, numbers.subarray(n, n + h), writer)
    writer.varint(e)
    for (const [i, exemplar] of exemplars.entries()) writeExemplar(exemplar, numbers[n + h + i]!, writer)
  }

  #writeFloats({ time_ms, value, stale }: FloatColumns, numbers: Uint32Array, writer: ByteWriter): void {
    writeNumbers(writer, numbers)
    this.#times.write(writer, time_ms)
    writer.column(value)
    writeFlags(writer, stale)
  }

  #readFloats(reader: ByteReader, series: JournalSeries): FloatColumns {
    // A run of any length takes a few bytes; of values there are eight each.
    const length = reader.count(8)
    this.#makeRoom(length)
    const { numbers, time_ms, value, stale } = {
      numbers: this.#numbers.subarray(0, length),
      time_ms: this.#time.subarray(0, length),
      value: this.#value.subarray(0, length),
      stale: this.#stale.subarray(0, length),
    }
    if (length > 0) {
      readNumbers(reader, numbers)
      this.#times.read(reader, time_ms)
      reader.into(value, length)
      readFlags(reader, stale)
    }
    const ids = this.#series
    let kept = 0
    for (let i = 0; i < length; i++) {
      const number = numbers[i]!
      const width = series.width(number)
      if (width > 1) throw new ServiceError('bad_data', `series ${number} of the journal is no float`)
      const id = series.id(number)
      if (id === undefined) continue
      ids[kept] = id
      if (kept < i) {
        time_ms[kept] = time_ms[i]!
        value[kept] = value[i]!
        stale[kept] = stale[i]!
      }
      kept++
    }
    return {
      length: kept,
      series: ids.subarray(0, kept),
      time_ms: time_ms.subarray(0, kept),
      value: value.subarray(0, kept),
      stale: stale.subarray(0, kept),
    }
  }

  *#writingHistograms(histograms: HistogramColumns, numbers: Uint32Array, writer: ByteWriter): Steps<void> {
    const { start, length } = histograms
    writeNumbers(writer, numbers)
    // Those whose series is not known when they are read must be passed over.
    for (let i = 0; i < length;) {
      const width = start[i + 1]! - start[i]!
      const from = i++
      while (i < length && width === start[i + 1]! - start[i]!) i++
      writer.varint(width)
      writer.varint(i - from)
    }
    this.#times.write(writer, histograms.time_ms)
    writer.column(histograms.sum)
    this.#counts.write(writer, histograms.count)
    writeFlags(writer, histograms.stale)
    yield
    this.#counts.write(writer, histograms.buckets)
    yield
  }

  #readHistograms(reader: ByteReader, series: JournalSeries): HistogramColumns {
    const length = reader.count(8)
    this.#makeHistogramRoom(length)
    const numbers = this.#numbers.subarray(0, length)
    const columns = {
      length,
      series: this.#hSeries.subarray(0, length),
      time_ms: this.#hTime.subarray(0, length),
      sum: this.#hSum.subarray(0, length),
      count: this.#hCount.subarray(0, length),
      stale: this.#hStale.subarray(0, length),
      start: this.#hStart.subarray(0, length + 1),
      buckets: this.#buckets.subarray(0, 0),
    }
    if (length === 0) return columns
    readNumbers(reader, numbers)
    readStarts(reader, columns.start)
    this.#times.read(reader, columns.time_ms)
    reader.into(columns.sum, length)
    this.#counts.read(reader, columns.count)
    readFlags(reader, columns.stale)
    const size = columns.start[length]!
    if (size > reader.left) throw new ServiceError('bad_data', `${size} buckets do not fit`)
    this.#buckets = grown(this.#buckets, size)
    columns.buckets = this.#buckets.subarray(0, size)
    this.#counts.read(reader, columns.buckets)
    return knownHistograms(columns, numbers, series)
  }

  #makeRoom(length: number): void {
    this.#numbers = grown(this.#numbers, length)
    this.#series = grown(this.#series, length)
    this.#time = grown(this.#time, length)
    this.#value = grown(this.#value, length)
    this.#stale = grown(this.#stale, length)
  }

  #makeHistogramRoom(length: number): void {
    this.#numbers = grown(this.#numbers, length)
    this.#hSeries = grown(this.#hSeries, length)
    this.#hTime = grown(this.#hTime, length)
    this.#hSum = grown(this.#hSum, length)
    this.#hCount = grown(this.#hCount, length)
    this.#hStale = grown(this.#hStale, length)
    this.#hStart = grown(this.#hStart, length + 1)
    this.#hStart[0] = 0
  }
}

/** Of many, room for all, and for so many bytes `behind` them, is made once it is known how long they are: what is moved where a writer grows is moved at once. */
function* writeDefinitions(series: JournalSeries, writer: ByteWriter, behind: number): Steps<void> {
  const [first, end, start] = [series.defined, series.length, writer.length]
  for (let number = first; number < end; number++) {
    writeDefinition(writer, series.definition(number))
    const written = number + 1 - first
    if (written === STEP) writer.reserve(Math.ceil(((writer.length - start) / STEP) * (end - number) * SPARE) + behind)
    if (written % STEP === 0) yield
  }
}

/** Numbers for `ids`, into `into`; `width` as of `JournalSeries.number`. */
function* numbering(series: JournalSeries, ids: Uint32Array, into: Uint32Array, width?: number): Steps<void> {
  for (let at = 0; at < ids.length; at += NUMBER_STEP) {
    if (at > 0) yield
    series.number(ids.length <= NUMBER_STEP ? ids : ids.subarray(at, at + NUMBER_STEP), into, at, width)
  }
}

/** Those whose series is known, moved together in place. */
function knownHistograms(columns: HistogramColumns, numbers: Uint32Array, series: JournalSeries): HistogramColumns {
  const { time_ms, sum, count, stale, start, buckets } = columns
  let kept = 0
  for (let i = 0; i < columns.length; i++) {
    const number = numbers[i]!
    const [from, to] = [start[i]!, start[i + 1]!]
    const width = series.width(number)
    if (width > 0 && width !== to - from + 2) {
      throw new ServiceError('bad_data', `series ${number} of the journal is no histogram of ${to - from} buckets`)
    }
    const id = series.id(number)
    if (id === undefined) continue
    columns.series[kept] = id
    time_ms[kept] = time_ms[i]!
    sum[kept] = sum[i]!
    count[kept] = count[i]!
    stale[kept] = stale[i]!
    // Starts move down, never past those that are yet to be read.
    const at = start[kept]!
    if (at < from) buckets.copyWithin(at, from, to)
    start[++kept] = at + to - from
  }
  return {
    length: kept,
    series: columns.series.subarray(0, kept),
    time_ms: time_ms.subarray(0, kept),
    sum: sum.subarray(0, kept),
    count: count.subarray(0, kept),
    stale: stale.subarray(0, kept),
    start: start.subarray(0, kept + 1),
    buckets: buckets.subarray(0, start[kept]),
  }
}

function readStarts(reader: ByteReader, start: Uint32Array): void {
  const length = start.length - 1
  start[0] = 0
  for (let i = 0; i < length;) {
    const width = reader.varint()
    const run = reader.varint()
    if (run < 1 || run > length - i || width * run > reader.left) {
      throw new ServiceError('bad_data', 'widths of histograms do not fit')
    }
    for (const end = i + run; i < end; i++) start[i + 1] = start[i]! + width
  }
}

/** A byte where none is set, else a bit each behind it. */
function writeFlags(writer: ByteWriter, flags: Uint8Array): void {
  const any = flags.includes(1)
  writer.u8(any ? 1 : 0)
  if (!any) return
  for (let i = 0; i < flags.length; i += 8) {
    let byte = 0
    for (let bit = 0; bit < 8 && i + bit < flags.length; bit++) byte |= flags[i + bit]! << bit
    writer.u8(byte)
  }
}

function readFlags(reader: ByteReader, into: Uint8Array): void {
  if (reader.u8() === 0) {
    into.fill(0)
    return
  }
  const bytes = reader.raw(Math.ceil(into.length / 8))
  for (let i = 0; i < into.length; i++) into[i] = (bytes[i >> 3]! >> (i & 7)) & 1
}

function writeExemplar({ time_ms, value, labels }: Exemplar, number: number, writer: ByteWriter): void {
  writer.varint(number)
  writer.f64(time_ms)
  writer.f64(value)
  writer.varint(labels.size)
  for (const [name, text] of labels) {
    writer.text(name)
    writer.text(text)
  }
}

function readExemplars(reader: ByteReader, series: JournalSeries): Exemplar[] {
  const exemplars: Exemplar[] = []
  for (let left = reader.count(18); left > 0; left--) {
    const number = reader.varint()
    const [time_ms, value] = [reader.f64(), reader.f64()]
    const pairs: [string, string][] = []
    for (let more = reader.count(2); more > 0; more--) pairs.push([reader.text(), reader.text()])
    const id = series.id(number)
    if (id !== undefined) exemplars.push({ series: id, time_ms, value, labels: Labels.of(pairs) })
  }
  return exemplars
}
