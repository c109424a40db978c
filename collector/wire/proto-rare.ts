import { BYTES, Cursor, FIXED64, VARINT } from './cursor.ts'
import { ENDED, type ExponentialBuckets, PLAIN } from './points.ts'
import { foundExemplars } from './proto-numbers.ts'
import { codeOf, joined, type ProtoSource } from './proto-source.ts'

/** A summary or an exponential histogram while it is read: these are rare, so that objects do. */
class RareFields {
  time_ms = 0
  start_ms = 0
  flags = 0
  count = 0
  sum = NaN
  exemplars = 0
  readonly attributes: number[] = []

  /** Fields that stand under the same numbers in both kinds. */
  common(cursor: Cursor): boolean {
    const { field, wire } = cursor
    if (wire !== FIXED64) return false
    if (field === 2) this.start_ms = cursor.time_ms()
    else if (field === 3) this.time_ms = cursor.time_ms()
    else if (field === 4) this.count = cursor.fixed64()
    else if (field === 5) this.sum = cursor.double()
    else return false
    return true
  }

  code(from: ProtoSource, metric: number): number {
    const pieces = this.attributes
    if (pieces.length <= 2) return codeOf(from, pieces[0] ?? 0, pieces[1] ?? 0, metric)
    const whole = joined(from.bytes, pieces)
    const source = from.points.source(whole)
    return codeOf({ ...from, source, view: from.points.sources[source]! }, 0, whole.length, metric)
  }

  get state(): number {
    return this.flags % 2 === 1 ? ENDED : PLAIN
  }
}

/** Takes down where attributes stand, from their tag on; neighbours are one piece. */
function attribute(pieces: number[], from: number, cursor: Cursor): void {
  cursor.range()
  if (pieces.at(-1) === from) pieces[pieces.length - 1] = cursor.at
  else pieces.push(from, cursor.at)
}

/** Reads each point of the data: `field` takes what it knows. Returns how far there are points and nothing else. */
function eachPoint(
  from: ProtoSource,
  start: number,
  end: number,
  point: {
    readonly attributes: number
    readonly begin: () => RareFields
    readonly field: (cursor: Cursor, point: RareFields) => boolean
    readonly done: (point: RareFields, first: number, stop: number) => void
  },
): number {
  const cursor = new Cursor(from.bytes, from.allowance)
  cursor.at = start
  cursor.end = end
  let behindPoints = end
  for (let tagAt = start; cursor.tag(); tagAt = cursor.at) {
    if (cursor.field !== 1 || cursor.wire !== BYTES) {
      behindPoints = Math.min(behindPoints, tagAt)
      cursor.skip()
      continue
    }
    const outer = cursor.enter()
    const first = cursor.at
    const fields = point.begin()
    for (let at = first; cursor.tag(); at = cursor.at) {
      if (cursor.field === point.attributes && cursor.wire === BYTES) attribute(fields.attributes, at, cursor)
      else if (!fields.common(cursor) && !point.field(cursor, fields)) cursor.skip()
    }
    point.done(fields, first, cursor.end)
    cursor.leave(outer)
  }
  return behindPoints
}

class SummaryFields extends RareFields {
  override sum = 0
  readonly quantiles: (readonly [number, number])[] = []
}

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

/** The points of a summary. */
export function readSummaries(from: ProtoSource, start: number, end: number, metric: number): number {
  return eachPoint(from, start, end, {
    attributes: 7,
    begin: () => new SummaryFields(),
    field(cursor, point) {
      if (cursor.field === 6 && cursor.wire === BYTES) (point as SummaryFields).quantiles.push(quantile(cursor))
      else if (cursor.field === 8 && cursor.wire === VARINT) point.flags = cursor.varint()
      else return false
      return true
    },
    done(point) {
      const { time_ms, start_ms, count, sum, state } = point
      const code = point.code(from, metric)
      const { quantiles } = point as SummaryFields
      from.points.summaries.push({ code, time_ms, start_ms, state, count, sum, quantiles })
    },
  })
}

class ExponentialFields extends RareFields {
  scale = 0
  zero_count = 0
  zero_threshold = 0
  positive: ExponentialBuckets = { offset: 0, counts: [] }
  negative: ExponentialBuckets = { offset: 0, counts: [] }
}

function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** A message given twice is one: the second goes on where the first ended. */
function buckets(cursor: Cursor, before: ExponentialBuckets): ExponentialBuckets {
  let { offset } = before
  const counts = [...before.counts]
  const outer = cursor.enter()
  while (cursor.tag()) {
    if (cursor.field === 1 && cursor.wire === VARINT) offset = zigzag(cursor.varint()) | 0
    else if (cursor.field === 2 && cursor.wire === VARINT) counts.push(cursor.varint())
    else if (cursor.field === 2 && cursor.wire === BYTES) {
      const inner = cursor.enter()
      while (cursor.at < cursor.end) counts.push(cursor.varint())
      cursor.leave(inner)
    } else cursor.skip()
  }
  cursor.leave(outer)
  return { offset, counts }
}

function exponentialField(cursor: Cursor, point: ExponentialFields): boolean {
  const { field, wire } = cursor
  if (field === 6 && wire === VARINT) point.scale = zigzag(cursor.varint()) | 0
  else if (field === 7 && wire === FIXED64) point.zero_count = cursor.fixed64()
  else if (field === 8 && wire === BYTES) point.positive = buckets(cursor, point.positive)
  else if (field === 9 && wire === BYTES) point.negative = buckets(cursor, point.negative)
  else if (field === 10 && wire === VARINT) point.flags = cursor.varint()
  else if (field === 14 && wire === FIXED64) point.zero_threshold = cursor.double()
  else return false
  return true
}

const EXPONENTIAL_EXEMPLAR = 0x5a

/** The points of an exponential histogram. */
export function readExponentials(from: ProtoSource, start: number, end: number, metric: number): number {
  return eachPoint(from, start, end, {
    attributes: 1,
    begin: () => new ExponentialFields(),
    field: (cursor, point) => exponentialField(cursor, point as ExponentialFields),
    done(point, first, stop) {
      const { time_ms, start_ms, count, sum, state, scale, zero_count, zero_threshold, positive, negative } =
        point as ExponentialFields
      const code = point.code(from, metric)
      const head = { code, time_ms, start_ms, state, count, sum }
      from.points.exponentials.push({ ...head, scale, zero_count, zero_threshold, positive, negative })
      foundExemplars(from, { tag: EXPONENTIAL_EXEMPLAR, from: first, to: stop, code })
    },
  })
}
