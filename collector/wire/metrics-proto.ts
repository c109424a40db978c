import type { Steps } from '#core/steps.ts'

import type { Catalogue } from '../normal/catalogue.ts'
import { type Allowance, unlimited } from './allowance.ts'
import { BYTES, Cursor } from './cursor.ts'
import type { Points } from './points.ts'
import { readHistograms } from './proto-histograms.ts'
import { readNumbers } from './proto-numbers.ts'
import { readExponentials, readSummaries } from './proto-rare.ts'
import { joined, type ProtoSource, skipField } from './proto-source.ts'
import { likelyTiming, sameTiming, type Timing, timingOf } from './proto-timing.ts'
import {
  exemplar,
  exponentialPoint,
  histogramPoint,
  type Message,
  numberPoint,
  resource as resourceMessage,
  scopeHead,
  summaryPoint,
} from './schema.ts'
import { toOtlpJson } from './to-json.ts'
import type { MetricHeader, Wire } from './wire.ts'

interface Data {
  readonly name: MetricHeader['data']
  /** The points in `[start, end)` to columns; returns how far there are points and nothing else. */
  readonly read: (from: ProtoSource, start: number, end: number, metric: number) => number
  readonly point: Message
}

/** By its number in `Metric`. */
const DATA: ReadonlyMap<number, Data> = new Map<number, Data>([
  [5, { name: 'gauge', read: readNumbers, point: numberPoint }],
  [7, { name: 'sum', read: readNumbers, point: numberPoint }],
  [9, { name: 'histogram', read: readHistograms, point: histogramPoint }],
  [10, { name: 'exponentialHistogram', read: readExponentials, point: exponentialPoint }],
  [11, { name: 'summary', read: readSummaries, point: summaryPoint }],
])
const POINTS: ReadonlyMap<string, Message> = new Map([...DATA.values()].map(({ name, point }) => [name, point]))

/** OTLP in protobuf. */
export const proto: Wire = {
  unsigned: true,
  resource: (bytes) => toOtlpJson(bytes, resourceMessage),
  scope: (bytes) => toOtlpJson(bytes, scopeHead),
  attributes: (bytes, data) => toOtlpJson(bytes, POINTS.get(data)!)['attributes'],
  bounds(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    return Float64Array.from({ length: bytes.length >> 3 }, (_, i) => view.getFloat64(i * 8, true))
  },
  exemplar: (bytes) => toOtlpJson(bytes, exemplar),
}

/** Points that are read in one step, about. */
const STEP = 2 ** 12
/** Of a metric so many bytes, about, are read in one step. */
const PIECE_BYTES = 2 ** 17
/** Temporality beyond those that there are: it is refused, whichever it is. */
const UNKNOWN = 3

/** What stands in one place, or, rarely, in several: pairs of offsets. */
class Place {
  from = 0
  to = 0
  /** Empty where it is one. */
  readonly pieces: number[] = []

  clear(): void {
    this.from = 0
    this.to = 0
    if (this.pieces.length > 0) this.pieces.length = 0
  }

  add(from: number, to: number): void {
    if (this.to === 0) this.from = from
    else {
      if (this.pieces.length === 0) this.pieces.push(this.from, this.to)
      this.pieces.push(from, to)
    }
    this.to = to
  }
}

/** A metric while it is read: where its texts and its data stand. One for all: there are many, and they are short. */
class MetricRanges {
  number = 0
  readonly data = new Place()
  /** Of name, description and unit with their tags, in the order in which they came. */
  readonly head = new Place()

  clear(): void {
    this.number = 0
    this.data.clear()
    this.head.clear()
  }

  field(cursor: Cursor, tagAt: number): void {
    if (cursor.wire !== BYTES) return cursor.skip()
    const { field } = cursor
    const start = cursor.range()
    if (field <= 3) {
      // One behind the other is one place.
      if (this.head.to === tagAt && this.head.pieces.length === 0) this.head.to = cursor.at
      else this.head.add(tagAt, cursor.at)
    } else if (DATA.has(field)) {
      // Only one kind of data can be set: the last.
      if (field !== this.number) this.data.clear()
      this.number = field
      this.data.add(start, cursor.at)
    }
  }
}

/** The data of a metric with too many points for one step, while they are read. One for all. */
class Reading {
  data!: Data
  source!: ProtoSource
  /** For what stands inside of it. */
  inside!: Cursor
  resource = 0
  /** By which its points are known, and what that says of its timing. */
  metric = 0
  timing!: Timing
  from = 0
  to = 0
  /** How far they are read. */
  at = 0
  /** How far there are points and nothing else, as far as they are read. */
  behind = 0
  again = false

  /** The number of its metric is given: they are read from their beginning. */
  begin(metric: number, timing: Timing, again: boolean): void {
    this.metric = metric
    this.timing = timing
    this.again = again
    this.at = this.from
    this.behind = this.to
  }

  /** Reads a piece. */
  next(): void {
    const end = this.#pieceEnd()
    const behind = this.data.read(this.source, this.at, end, this.metric)
    if (behind < end && behind < this.behind) this.behind = behind
    this.at = end
  }

  /** Behind whole fields. */
  #pieceEnd(): number {
    const { source, to } = this
    let { at } = this
    if (to - at <= PIECE_BYTES) return to
    for (const enough = at + PIECE_BYTES; at < enough;) at = skipField(source.bytes, at, to)
    return at
  }
}

/** Moves to the next message with this number; false at the end of the range. */
function nextMessage(cursor: Cursor, field: number): boolean {
  while (cursor.tag()) {
    if (cursor.field === field && cursor.wire === BYTES) return true
    cursor.skip()
  }
  return false
}

/** Reads an `ExportMetricsServiceRequest` in protobuf into columns. */
class ProtoReader {
  readonly #catalogue: Catalogue
  readonly #points: Points
  readonly #allowance: Allowance
  readonly #bytes: Uint8Array
  readonly #source: ProtoSource
  /** For what stands inside a metric, so that the place in the request is kept. */
  readonly #inner: Cursor
  readonly #ranges = new MetricRanges()
  readonly #reading = new Reading()
  #isLong = false
  /** With so many points a step is over. */
  #step = STEP

  constructor(bytes: Uint8Array, points: Points, catalogue: Catalogue, allowance: Allowance) {
    this.#bytes = bytes
    this.#points = points
    this.#catalogue = catalogue
    this.#allowance = allowance
    this.#inner = new Cursor(bytes, unlimited)
    this.#source = this.#sourceOf(bytes)
  }

  *read(): Steps<void> {
    const points = this.#points
    this.#catalogue.kernel?.layShort(this.#bytes)
    const cursor = new Cursor(this.#bytes, this.#allowance)
    while (nextMessage(cursor, 1)) {
      const request = cursor.enter()
      const resource = this.#resourceOf(cursor)
      points.begin(resource)
      while (nextMessage(cursor, 2)) {
        const outside = cursor.enter()
        const owner = this.#catalogue.scopes ? this.#ownerOf(cursor, resource) : resource
        while (!this.#scope(cursor, owner)) {
          while (this.#isLong && !this.#readOn()) yield
          this.#step = points.length + STEP
          yield
        }
        cursor.leave(outside)
      }
      cursor.leave(request)
    }
    points.end()
  }

  /** Reads on in the metrics of a scope; false where it rests behind one, which may be yet to be read (`#isLong`). */
  #scope(cursor: Cursor, resource: number): boolean {
    while (nextMessage(cursor, 2)) {
      const outside = cursor.enter()
      this.#isLong = this.#metric(cursor, resource)
      cursor.leave(outside)
      if (this.#isLong || this.#points.length >= this.#step) return false
    }
    return true
  }

  #sourceOf(bytes: Uint8Array): ProtoSource {
    const source = this.#points.source(bytes)
    const view = this.#points.sources[source]!
    return { bytes, view, source, points: this.#points, catalogue: this.#catalogue, allowance: this.#allowance }
  }

  /** It may stand anywhere among its metrics: a first pass finds it. */
  #resourceOf(cursor: Cursor): number {
    const from = cursor.at
    const pieces: number[] = []
    while (nextMessage(cursor, 1)) pieces.push(cursor.range(), cursor.at)
    cursor.at = from
    return this.#resource(pieces)
  }

  /** The resource as the scope has it; what says who that is may stand before its metrics and behind them. */
  #ownerOf(cursor: Cursor, resource: number): number {
    const from = cursor.at
    const pieces: number[] = []
    for (let at = from; cursor.tag(); at = cursor.at) {
      const isHead = cursor.wire === BYTES && cursor.field !== 2
      cursor.skip()
      if (isHead) pieces.push(at, cursor.at)
    }
    cursor.at = from
    const whole = joined(this.#bytes, pieces)
    return this.#catalogue.scope(new DataView(whole.buffer, whole.byteOffset, whole.length), 0, whole.length, resource)
  }

  #resource(pieces: readonly number[]): number {
    const [start = 0, end = 0, ...more] = pieces
    if (more.length === 0) return this.#catalogue.resource(this.#source.view, start, end)
    const whole = joined(this.#bytes, pieces)
    return this.#catalogue.resource(new DataView(whole.buffer, whole.byteOffset, whole.length), 0, whole.length)
  }

  /** Reads a metric; true where its points are too many for one step, and are yet to be read. */
  #metric(cursor: Cursor, resource: number): boolean {
    const ranges = this.#ranges
    ranges.clear()
    for (let at = cursor.at; cursor.tag(); at = cursor.at) ranges.field(cursor, at)
    const data = DATA.get(ranges.number)
    if (data === undefined) return false
    let source = this.#source
    let { from, to } = ranges.data
    if (ranges.data.pieces.length > 0) {
      source = this.#sourceOf(joined(this.#bytes, ranges.data.pieces))
      from = 0
      to = source.bytes.length
    }
    const inside = source === this.#source ? this.#inner : new Cursor(source.bytes)
    const likely = likelyTiming(inside, from, to)
    this.#points.mark()
    const metric = this.#known(resource, data.name, likely)
    if (to - from > PIECE_BYTES) {
      Object.assign(this.#reading, { data, source, inside, resource, from, to })
      this.#reading.begin(metric, likely, false)
      return true
    }
    const behind = data.read(source, from, to, metric)
    const timing = behind === from ? likely : timingOf(inside, behind, to)
    if (sameTiming(timing, likely)) return false
    // What is read twice counts twice: it was twice the work.
    this.#points.back()
    data.read(source, from, to, this.#known(resource, data.name, timing))
    return false
  }

  /** The same of one with many points, piece by piece; true once all are read. */
  #readOn(): boolean {
    const reading = this.#reading
    reading.next()
    const { from, to, behind } = reading
    if (reading.at < to) return false
    if (reading.again || behind === from) return true
    const timing = timingOf(reading.inside, behind, to)
    if (sameTiming(timing, reading.timing)) return true
    this.#points.back()
    reading.begin(this.#known(reading.resource, reading.data.name, timing), timing, true)
    return false
  }

  /** The number of the metric, by the bytes of its head as they stand. */
  #known(resourceNumber: number, data: MetricHeader['data'], timing: Timing): number {
    const { head, number } = this.#ranges
    const isSum = data === 'sum'
    const isTimed = isSum || data === 'histogram' || data === 'exponentialHistogram'
    const temporality = isTimed ? timing.temporality : 0
    const monotonic = isSum && timing.monotonic
    const kind = Math.min(temporality, UNKNOWN) * 2 + (monotonic ? 1 : 0)
    const context = (resourceNumber * 16 + number) * 8 + kind
    const split = head.pieces.length > 0
    const whole = split ? joined(this.#bytes, head.pieces) : this.#bytes
    const view = split ? new DataView(whole.buffer, whole.byteOffset, whole.length) : this.#source.view
    const [from, to] = split ? [0, whole.length] : [head.from, head.to]
    const known = this.#catalogue.findMetric(view, from, to, context | 0)
    if (known >= 0) return known
    const header = { ...textsOf(whole.subarray(from, to)), data, temporality, monotonic }
    return this.#catalogue.addMetric(view, from, to, context | 0, { resource: resourceNumber, header })
  }
}

function textsOf(head: Uint8Array): Pick<MetricHeader, 'name' | 'description' | 'unit'> {
  const texts = ['', '', '', '']
  const cursor = new Cursor(head)
  while (cursor.tag()) texts[cursor.field] = cursor.text()
  return { name: texts[1]!, description: texts[2]!, unit: texts[3]! }
}

/** Throws `ServiceError`: `bad_data`, `too_large`; what `points` hold then means nothing. */
export function readMetricsProto(
  body: Uint8Array,
  points: Points,
  catalogue: Catalogue,
  allowance: () => Allowance = () => unlimited,
): Steps<void> {
  return new ProtoReader(body, points, catalogue, allowance()).read()
}
