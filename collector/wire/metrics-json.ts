import { isUtf8 } from 'node:buffer'

import { ServiceError } from '#core/errors.ts'
import type { Steps } from '#core/steps.ts'

import type { Catalogue } from '../normal/catalogue.ts'
import { type Allowance, unlimited } from './allowance.ts'
import { numberOf, objectOf } from './json-fields.ts'
import { type JsonSource, scanHistogram, scanNumber } from './json-points.ts'
import { FieldNames, giveUp, JsonScanner, Unusual } from './json-scanner.ts'
import { parseJson } from './json.ts'
import { readMetricsTree, treeHeader, TreeReader } from './metrics-tree.ts'
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
/** Temporality beyond those that there are. */
const UNKNOWN = 3
/** Points that are read in one step, about: a resource is read as a whole. */
const STEP = 2 ** 12

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

/** Reads an `ExportMetricsServiceRequest` in OTLP/JSON into columns, byte by byte. Throws `Unusual`. */
class JsonReader {
  readonly #source: JsonSource
  readonly #scanner: JsonScanner
  readonly #points: Points
  readonly #catalogue: Catalogue
  readonly #allowance: Allowance
  readonly #tree: TreeReader

  constructor(source: JsonSource) {
    this.#tree = new TreeReader(source.points, source.catalogue)
    this.#source = source
    this.#scanner = source.scanner
    this.#points = source.points
    this.#catalogue = source.catalogue
    this.#allowance = source.allowance
  }

  *read(): Steps<void> {
    const scanner = this.#scanner
    yield* this.#request()
    if (scanner.at < scanner.bytes.length && scanner.peek() !== undefined) giveUp()
    this.#points.end()
  }

  *#request(): Steps<void> {
    const scanner = this.#scanner
    if (!scanner.open()) return
    scanner.key(REQUEST)
    let step = STEP
    if (scanner.openList()) {
      do {
        this.#resourceMetrics()
        if (this.#points.length < step) continue
        step = this.#points.length + STEP
        yield
      } while (scanner.moreItems())
    }
    // There is one field, at most once.
    if (scanner.more()) giveUp()
  }

  /** Every field of an object, each at most once. */
  #each(names: FieldNames, read: (field: number, keyAt: number) => void): void {
    const scanner = this.#scanner
    if (!scanner.open()) return
    let seen = 0
    do {
      scanner.peek()
      const keyAt = scanner.at
      const field = scanner.key(names)
      if ((seen & (1 << field)) !== 0) giveUp()
      seen |= 1 << field
      read(field, keyAt)
    } while (scanner.more())
  }

  #list(read: () => void): void {
    const scanner = this.#scanner
    if (!scanner.openList()) return
    do read()
    while (scanner.moreItems())
  }

  #resourceMetrics(): void {
    let resource = -1
    this.#allowance.take()
    this.#each(RESOURCE_METRICS, (field) => {
      if (field === 0) {
        resource = this.#resource()
        this.#points.begin(resource)
      } else if (field === 1) {
        // A resource behind its metrics is left to the slow way.
        if (resource < 0) giveUp()
        this.#list(() => this.#scopeMetrics(resource))
      } else this.#parsed()
    })
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

  #scopeMetrics(resource: number): void {
    this.#allowance.take()
    this.#each(SCOPE_METRICS, (field) => {
      if (field === 1) this.#list(() => this.#metric(resource))
      else this.#parsed()
    })
  }

  #metric(resource: number): void {
    const scanner = this.#scanner
    this.#allowance.take()
    scanner.peek()
    const start = scanner.at + 1
    let done = false
    this.#each(METRIC, (field, keyAt) => {
      // What says who it is must stand before its points.
      if (done) giveUp()
      if (field < FIRST_DATA) {
        if (scanner.peek() !== 34) giveUp()
        scanner.skip()
      } else {
        done = true
        const kind = field - FIRST_DATA
        const head = { resource, from: start, to: keyAt }
        if (kind < FIRST_RARE) this.#data(kind, head)
        else this.#rare(kind, head)
      }
    })
  }

  #rare(kind: number, head: Head): void {
    const content = objectOf(this.#parsed(), 'data') ?? {}
    const temporality = numberOf(content['aggregationTemporality'], 'aggregationTemporality') ?? 0
    this.#tree.points(content, DATA_NAMES[kind]!, this.#known(kind, timingOf(kind, temporality, false), head))
  }

  /** Its points need its temporality, which may stand behind them: it is as last time, or they are read once more. */
  #data(kind: number, head: Head): void {
    const scanner = this.#scanner
    const { points } = this.#source
    const start = scanner.at
    const [numbers, histograms, misses, exemplars] = [
      points.numbers.length,
      points.histograms.length,
      points.misses,
      points.exemplars.length,
    ]
    let guess = this.#catalogue.guessOf(scanner.view, head.from, head.to, head.resource * 8 + kind)
    for (let tries = 0; tries < 2; tries++) {
      scanner.at = start
      points.numbers.length = numbers
      points.histograms.length = histograms
      points.misses = misses
      points.exemplars.length = exemplars
      const found = this.#readData(kind, () => this.#known(kind, guess, head))
      if (found === guess) return
      guess = found
      this.#catalogue.learn(scanner.view, head.from, head.to, head.resource * 8 + kind, guess)
    }
    giveUp()
  }

  /** Reads the points; returns what was found of the timing. */
  #readData(kind: number, known: () => number): number {
    const scanner = this.#scanner
    let temporality = 0
    let monotonic = false
    const read = kind === 2 ? scanHistogram : scanNumber
    this.#each(DATA, (field) => {
      if (field === 1) temporality = scanner.number()
      else if (field === 2) monotonic = scanner.boolean()
      else {
        const metric = known()
        let count = 0
        this.#list(() => {
          read(this.#source, metric)
          count++
        })
        this.#allowance.take(count)
      }
    })
    return timingOf(kind, temporality, monotonic)
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
    readMetricsTree(parseJson(body, { allowance: allowance() }), points, catalogue)
  }
}
