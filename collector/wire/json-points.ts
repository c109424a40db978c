import type { Catalogue } from '../normal/catalogue.ts'
import type { Allowance } from './allowance.ts'
import { FieldNames, giveUp, type JsonScanner } from './json-scanner.ts'
import { parseJson } from './json.ts'
import { EMPTY, ENDED, PLAIN, type Points } from './points.ts'

/** A body in OTLP/JSON while it is scanned. */
export interface JsonSource {
  readonly scanner: JsonScanner
  readonly points: Points
  readonly catalogue: Catalogue
  readonly allowance: Allowance
}

const POINT = new FieldNames([
  'attributes',
  'timeUnixNano',
  'startTimeUnixNano',
  'asDouble',
  'asInt',
  'flags',
  'exemplars',
  'count',
  'sum',
  'bucketCounts',
  'explicitBounds',
  'min',
  'max',
])
const ATTRIBUTES = 0
const TIME = 1
const START = 2
const DOUBLE = 3
const INT = 4
const FLAGS = 5
const EXEMPLARS = 6
const COUNT = 7
const SUM = 8
const BUCKETS = 9
const BOUNDS = 10

/** Where something stands in the body. */
interface Range {
  from: number
  to: number
}

/** What is read of a point before it goes to columns. One for all: nothing of it outlives its point. */
class PointFields {
  seen = 0
  code = 0
  time_ms = 0
  start_ms = 0
  value = NaN
  flags = 0
  count = 0
  sum = NaN
  buckets = 0
  readonly bounds: Range = { from: 0, to: 0 }
  readonly exemplars: Range = { from: 0, to: 0 }

  reset(): void {
    this.seen = 0
    this.time_ms = 0
    this.start_ms = 0
    this.value = NaN
    this.flags = 0
    this.count = 0
    this.sum = NaN
    this.buckets = 0
    this.bounds.from = 0
    this.bounds.to = 0
    this.exemplars.to = 0
  }

  has(field: number): boolean {
    return (this.seen & (1 << field)) !== 0
  }
}

const fields = new PointFields()

/** The code of attributes that stand next, or of none. They are read only where they are new. */
function attributesCode({ scanner, points, catalogue, allowance }: JsonSource, metric: number): number {
  const { view } = scanner
  scanner.peek()
  const start = scanner.at
  const expected = catalogue.points.expect(view, start, view.byteLength, metric)
  if (expected >= 0) {
    scanner.at = start + catalogue.points.sizeOf(expected)
    return expected
  }
  if (scanner.peek() !== 91) giveUp()
  scanner.skip()
  const alias = catalogue.points.find(view, start, scanner.at, metric)
  if (alias >= 0) return alias
  // What is malformed in it makes the body malformed, as everywhere.
  parseJson(scanner.bytes.subarray(start, scanner.at), { allowance })
  return points.miss(0, start, scanner.at, metric)
}

function counts({ scanner, points }: JsonSource): number {
  const { histograms } = points
  let length = 0
  if (!scanner.openList()) return 0
  do histograms.bucket(scanner.number(), length++)
  while (scanner.moreItems())
  return length
}

function range(scanner: JsonScanner, into: Range): void {
  if (scanner.peek() !== 91) giveUp()
  into.from = scanner.at
  scanner.skip()
  into.to = scanner.at
}

function readField(source: JsonSource, field: number, metric: number): void {
  const { scanner } = source
  if (field === ATTRIBUTES) fields.code = attributesCode(source, metric)
  else if (field === TIME) fields.time_ms = scanner.time_ms()
  else if (field === START) fields.start_ms = scanner.time_ms()
  else if (field === DOUBLE) fields.value = scanner.number()
  // A double beside an integer wins, wherever it stands: that is left to the slow way.
  else if (field === INT) fields.value = scanner.number()
  else if (field === FLAGS) fields.flags = scanner.number()
  else if (field === EXEMPLARS) range(scanner, fields.exemplars)
  else if (field === COUNT) fields.count = scanner.number()
  else if (field === SUM) fields.sum = scanner.number()
  else if (field === BUCKETS) fields.buckets = counts(source)
  else if (field === BOUNDS) range(scanner, fields.bounds)
  else scanner.number()
}

/** Reads one point into `fields`. */
function readFields(source: JsonSource, metric: number): void {
  const { scanner } = source
  fields.reset()
  if (scanner.open()) {
    do {
      const field = scanner.key(POINT)
      if (fields.has(field)) giveUp()
      fields.seen |= 1 << field
      readField(source, field, metric)
    } while (scanner.more())
  }
  if (!fields.has(ATTRIBUTES)) fields.code = noAttributes(source, metric)
  if (fields.has(DOUBLE) && fields.has(INT)) giveUp()
}

function noAttributes({ scanner, points, catalogue }: JsonSource, metric: number): number {
  const alias = catalogue.points.find(scanner.view, 0, 0, metric)
  return alias >= 0 ? alias : points.miss(0, 0, 0, metric)
}

/** Exemplars are read here: a list of them may be malformed, too. */
function takeExemplars({ scanner, points, allowance }: JsonSource, code: number): void {
  const { from, to } = fields.exemplars
  const list = parseJson(scanner.bytes.subarray(from, to), { allowance }) as unknown[]
  for (const item of list) {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) giveUp()
    const bytes = Buffer.from(JSON.stringify(item))
    points.exemplar({ code, source: points.source(bytes), from: 0, to: bytes.length })
  }
}

/** The points of a gauge or a sum to columns. */
export function scanNumber(source: JsonSource, metric: number): void {
  const { numbers } = source.points
  readFields(source, metric)
  const i = numbers.length
  if (i === numbers.code.length) numbers.grow()
  numbers.code[i] = fields.code
  numbers.time_ms[i] = fields.time_ms
  numbers.start_ms[i] = fields.start_ms
  numbers.value[i] = fields.value
  const ended = fields.flags % 2 === 1
  numbers.state[i] = ended ? ENDED : fields.has(DOUBLE) || fields.has(INT) ? PLAIN : EMPTY
  numbers.length = i + 1
  if (fields.exemplars.to > 0) takeExemplars(source, fields.code)
}

/** The points of a histogram to columns. */
export function scanHistogram(source: JsonSource, metric: number): void {
  const { scanner, points, catalogue, allowance } = source
  const { histograms } = points
  if (histograms.length + 1 >= histograms.code.length) histograms.grow()
  readFields(source, metric)
  const i = histograms.length
  const { from, to } = fields.bounds
  const noBounds = to - from <= 2
  if (fields.buckets === 0 && noBounds) {
    // Of some only count and sum are known: all is in one bucket.
    histograms.bucket(fields.count, 0)
    fields.buckets = 1
  }
  const row = fields.code < 0 ? -1 : catalogue.rows.find(scanner.view, from, to, fields.code)
  if (row < 0 && to > 0) parseJson(scanner.bytes.subarray(from, to), { allowance })
  histograms.code[i] = fields.code
  histograms.row[i] = row
  histograms.time_ms[i] = fields.time_ms
  histograms.start_ms[i] = fields.start_ms
  histograms.count[i] = fields.count
  histograms.sum[i] = fields.sum
  histograms.state[i] = fields.flags % 2 === 1 ? ENDED : PLAIN
  histograms.source[i] = 0
  histograms.from[i] = from
  histograms.to[i] = to
  histograms.start[i + 1] = histograms.start[i]! + fields.buckets
  histograms.length = i + 1
  if (fields.exemplars.to > 0) takeExemplars(source, fields.code)
}
