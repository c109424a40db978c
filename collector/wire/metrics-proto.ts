import type { Allowance } from './allowance.ts'
import { BYTES, Cursor, FIXED64, VARINT } from './cursor.ts'
import type {
  HistogramPoint,
  MetricHeader,
  MetricSink,
  NumberPoint,
  Point,
  Source,
  SummaryPoint,
} from './metric-sink.ts'
import { exponentialPoint, histogramPoint, type Message, numberPoint, resource, summaryPoint } from './schema.ts'
import { toOtlpJson } from './to-json.ts'

/** Pieces of the body that belong together: one piece as senders write it, more where a message was split. */
class Pieces {
  readonly #bytes: Buffer
  readonly #ends: number[] = []

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  clear(): void {
    this.#ends.length = 0
  }

  add(from: number, to: number): void {
    if (this.#ends.at(-1) === from) this.#ends[this.#ends.length - 1] = to
    else this.#ends.push(from, to)
  }

  /** Pieces of one message, one behind the other, are the message: protobuf merges so. */
  joined(): Buffer {
    const ends = this.#ends
    if (ends.length === 2) return this.#bytes.subarray(ends[0], ends[1])
    const parts: Uint8Array[] = []
    for (let i = 0; i < ends.length; i += 2) parts.push(this.#bytes.subarray(ends[i], ends[i + 1]))
    return Buffer.concat(parts)
  }

  text(): string {
    const ends = this.#ends
    if (ends.length === 2) return this.#bytes.toString('latin1', ends[0], ends[1])
    return ends.length === 0 ? '' : this.joined().toString('latin1')
  }
}

/** A point while it is read: one object for all of them. */
class ProtoPoint implements NumberPoint, HistogramPoint, SummaryPoint, Source {
  readonly attributes: Source = this
  start_ms = 0
  time_ms = 0
  flags = 0
  value: number | undefined = undefined
  count = 0
  sum = NaN
  bounds: number[] = []
  buckets: number[] = []
  quantiles: (readonly [number, number])[] = []
  /** With their tags. */
  readonly pieces: Pieces
  readonly #message: Message
  readonly #allowance: Allowance

  constructor({ bytes, allowance }: Cursor, message: Message) {
    this.pieces = new Pieces(bytes)
    this.#allowance = allowance
    this.#message = message
  }

  key(): string {
    return `p${this.pieces.text()}`
  }

  read(): unknown {
    return toOtlpJson(this.pieces.joined(), this.#message, this.#allowance)['attributes']
  }

  reset(): void {
    this.start_ms = 0
    this.time_ms = 0
    this.flags = 0
    this.value = undefined
    this.count = 0
    this.sum = NaN
    this.bounds.length = 0
    this.buckets.length = 0
    this.quantiles.length = 0
    this.pieces.clear()
  }
}

/** Doubles or counts, packed or one by one. */
function repeated64(cursor: Cursor, into: number[], next: () => number): void {
  if (cursor.wire === FIXED64) {
    into.push(next())
    return
  }
  const outer = cursor.enter()
  while (cursor.at < cursor.end) into.push(next())
  cursor.leave(outer)
}

/** Start, time and flags, which stand under the same numbers in all points but for the flags. */
function common(cursor: Cursor, point: ProtoPoint, flags: number): boolean {
  if (cursor.field === 3 && cursor.wire === FIXED64) point.time_ms = cursor.time_ms()
  else if (cursor.field === 2 && cursor.wire === FIXED64) point.start_ms = cursor.time_ms()
  else if (cursor.field === flags && cursor.wire === VARINT) point.flags = cursor.varint()
  else return false
  return true
}

type ReadField = (cursor: Cursor, point: ProtoPoint) => boolean

const numberField: ReadField = (cursor, point) => {
  if (cursor.wire === FIXED64 && cursor.field === 4) point.value = cursor.double()
  else if (cursor.wire === FIXED64 && cursor.field === 6) point.value = cursor.sfixed64()
  else return common(cursor, point, 8)
  return true
}

const histogramField: ReadField = (cursor, point) => {
  const { field, wire } = cursor
  if (field === 4 && wire === FIXED64) point.count = cursor.fixed64()
  else if (field === 5 && wire === FIXED64) point.sum = cursor.double()
  else if (field === 6 && (wire === FIXED64 || wire === BYTES)) {
    repeated64(cursor, point.buckets, () => cursor.fixed64())
  } else if (field === 7 && (wire === FIXED64 || wire === BYTES)) {
    repeated64(cursor, point.bounds, () => cursor.double())
  } else return common(cursor, point, 10)
  return true
}

const exponentialField: ReadField = (cursor, point) => common(cursor, point, 10)

function quantile(cursor: Cursor): readonly [number, number] {
  let at = 0
  let value = 0
  const outer = cursor.enter()
  while (cursor.tag()) {
    if (cursor.field === 1 && cursor.wire === FIXED64) at = cursor.double()
    else if (cursor.field === 2 && cursor.wire === FIXED64) value = cursor.double()
    else cursor.skip()
  }
  cursor.leave(outer)
  return [at, value]
}

const summaryField: ReadField = (cursor, point) => {
  if (cursor.field === 4 && cursor.wire === FIXED64) point.count = cursor.fixed64()
  else if (cursor.field === 5 && cursor.wire === FIXED64) point.sum = cursor.double()
  else if (cursor.field === 6 && cursor.wire === BYTES) point.quantiles.push(quantile(cursor))
  else return common(cursor, point, 8)
  return true
}

interface Data {
  readonly name: MetricHeader['data']
  readonly point: Message
  readonly attributes: number
  readonly field: ReadField
  readonly emit: (sink: MetricSink, point: ProtoPoint) => void
  readonly sum?: number
}

/** By its number in `Metric`. */
const DATA: ReadonlyMap<number, Data> = new Map<number, Data>([
  [5, { name: 'gauge', point: numberPoint, attributes: 7, field: numberField, emit: (s, p) => s.number(p) }],
  [7, { name: 'sum', point: numberPoint, attributes: 7, field: numberField, emit: (s, p) => s.number(p) }],
  [
    9,
    { name: 'histogram', point: histogramPoint, attributes: 9, field: histogramField, emit: (s, p) => s.histogram(p) },
  ],
  [
    10,
    {
      name: 'exponentialHistogram',
      point: exponentialPoint,
      attributes: 1,
      field: exponentialField,
      emit: (s: MetricSink, p: Point) => s.exponential(p),
    },
  ],
  [
    11,
    { name: 'summary', point: summaryPoint, attributes: 7, field: summaryField, emit: (s, p) => s.summary(p), sum: 0 },
  ],
])

function points(cursor: Cursor, data: Data, sink: MetricSink): void {
  const point = new ProtoPoint(cursor, data.point)
  while (cursor.tag()) {
    if (cursor.field !== 1 || cursor.wire !== BYTES) {
      cursor.skip()
      continue
    }
    point.reset()
    if (data.sum !== undefined) point.sum = data.sum
    const outer = cursor.enter()
    for (let from = cursor.at; cursor.tag(); from = cursor.at) {
      if (cursor.field === data.attributes && cursor.wire === BYTES) {
        cursor.range()
        point.pieces.add(from, cursor.at)
      } else if (!data.field(cursor, point)) cursor.skip()
    }
    cursor.leave(outer)
    data.emit(sink, point)
  }
}

/** Temporality and monotonicity stand behind the points: a first pass over their heads. */
function kindOf(cursor: Cursor): { temporality: number; monotonic: boolean } {
  const from = cursor.at
  let temporality = 0
  let monotonic = false
  while (cursor.tag()) {
    if (cursor.field === 2 && cursor.wire === VARINT) temporality = cursor.varint()
    else if (cursor.field === 3 && cursor.wire === VARINT) monotonic = cursor.varint() !== 0
    else cursor.skip()
  }
  cursor.at = from
  return { temporality, monotonic }
}

function metric(cursor: Cursor, sink: MetricSink): void {
  let [name, description, unit] = ['', '', '']
  let number = 0
  const pieces = new Pieces(cursor.bytes)
  while (cursor.tag()) {
    if (cursor.wire !== BYTES) cursor.skip()
    else if (cursor.field === 1) name = cursor.text()
    else if (cursor.field === 2) description = cursor.text()
    else if (cursor.field === 3) unit = cursor.text()
    else if (DATA.has(cursor.field)) {
      if (cursor.field !== number) pieces.clear()
      number = cursor.field
      const start = cursor.range()
      pieces.add(start, cursor.at)
    } else cursor.skip()
  }
  const data = DATA.get(number)
  if (data === undefined) return
  const inner = new Cursor(pieces.joined(), cursor.allowance)
  const { temporality, monotonic } = kindOf(inner)
  const isSum = data.name === 'sum'
  const timed = isSum || data.name === 'histogram' || data.name === 'exponentialHistogram'
  const kind = { temporality: timed ? temporality : 0, monotonic: isSum && monotonic }
  sink.metric({ name, description, unit, data: data.name, ...kind })
  points(inner, data, sink)
}

function scopeMetrics(cursor: Cursor, sink: MetricSink): void {
  while (cursor.tag()) {
    if (cursor.field === 2 && cursor.wire === BYTES) {
      const outer = cursor.enter()
      metric(cursor, sink)
      cursor.leave(outer)
    } else cursor.skip()
  }
}

/** Its resource may stand anywhere in it: a first pass finds it. */
function resourceMetrics(cursor: Cursor, sink: MetricSink): void {
  const from = cursor.at
  const pieces = new Pieces(cursor.bytes)
  while (cursor.tag()) {
    if (cursor.field === 1 && cursor.wire === BYTES) pieces.add(cursor.range(), cursor.at)
    else cursor.skip()
  }
  sink.resource({ key: () => `p${pieces.text()}`, read: () => toOtlpJson(pieces.joined(), resource, cursor.allowance) })
  cursor.at = from
  while (cursor.tag()) {
    if (cursor.field === 2 && cursor.wire === BYTES) {
      const outer = cursor.enter()
      scopeMetrics(cursor, sink)
      cursor.leave(outer)
    } else cursor.skip()
  }
}

/** `ExportMetricsServiceRequest` in protobuf, without a tree. Throws `ServiceError`: `bad_data`, `too_large`. */
export function readMetricsProto(body: Uint8Array, sink: MetricSink, allowance?: Allowance): void {
  const cursor = new Cursor(body, allowance)
  while (cursor.tag()) {
    if (cursor.field === 1 && cursor.wire === BYTES) {
      const outer = cursor.enter()
      resourceMetrics(cursor, sink)
      cursor.leave(outer)
    } else cursor.skip()
  }
}
