import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { readAbout, writeAbout } from './definition-codec.ts'
import { NONE } from './label-names.ts'
import { hashOfSet } from './label-sets.ts'
import type { About } from './metric-table.ts'
import { metricPairIn, namePairs, type SeriesParts } from './series-parts.ts'
import { FLOAT, KINDS, ROW_LABELS_MAX } from './series-rows.ts'

const VERSION = 1
/** So many rows, or names with their values, are gone through at once. */
const PAUSE = 1 << 15
const PAUSE_NAMES = 8
const KIND_SHIFT = 16
const KIND_MASK = 0xff
const ACTIVE = 1 << 24
const ASKED = 1 << 25
/** Numbers in the bounds of a series by kind; of a histogram there may be any number. */
const WIDTHS = [0, undefined, 6, undefined]

/** Numbers as they are saved: dense, in order of first sight. */
class Numbering {
  readonly order: number[] = []
  readonly #numbers: number[] = []

  of(id: number): number {
    return (this.#numbers[id] ??= this.order.push(id) - 1)
  }
}

/**
 * Format 1, columns as they lie in memory, integers of 32 bits: names; pairs (name, length of the value, values);
 * metrics; type, unit and help; bounds; then by series id, what it is (labels, kind, active), which type, unit and help,
 * which bounds; the pairs of all label sets; last, those that have ended and how long ago. Postings and hashes are made anew.
 * Pauses where it took a while; nothing may be changed until it is through.
 */
export function* saveSeries(parts: SeriesParts, writer: ByteWriter): Generator<void, void> {
  writer.u8(VERSION)
  const numbers = yield* savePairs(parts, writer)
  saveMetrics(parts, writer, numbers)
  yield* saveRows(parts, writer, numbers)
}

/** Returns the saved number of each pair. */
function* savePairs({ pairs }: SeriesParts, writer: ByteWriter): Generator<void, Uint32Array> {
  const names = [...pairs.names.all()].toSorted((a, b) => a - b)
  const used = new Uint8Array(pairs.length)
  const numberOfName = new Uint32Array(pairs.names.length)
  writer.varint(names.length)
  for (const [number, name] of names.entries()) {
    writer.text(pairs.names.text(name))
    numberOfName[name] = number
    for (const pair of pairs.of(name)) used[pair] = 1
    if (number % PAUSE_NAMES === 0) yield
  }
  const numbers = new Uint32Array(pairs.length)
  const nameColumn = new Uint32Array(pairs.count)
  const sizes = new Uint32Array(pairs.count)
  let count = 0
  let bytes = 0
  for (let pair = 0; pair < used.length; pair++) {
    if (used[pair] === 0) continue
    nameColumn[count] = numberOfName[pairs.nameOf(pair)]!
    bytes += sizes[count] = pairs.size(pair)
    numbers[pair] = count++
    if (pair % PAUSE === 0) yield
  }
  writer.varint(count)
  writer.column(nameColumn)
  writer.column(sizes)
  const values = new Uint8Array(bytes)
  let at = 0
  for (let pair = 0; pair < used.length; pair++) {
    if (used[pair] === 1) at = pairs.copy(pair, values, at)
    if (pair % PAUSE === 0) yield
  }
  writer.column(values)
  return numbers
}

function saveMetrics({ metrics }: SeriesParts, writer: ByteWriter, numbers: Uint32Array): void {
  const all = [...metrics.all()]
  writer.varint(all.length)
  for (const [pair, { about }] of all) {
    writer.varint(pair === NONE ? 0 : numbers[pair]! + 1)
    writeAbout(writer, about)
  }
}

function* saveRows(
  { rows, sets, metrics, bounds }: SeriesParts,
  writer: ByteWriter,
  numbers: Uint32Array,
): Generator<void, void> {
  const ids = rows.allKnown()
  const shapes = new Uint32Array(ids.length)
  const abouts = new Uint32Array(ids.length)
  const bounded = new Uint32Array(ids.length)
  const [aboutNumbers, boundsNumbers] = [new Numbering(), new Numbering()]
  boundsNumbers.of(0)
  let total = 0
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!
    total += rows.size(id)
    const state = (rows.isActive(id) ? ACTIVE : 0) | (rows.wasAsked(id) ? ASKED : 0)
    shapes[i] = rows.size(id) | (rows.kind(id) << KIND_SHIFT) | state
    abouts[i] = aboutNumbers.of(rows.about(id))
    bounded[i] = boundsNumbers.of(rows.bounds(id))
    if (i % PAUSE === 0) yield
  }
  const set = new Uint32Array(total)
  let at = 0
  for (let i = 0; i < ids.length; i++) {
    const end = at + rows.size(ids[i]!)
    sets.read(rows.set(ids[i]!), end - at, set, at)
    for (; at < end; at++) set[at] = numbers[set[at]!]!
    if (i % PAUSE === 0) yield
  }
  writer.varint(aboutNumbers.order.length)
  for (const about of aboutNumbers.order) writeAbout(writer, metrics.about(about))
  writer.varint(boundsNumbers.order.length)
  for (const id of boundsNumbers.order) {
    writer.varint(bounds.of(id).length)
    writer.column(bounds.of(id))
  }
  writer.varint(rows.length)
  writer.varint(ids.length)
  for (const column of [ids, shapes, abouts, bounded]) writer.column(column)
  writer.varint(total)
  writer.column(set)
}

/** Into empty parts. Throws `ServiceError('bad_data')`. */
export function loadSeries(parts: SeriesParts, reader: ByteReader): void {
  const version = reader.u8()
  if (version !== VERSION) {
    throw new ServiceError('bad_data', `series have format ${version}; this version reads format ${VERSION}`)
  }
  loadPairs(parts, reader)
  loadMetrics(parts, reader)
  loadRows(parts, reader)
  for (const [, { name, series }] of parts.metrics.all()) {
    if (series === 0) throw damaged(`metric ${JSON.stringify(name)} has no series`)
  }
}

function loadPairs({ pairs, postings }: SeriesParts, reader: ByteReader): void {
  const names = Array.from({ length: reader.count(1) }, () => pairs.names.intern(reader.text()))
  const count = reader.count(8)
  const nameColumn = reader.integers(count)
  const sizes = reader.integers(count)
  const bytes = reader.raw(sizes.reduce((sum, size) => sum + size, 0))
  pairs.reserve(count)
  postings.reserve(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    const name = names[nameColumn[i]!]
    if (name === undefined) throw damaged('a label has no name')
    pairs.internBytes(name, bytes, at, sizes[i]!)
    at += sizes[i]!
  }
}

function loadMetrics({ metrics, pairs }: SeriesParts, reader: ByteReader): void {
  for (let left = reader.count(4); left > 0; left--) {
    const pair = reader.varint() - 1
    if (pair >= pairs.length) throw damaged('a metric has no name')
    metrics.intern(pair, pair === NONE ? '' : pairs.value(pair), readAbout(reader))
  }
}

interface Columns {
  readonly ids: Uint32Array
  readonly shapes: Uint32Array
  readonly abouts: Uint32Array
  readonly bounded: Uint32Array
  readonly set: Uint32Array
}

function loadRows(parts: SeriesParts, reader: ByteReader): void {
  const abouts = Array.from({ length: reader.count(3) }, () => readAbout(reader))
  const bounds = Array.from({ length: reader.count(1) }, () => reader.floats(reader.count(8)))
  const length = reader.varint()
  const count = reader.count(16)
  const [ids, shapes, aboutColumn, bounded] = Array.from({ length: 4 }, () => reader.integers(count))
  const set = reader.integers(reader.count(4))
  const columns = { ids: ids!, shapes: shapes!, abouts: aboutColumn!, bounded: bounded!, set }
  check(columns, { pairs: parts.pairs.length, abouts: abouts.length, bounds: bounds.length, length })
  const names = new Map<number, readonly number[]>()
  let at = 0
  parts.sets.reserve(count)
  for (let i = 0; i < count; i++) {
    const size = columns.shapes[i]! & ROW_LABELS_MAX
    putRow(parts, columns, i, { pairs: set.subarray(at, at + size), abouts, bounds, names })
    at += size
  }
  parts.rows.skipTo(length)
}

/** Every number must be one that there is. */
function check(
  { ids, shapes, abouts, bounded, set }: Columns,
  there: { readonly pairs: number; readonly abouts: number; readonly bounds: number; readonly length: number },
): void {
  let total = 0
  for (let i = 0; i < ids.length; i++) {
    const kind = (shapes[i]! >>> KIND_SHIFT) & KIND_MASK
    if (kind >= KINDS.length) throw damaged(`a series is of kind ${kind}`)
    if (abouts[i]! >= there.abouts || bounded[i]! >= there.bounds) throw damaged('a series has no definition')
    if (i > 0 && ids[i]! <= ids[i - 1]!) throw damaged('series are out of order')
    total += shapes[i]! & ROW_LABELS_MAX
  }
  if (ids.length > 0 && !(ids.at(-1)! < there.length)) throw damaged('a series has no id')
  if (there.length > 0x7fffffff) throw damaged('there are too many ids')
  if (total !== set.length) throw damaged('label sets do not fit')
  for (const pair of set) if (pair >= there.pairs) throw damaged('a label set has no labels')
}

interface Saved {
  /** Those of the row. */
  readonly pairs: Uint32Array
  readonly abouts: readonly About[]
  readonly bounds: readonly Float64Array[]
  /** `namePairs` by metric and kind. */
  readonly names: Map<number, readonly number[]>
}

function putRow(parts: SeriesParts, columns: Columns, i: number, saved: Saved): void {
  const { rows, sets, metrics, postings } = parts
  const { pairs } = saved
  const id = columns.ids[i]!
  const kind = (columns.shapes[i]! >>> KIND_SHIFT) & KIND_MASK
  const bounds = saved.bounds[columns.bounded[i]!]!
  if (bounds.length !== (WIDTHS[kind] ?? bounds.length)) throw damaged('bounds do not fit the kind of a series')
  const shape = { size: pairs.length, kind, bounds: parts.bounds.use(bounds) }
  const set = sets.put(pairs, pairs.length)
  rows.put(id, { ...shape, set, about: metrics.use(saved.abouts[columns.abouts[i]!]!) })
  sets.add(hashOfSet(pairs, shape), id)
  const metricPair = metricPairIn(parts, pairs, pairs.length)
  const metric = metrics.metric(metricPair)
  if (metric === undefined) throw damaged('a series has no metric')
  metric.series++
  if ((columns.shapes[i]! & ASKED) !== 0) rows.setAsked(id, true)
  if ((columns.shapes[i]! & ACTIVE) !== 0) {
    rows.setActive(id, true)
    metric.active++
  }
  for (let k = 0; k < pairs.length; k++) {
    if (kind === FLOAT || pairs[k] !== metricPair) postings.add(pairs[k]!, id)
  }
  if (kind !== FLOAT) for (const pair of namesOf(parts, saved, metricPair, kind)) postings.add(pair, id)
}

function namesOf(parts: SeriesParts, { names }: Saved, metricPair: number, kind: number): readonly number[] {
  const key = metricPair * KINDS.length + kind
  let pairs = names.get(key)
  if (pairs === undefined) names.set(key, (pairs = namePairs(parts, metricPair, kind)))
  return pairs
}

function damaged(what: string): ServiceError {
  return new ServiceError('bad_data', `the snapshot of the series is damaged: ${what}`)
}
