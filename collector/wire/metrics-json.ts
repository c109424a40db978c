import { isUtf8 } from 'node:buffer'

import { ServiceError } from '#core/errors.ts'
import type { Steps } from '#core/steps.ts'

import type { Catalogue } from '../normal/catalogue.ts'
import { type Allowance, unlimited } from './allowance.ts'
import { numberOf, objectOf } from './json-fields.ts'
import { type JsonSource, scanHistogram, scanNumber } from './json-points.ts'
import { FieldNames, giveUp, JsonScanner, Unusual } from './json-scanner.ts'
import { parseJson } from './json.ts'
import { parsingJson } from './long-json.ts'
import { readingMetricsTree, treeHeader, TreeReader } from './metrics-tree.ts'
import type { Points } from './points.ts'
import type { JsonObject } from './to-json.ts'
import type { MetricHeader } from './wire.ts'

const REQUEST = new FieldNames(['resourceMetrics'])
const RESOURCE_METRICS = new FieldNames(['resource', 'scopeMetrics', 'schemaUrl'])
const SCOPE_METRICS = new FieldNames(['scope', 'metrics', 'schemaUrl'])
const DATA_NAMES = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const
const METRIC = new FieldNames(['name', 'description', 'unit', ...DATA_NAMES])
const FIRST_DATA = 3
/** Those from here on are rare: their data is parsed. */
const FIRST_RARE = 3
const DATA = new FieldNames(['dataPoints', 'aggregationTemporality', 'isMonotonic'])
const DATA_POINTS = 0
const TEMPORALITY = 1
/** Temporality beyond those that there are. */
const UNKNOWN = 3
/** Points that are read in one step, about. */
const STEP = 2 ** 10

/** Temporality and monotonicity of a metric's data, as far as they matter, as one small integer. */
function timingOf(kind: number, temporality: number, monotonic: boolean): number {
  if (kind === 0 || kind === 4) return 0
  return Math.min(temporality, UNKNOWN) * 2 + (kind === 1 && monotonic ? 1 : 0)
}

/** Where what says who a metric is stands. */
interface Head {
  readonly resource: number
  readonly from: number
  readonly to: number
}

/** The fields of an object one after the other, each at most once. */
class Fields {
  readonly #scanner: JsonScanner
  readonly #names: FieldNames
  #seen = 0
  /** Where the key of the newest one stands. */
  keyAt = 0

  constructor(scanner: JsonScanner, names: FieldNames) {
    this.#scanner = scanner
    this.#names = names
  }

  /** Enters an object: the number of its first field, whose value is next; -1 where it is empty, and left again. */
  first(): number {
    this.#seen = 0
    return this.#scanner.open() ? this.#field() : -1
  }

  /** Behind a value: the number of the next field; -1 at the end. */
  next(): number {
    return this.#scanner.more() ? this.#field() : -1
  }

  #field(): number {
    const scanner = this.#scanner
    scanner.peek()
    this.keyAt = scanner.at
    const field = scanner.key(this.#names)
    if ((this.#seen & (1 << field)) !== 0) giveUp()
    this.#seen |= 1 << field
    return field
  }
}

/** The data of a metric while they are read: there may be too many points for one step. One for all. */
class Reading {
  kind = 0
  head: Head = { resource: 0, from: 0, to: 0 }
  /** Where they begin. */
  start = 0
  /** The number of the metric, once there are points. */
  metric = 0
  inPoints = false
  temporality = 0
  monotonic = false
  /** Its points need its timing, which may stand behind them: it is as last time, or they are read once more. */
  guess = 0
  again = false

  /** They are read from their beginning. */
  begin(guess: number, again: boolean): void {
    this.guess = guess
    this.again = again
    this.inPoints = false
    this.temporality = 0
    this.monotonic = false
  }
}

/** Reads an `ExportMetricsServiceRequest` in OTLP/JSON into columns, byte by byte. Throws `Unusual`. */
class JsonReader {
  readonly #source: JsonSource
  readonly #scanner: JsonScanner
  readonly #points: Points
  readonly #catalogue: Catalogue
  readonly #allowance: Allowance
  readonly #tree: TreeReader
  readonly #resourceFields: Fields
  readonly #scopeFields: Fields
  readonly #metricFields: Fields
  readonly #dataFields: Fields
  readonly #reading = new Reading()
  /** With so many points a step is over. */
  #step = STEP

  constructor(source: JsonSource) {
    const { scanner } = source
    this.#tree = new TreeReader(source.points, source.catalogue)
    this.#source = source
    this.#scanner = scanner
    this.#points = source.points
    this.#catalogue = source.catalogue
    this.#allowance = source.allowance
    this.#resourceFields = new Fields(scanner, RESOURCE_METRICS)
    this.#scopeFields = new Fields(scanner, SCOPE_METRICS)
    this.#metricFields = new Fields(scanner, METRIC)
    this.#dataFields = new Fields(scanner, DATA)
  }

  *read(): Steps<void> {
    const scanner = this.#scanner
    if (scanner.open()) {
      scanner.key(REQUEST)
      yield* this.#resources()
      // There is one field, at most once.
      if (scanner.more()) giveUp()
    }
    if (scanner.at < scanner.bytes.length && scanner.peek() !== undefined) giveUp()
    this.#points.end()
  }

  *#resources(): Steps<void> {
    const scanner = this.#scanner
    const fields = this.#resourceFields
    if (!scanner.openList()) return
    do {
      let resource = -1
      this.#allowance.take()
      for (let field = fields.first(); field >= 0; field = fields.next()) {
        if (field === 0) {
          resource = this.#resource()
          this.#points.begin(resource)
        } else if (field === 1) {
          // A resource behind its metrics is left to the slow way.
          if (resource < 0) giveUp()
          yield* this.#scopes(resource)
        } else this.#parsed()
      }
    } while (scanner.moreItems())
  }

  /** The levels below in one: a generator each would cost short bodies more than what is in them. */
  *#scopes(resource: number): Steps<void> {
    const scanner = this.#scanner
    const points = this.#points
    const fields = this.#scopeFields
    if (!scanner.openList()) return
    do {
      this.#allowance.take()
      const owner = this.#catalogue.scopes ? this.#ownerOf(resource) : resource
      for (let field = fields.first(); field >= 0; field = fields.next()) {
        if (field !== 1) this.#parsed()
        else if (scanner.openList()) {
          do {
            const kind = this.#metric(owner)
            if (kind >= FIRST_RARE) yield* this.#rare(kind)
            else if (kind >= 0) while (!this.#readOn()) yield
            if (points.length < this.#step) continue
            this.#step = points.length + STEP
            yield
          } while (scanner.moreItems())
        }
      }
    } while (scanner.moreItems())
  }

  /** The resource as the scope that stands next has it; what says who that is may stand before its metrics and behind them. */
  #ownerOf(resource: number): number {
    const scanner = this.#scanner
    const fields = this.#scopeFields
    scanner.peek()
    const from = scanner.at
    const head: string[] = []
    for (let field = fields.first(); field >= 0; field = fields.next()) {
      scanner.skip()
      if (field !== 1) head.push(Buffer.from(scanner.bytes.subarray(fields.keyAt, scanner.at)).toString())
    }
    scanner.at = from
    const bytes = Buffer.from(`{${head.join()}}`)
    return this.#catalogue.scope(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, resource)
  }

  #resource(): number {
    const scanner = this.#scanner
    if (scanner.peek() !== 123) giveUp()
    const start = scanner.at
    scanner.skip()
    return this.#catalogue.resource(scanner.view, start, scanner.at)
  }

  /** A small value that is read to its end, and means nothing here. */
  #parsed(): unknown {
    const scanner = this.#scanner
    scanner.peek()
    const start = scanner.at
    scanner.skip()
    return parseJson(scanner.bytes.subarray(start, scanner.at), { allowance: this.#allowance })
  }

  /** Reads a metric up to its data; their kind, -1 where there are none. */
  #metric(resource: number): number {
    const scanner = this.#scanner
    const fields = this.#metricFields
    this.#allowance.take()
    scanner.peek()
    const start = scanner.at + 1
    for (let field = fields.first(); field >= 0; field = fields.next()) {
      if (field < FIRST_DATA) {
        if (scanner.peek() !== 34) giveUp()
        scanner.skip()
        continue
      }
      const kind = field - FIRST_DATA
      this.#reading.head = { resource, from: start, to: fields.keyAt }
      if (kind < FIRST_RARE) this.#begin(kind)
      return kind
    }
    return -1
  }

  /** What says who a metric is must stand before its points: nothing is behind them. */
  #leave(): void {
    if (this.#scanner.more()) giveUp()
  }

  *#rare(kind: number): Steps<void> {
    const scanner = this.#scanner
    scanner.peek()
    const start = scanner.at
    scanner.skip()
    const data = yield* parsingJson(scanner.bytes.subarray(start, scanner.at), { allowance: this.#allowance })
    const content = objectOf(data, 'data') ?? {}
    const temporality = numberOf(content['aggregationTemporality'], 'aggregationTemporality') ?? 0
    const metric = this.#known(kind, timingOf(kind, temporality, false), this.#reading.head)
    yield* this.#tree.points(content, DATA_NAMES[kind]!, metric)
    this.#leave()
  }

  #begin(kind: number): void {
    const reading = this.#reading
    const { head } = reading
    reading.kind = kind
    reading.start = this.#scanner.at
    this.#points.mark()
    const guess = this.#catalogue.guessOf(this.#scanner.view, head.from, head.to, head.resource * 8 + kind)
    reading.begin(guess, false)
  }

  /** Reads on in the data of the metric; true once all are read. */
  #readOn(): boolean {
    const scanner = this.#scanner
    const fields = this.#dataFields
    const reading = this.#reading
    for (let field = reading.inPoints ? DATA_POINTS : fields.first(); field >= 0; field = fields.next()) {
      if (field === DATA_POINTS) {
        if (!this.#readPoints()) return false
      } else if (field === TEMPORALITY) reading.temporality = scanner.number()
      else reading.monotonic = scanner.boolean()
    }
    const { kind, head, guess, again } = reading
    const found = timingOf(kind, reading.temporality, reading.monotonic)
    if (found === guess) {
      this.#leave()
      return true
    }
    this.#catalogue.learn(scanner.view, head.from, head.to, head.resource * 8 + kind, found)
    if (again) giveUp()
    scanner.at = reading.start
    this.#points.back()
    reading.begin(found, true)
    return false
  }

  /** Reads on in the list of points; true behind it. */
  #readPoints(): boolean {
    const scanner = this.#scanner
    const source = this.#source
    const reading = this.#reading
    if (!reading.inPoints) {
      reading.metric = this.#known(reading.kind, reading.guess, reading.head)
      reading.inPoints = scanner.openList()
      if (!reading.inPoints) return true
    }
    const { metric } = reading
    const read = reading.kind === 2 ? scanHistogram : scanNumber
    let count = 0
    do {
      if (count === STEP) break
      read(source, metric)
      count++
      reading.inPoints = scanner.moreItems()
    } while (reading.inPoints)
    this.#allowance.take(count)
    return !reading.inPoints
  }

  #known(kind: number, timing: number, { resource, from, to }: Head): number {
    const { view, bytes } = this.#scanner
    const context = (resource * 8 + kind) * 8 + timing
    return this.#catalogue.metric(view, from, to, context, () => {
      const text = `{${Buffer.from(bytes.subarray(from, to)).toString().trimEnd().replace(/,$/, '')}}`
      const object = parseJson(text, { allowance: this.#allowance }) as JsonObject
      const data: MetricHeader['data'] = DATA_NAMES[kind]!
      return { resource, header: treeHeader(object, data, { temporality: timing >> 1, monotonic: (timing & 1) === 1 }) }
    })
  }
}

/** Scans a body. Throws `Unusual` for what is not written as senders write it, malformed or not; `ServiceError`: `too_large`. */
export function* scanMetricsJson(
  body: Uint8Array,
  points: Points,
  catalogue: Catalogue,
  allowance: Allowance,
): Steps<void> {
  if (!isUtf8(body)) giveUp()
  points.source(body)
  yield* new JsonReader({ scanner: new JsonScanner(body), points, catalogue, allowance }).read()
}

/**
 * OTLP/JSON into columns. What is written as senders write it is scanned without a tree; anything else is parsed. Throws
 * `ServiceError`: `bad_data`, `too_large`; what `points` hold then means nothing.
 */
export function* readMetricsJson(
  body: Uint8Array,
  points: Points,
  catalogue: Catalogue,
  allowance: () => Allowance = () => unlimited,
): Steps<void> {
  try {
    yield* scanMetricsJson(body, points, catalogue, allowance())
  } catch (error) {
    // What is malformed is told by the parser of the whole, which knows where it stands.
    if (!(error instanceof Unusual || (error instanceof ServiceError && error.code === 'bad_data'))) throw error
    points.clear()
    yield* readingMetricsTree(yield* parsingJson(body, { allowance: allowance() }), points, catalogue)
  }
}
