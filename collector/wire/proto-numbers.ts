import * as states from './points.ts'
import * as sources from './proto-source.ts'
import {
  behind,
  codeOf,
  expectedCode,
  malformed,
  type ProtoSource,
  skipField,
  splitCode,
  timeAt,
  varint,
} from './proto-source.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { EMPTY, ENDED, PLAIN } = states
const { START_READ, TIME_READ } = sources

const POINT = 0x0a
const ATTRIBUTES = 0x3a
const START = 0x11
const TIME = 0x19
const DOUBLE = 0x21
const INT = 0x31
const EXEMPLAR = 0x2a
const FLAGS = 0x40
/** A tag and 64 bits. */
const FIELD = 9
/** So often a kernel is asked at a point that is not usual: where most are not, it costs and does nothing. */
export const TRIES = 2

/** The points of a gauge or a sum, `[start, end)`, to columns; returns how far there are points and nothing else. */
export function readNumbers(from: ProtoSource, start: number, end: number, metric: number): number {
  const { bytes, catalogue } = from
  const { numbers } = from.points
  const before = numbers.length
  const { kernel } = catalogue
  let tries = kernel?.lay(bytes, start, end) === true ? TRIES : 0
  let behindPoints = end
  for (let at = start; at < end;) {
    if (bytes[at] !== POINT) {
      behindPoints = Math.min(behindPoints, at)
      at = skipField(bytes, at, end)
      continue
    }
    if (tries > 0) {
      const to = kernel!.readNumbers(at, metric, catalogue, numbers)
      if (to !== at) {
        at = to
        continue
      }
      tries--
    }
    let size = bytes[at + 1]!
    at += 2
    if (size > 127) {
      size = varint(bytes, at - 1, end)
      at = behind
    }
    at += size
    if (!(at <= end)) malformed('a point ends beyond its metric')
    if (!readUsual(from, at - size, at, metric)) readNumber(from, at - size, at, metric)
  }
  from.allowance.take(numbers.length - before)
  return behindPoints
}

/**
 * One point as most are: the attributes that are expected, first or last, and times and a value in the order of their numbers. Nothing is
 * searched for then. False of any other, and nothing is taken down. What lies behind the point may be looked at before its end is seen.
 */
function readUsual(
  { bytes, view, points, catalogue }: ProtoSource,
  first: number,
  stop: number,
  metric: number,
): boolean {
  const aliases = catalogue.points
  const { numbers } = points
  const i = numbers.length
  if (i === numbers.code.length) return false
  let at = first
  let alias = -1
  if (bytes[at] === ATTRIBUTES) {
    alias = aliases.guess(view, at, stop, metric)
    if (alias < 0) return false
    at += aliases.sizeOf(alias)
  }
  const started = bytes[at] === START
  if (started) at += FIELD
  const tag = bytes[at + FIELD]
  if (bytes[at] !== TIME || (tag !== DOUBLE && tag !== INT)) return false
  const timePlace = at + 1
  at += 2 * FIELD
  if (alias < 0 && bytes[at] === ATTRIBUTES && at < stop) {
    alias = aliases.guess(view, at, stop, metric)
    if (alias < 0) return false
    at += aliases.sizeOf(alias)
  }
  if (at !== stop || alias < 0) return false
  aliases.met(alias)
  numbers.code[i] = alias
  numbers.time_ms[i] = timeAt(view, timePlace, TIME_READ)
  numbers.start_ms[i] = started ? timeAt(view, timePlace - FIELD, START_READ) : 0
  numbers.value[i] = tag === DOUBLE ? view.getFloat64(timePlace + FIELD, true) : sfixed64(view, timePlace + FIELD)
  numbers.state[i] = PLAIN
  numbers.length = i + 1
  return true
}

/**
 * One point. No calls or objects for what every sender writes; what is unusual (attributes in several places, unknown
 * fields) leaves it. Offsets that run past the buffer become NaN, so that bounds are asked for what must hold.
 */
function readNumber(from: ProtoSource, first: number, stop: number, metric: number): void {
  const { bytes, view } = from
  let attributesFrom = 0
  let attributesTo = 0
  let known = -1
  let split = false
  let timePlace = -1
  let startPlace = -1
  let value = NaN
  let state = EMPTY
  let exemplars = 0
  let flags = 0
  for (let at = first; at < stop;) {
    const tag = bytes[at]!
    if (tag === ATTRIBUTES) {
      const field = at
      if (attributesTo === 0 && (known = expectedCode(from, at, stop, ATTRIBUTES, metric)) >= 0) {
        at += from.catalogue.points.sizeOf(known)
        attributesTo = at
        continue
      }
      let length = bytes[at + 1]!
      at += 2
      if (length > 127) {
        length = varint(bytes, at - 1, stop)
        at = behind
      }
      at += length
      if (!(at <= stop)) malformed('attributes end beyond their point')
      if (attributesTo === 0) attributesFrom = field
      else if (attributesTo !== field) split = true
      attributesTo = at
    } else if (tag === TIME || tag === START || tag === DOUBLE || tag === INT) {
      if (at + 9 > stop) malformed('the bytes end in a number')
      if (tag === TIME) timePlace = at + 1
      else if (tag === START) startPlace = at + 1
      else {
        value = tag === DOUBLE ? view.getFloat64(at + 1, true) : sfixed64(view, at + 1)
        state = PLAIN
      }
      at += 9
    } else if (tag === FLAGS) {
      flags = varint(bytes, at + 1, stop)
      at = behind
    } else {
      if (tag === EXEMPLAR) exemplars++
      at = skipField(bytes, at, stop)
    }
  }
  const { numbers } = from.points
  const code = split
    ? splitCode(from, ATTRIBUTES, first, stop, metric)
    : known >= 0
      ? known
      : codeOf(from, attributesFrom, attributesTo, metric)
  const i = numbers.length
  if (i === numbers.code.length) numbers.grow()
  numbers.code[i] = code
  numbers.time_ms[i] = timePlace < 0 ? 0 : timeAt(view, timePlace, TIME_READ)
  numbers.start_ms[i] = startPlace < 0 ? 0 : timeAt(view, startPlace, START_READ)
  numbers.value[i] = value
  // Bit 0 of the flags: no recorded value. They may exceed 32 bits.
  numbers.state[i] = flags % 2 === 1 ? ENDED : state
  numbers.length = i + 1
  if (exemplars > 0) foundExemplars(from, { tag: EXEMPLAR, from: first, to: stop, code })
}

function sfixed64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true)
}

/** Takes down where the exemplars of a point stand. */
export function foundExemplars(
  { bytes, points, source }: ProtoSource,
  point: { readonly tag: number; readonly from: number; readonly to: number; readonly code: number },
): void {
  const { tag, code } = point
  for (let at = point.from; at < point.to;) {
    const to = skipField(bytes, at, point.to)
    if (bytes[at] === tag) {
      varint(bytes, at + 1, to)
      points.exemplar({ code, source, from: behind, to })
    }
    at = to
  }
}
