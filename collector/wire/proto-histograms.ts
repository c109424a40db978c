import { ENDED, PLAIN } from './points.ts'
import { foundExemplars, TRIES } from './proto-numbers.ts'
import {
  behind,
  codeOf,
  expectedCode,
  malformed,
  type ProtoSource,
  skipField,
  splitCode,
  START_READ,
  TIME_READ,
  timeAt,
  varint,
} from './proto-source.ts'

const POINT = 0x0a
const START = 0x11
const TIME = 0x19
const COUNT = 0x21
const SUM = 0x29
const COUNTS_PACKED = 0x32
const COUNTS = 0x31
const BOUNDS_PACKED = 0x3a
const BOUNDS = 0x39
const EXEMPLAR = 0x42
const ATTRIBUTES = 0x4a
const FLAGS = 0x50

function fixed64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true)
}

/** The content of every field of the message with one of two tags, packed or one by one, as one packed field. */
function packed(bytes: Uint8Array, tags: readonly [number, number], start: number, end: number): Uint8Array {
  const parts: Uint8Array[] = []
  for (let at = start; at < end;) {
    const to = skipField(bytes, at, end)
    if (bytes[at] === tags[0]) {
      varint(bytes, at + 1, end)
      parts.push(bytes.subarray(behind, to))
    } else if (bytes[at] === tags[1]) parts.push(bytes.subarray(at + 1, to))
    at = to
  }
  const whole = Buffer.concat(parts)
  return whole.length % 8 === 0 ? whole : malformed('the bytes end in a number')
}

/** One field while a point is read: where its values stand, whether in one piece. */
interface Repeated {
  from: number
  to: number
  pieces: number
}

const bounds: Repeated = { from: 0, to: 0, pieces: 0 }
const counts: Repeated = { from: 0, to: 0, pieces: 0 }

function reset(field: Repeated): void {
  field.from = 0
  field.to = 0
  field.pieces = 0
}

/** Takes down a packed field whose tag stands at `at`; returns where it ends. */
function packedField(bytes: Uint8Array, at: number, stop: number, into: Repeated): number {
  const size = varint(bytes, at + 1, stop)
  const to = behind + size
  if (to > stop) malformed(`${size} bytes announced, ${stop - behind} there`)
  into.from = behind
  into.to = to
  into.pieces += size % 8 === 0 ? 1 : malformed('the bytes end in a number')
  return to
}

/** Puts the counts of the point that is being read behind the others. */
function takeCounts({ bytes, view, points }: ProtoSource, first: number, stop: number): void {
  const { histograms } = points
  let { from, to } = counts
  let source = view
  if (counts.pieces > 1) {
    const whole = packed(bytes, [COUNTS_PACKED, COUNTS], first, stop)
    source = new DataView(whole.buffer, whole.byteOffset, whole.length)
    from = 0
    to = whole.length
  }
  const size = (to - from) >> 3
  // Of some only count and sum are known: all is in one bucket.
  if (size === 0 && bounds.pieces === 0) {
    histograms.bucket(histograms.count[histograms.length]!, 0)
    histograms.start[histograms.length + 1] = histograms.start[histograms.length]! + 1
    return
  }
  if (size > 0) histograms.bucket(0, size - 1)
  const { buckets } = histograms
  const start = histograms.start[histograms.length]!
  for (let i = 0; i < size; i++) buckets[start + i] = fixed64(source, from + i * 8)
  histograms.start[histograms.length + 1] = start + size
}

/** The points of a histogram, `[start, end)`, to columns; as `readNumbers`. */
export function readHistograms(from: ProtoSource, start: number, end: number, metric: number): number {
  const { bytes, view, points, catalogue } = from
  const { histograms } = points
  const before = histograms.length
  const { kernel } = catalogue
  let tries = kernel?.lay(bytes, start, end) === true ? TRIES : 0
  let at = start
  let behindPoints = end
  while (at < end) {
    if (bytes[at] !== POINT) {
      behindPoints = Math.min(behindPoints, at)
      at = skipField(bytes, at, end)
      continue
    }
    if (tries > 0) {
      const to = kernel!.readHistograms(at, metric, catalogue, from)
      if (to !== at) {
        at = to
        continue
      }
      tries--
    }
    const size = varint(bytes, at + 1, end)
    const first = behind
    const stop = first + size
    if (stop > end) malformed(`${size} bytes announced, ${end - first} there`)
    at = stop
    if (histograms.length + 1 >= histograms.code.length) histograms.grow()
    const code = readHead(from, first, stop, metric)
    const i = histograms.length
    histograms.code[i] = code
    takeCounts(from, first, stop)
    let boundsView = view
    histograms.source[i] = from.source
    if (bounds.pieces > 1) {
      const whole = packed(bytes, [BOUNDS_PACKED, BOUNDS], first, stop)
      histograms.source[i] = points.source(whole)
      boundsView = points.sources.at(-1)!
      bounds.from = 0
      bounds.to = whole.length
    }
    histograms.from[i] = bounds.from
    histograms.to[i] = bounds.to
    histograms.row[i] = code < 0 ? -1 : catalogue.rows.find(boundsView, bounds.from, bounds.to, code)
    histograms.length = i + 1
  }
  from.allowance.take(histograms.length - before)
  return behindPoints
}

/**
 * Times, count, sum and flags of a point to the columns, its exemplars to the others; `bounds` and `counts` take down where theirs stand. The
 * code of its attributes: one result, since a second one would be an object for each point.
 */
function readHead(from: ProtoSource, first: number, stop: number, metric: number): number {
  const { bytes, view, points } = from
  const { histograms } = points
  const i = histograms.length
  reset(bounds)
  reset(counts)
  let attributesFrom = 0
  let attributesTo = 0
  let known = -1
  let split = false
  let timePlace = -1
  let startPlace = -1
  let countPlace = -1
  let sumPlace = -1
  let flags = 0
  let exemplars = 0
  for (let at = first; at < stop;) {
    const tag = bytes[at]!
    const field = at
    if (tag === TIME || tag === START || tag === COUNT || tag === SUM) {
      if (at + 9 > stop) malformed('the bytes end in a number')
      if (tag === TIME) timePlace = at + 1
      else if (tag === START) startPlace = at + 1
      else if (tag === COUNT) countPlace = at + 1
      else sumPlace = at + 1
      at += 9
    } else if (tag === COUNTS_PACKED) at = packedField(bytes, at, stop, counts)
    else if (tag === BOUNDS_PACKED) at = packedField(bytes, at, stop, bounds)
    else if (tag === FLAGS) {
      flags = varint(bytes, at + 1, stop)
      at = behind
    } else if (
      tag === ATTRIBUTES &&
      attributesTo === 0 &&
      (known = expectedCode(from, at, stop, ATTRIBUTES, metric)) >= 0
    ) {
      at += from.catalogue.points.sizeOf(known)
      attributesTo = at
    } else {
      at = skipField(bytes, at, stop)
      if (tag === ATTRIBUTES) {
        if (attributesTo === 0) attributesFrom = field
        else if (attributesTo !== field) split = true
        attributesTo = at
      } else if (tag === COUNTS) counts.pieces += 2
      else if (tag === BOUNDS) bounds.pieces += 2
      else if (tag === EXEMPLAR) exemplars++
    }
  }
  histograms.time_ms[i] = timePlace < 0 ? 0 : timeAt(view, timePlace, TIME_READ)
  histograms.start_ms[i] = startPlace < 0 ? 0 : timeAt(view, startPlace, START_READ)
  histograms.count[i] = countPlace < 0 ? 0 : fixed64(view, countPlace)
  histograms.sum[i] = sumPlace < 0 ? NaN : view.getFloat64(sumPlace, true)
  histograms.state[i] = flags % 2 === 1 ? ENDED : PLAIN
  const code = split
    ? splitCode(from, ATTRIBUTES, first, stop, metric)
    : known >= 0
      ? known
      : codeOf(from, attributesFrom, attributesTo, metric)
  if (exemplars > 0) foundExemplars(from, { tag: EXEMPLAR, from: first, to: stop, code })
  return code
}
