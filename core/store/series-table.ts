import { assert } from '../assert.ts'
import { type Log, silentLog } from '../ports/log.ts'
import type { Counter } from '../ports/meter.ts'
import type { MetricMetadata } from '../ports/series-reader.ts'
import { Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '../series.ts'
import type { Steps } from '../steps.ts'
import { Admission } from './admission.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { EndedSeries } from './ended-series.ts'
import { partNames } from './histogram-row.ts'
import { IdCache } from './id-cache.ts'
import { LabelIndex } from './label-index.ts'
import { NONE } from './label-names.ts'
import { hashOfSet, type SetShape } from './label-sets.ts'
import type { StoreLimits } from './limits.ts'
import type { LiveSeries } from './live-series.ts'
import type { About, Metric } from './metric-table.ts'
import { RowOrder } from './row-order.ts'
import { emptyParts, metricPairIn, namePairs } from './series-parts.ts'
import { FLOAT, HISTOGRAM, KINDS } from './series-rows.ts'
import { loadSeries, saveSeries } from './series-snapshot.ts'

/** Definitions that were asked for last, about 0.2 KB each; and label sets: 0.15 KB, with their canonical text as much again. */
const DEFINITION_BITS = 13
const LABELS_BITS = 15
/** Pairs that are looked at in one step. */
const STEP = 2 ** 12
/** Series that are removed together. */
const REMOVED_AT_ONCE = 2 ** 10
/** In place of the pair of one metric. */
const ALL = -2

/**
 * Who the series are: ids by label set, kind and bounds, definitions by id, the label index, limits. Ids count from 0, and
 * none is given twice. A series that has ended is found by its definition for a while, then it is gone.
 */
export class SeriesTable {
  readonly #parts = emptyParts()
  readonly #index = new LabelIndex(this.#parts)
  readonly #admission: Admission
  readonly #live: LiveSeries | undefined
  readonly #ended = new EndedSeries()
  readonly #order = new RowOrder(this.#parts)
  readonly #labels = new IdCache(LABELS_BITS, (id) => this.#makeLabels(id))
  readonly #definitions = new IdCache(DEFINITION_BITS, (id) => this.#make(id))
  /** Pairs of the label set that was looked at last. */
  #set = new Uint32Array(64)
  #generation = 0
  #changes = 0
  #version: object = {}

  /** `refused` counts points whose new series a limit refuses; the first of each limit is logged. `live`: not given, all are. */
  constructor(limits: StoreLimits, refused: Counter, log: Log = silentLog, live?: LiveSeries) {
    this.#live = live
    this.#admission = new Admission(limits, refused, log)
  }

  /** Ids given so far, those of series that are gone included. */
  get length(): number {
    return this.#parts.rows.length
  }

  /** Series there are, whether they count or have ended. */
  get known(): number {
    return this.#parts.rows.known
  }

  /** Of these, those that count. */
  get active(): number {
    return this.#parts.rows.active
  }

  /**
   * Grows when series that have ended are about to go: who keeps ids from call to call resolves those again then that are not
   * active, before he uses them. Ids from before are good for `IN_FLIGHT` more batches.
   */
  get generation(): number {
    return this.#generation
  }

  /** Grows when a series begins to count or does so no more: selectors find others then. */
  get changes(): number {
    return this.#changes
  }

  /** Bytes held. */
  get bytes(): number {
    const { blocks, pairs, postings, sets, rows } = this.#parts
    return blocks.bytes + pairs.bytes + postings.bytes + sets.bytes + rows.bytes
  }

  /** How much is held of what series share: nothing of it outlives its last series. */
  get held(): Readonly<Record<'names' | 'pairs' | 'metrics' | 'abouts' | 'bounds' | 'block_bytes', number>> {
    const { blocks, pairs, metrics, bounds } = this.#parts
    return {
      names: pairs.names.count,
      pairs: pairs.count,
      metrics: metrics.count,
      abouts: metrics.abouts,
      bounds: bounds.count,
      block_bytes: blocks.held,
    }
  }

  get index(): LabelIndex {
    return this.#index
  }

  /** Whether an id belongs to a series that is not gone. */
  has(id: SeriesId): boolean {
    return this.#parts.rows.has(id)
  }

  /** Whether any id from `from` to before `to`, both at the beginning of 256, belongs to one. */
  hasAny(from: SeriesId, to: SeriesId): boolean {
    return this.#parts.rows.hasAny(from, to)
  }

  /** The id of a known series. */
  find({ labels, kind, bounds }: SeriesDefinition): SeriesId | undefined {
    const { sets, rows } = this.#parts
    if (!this.#findPairs(labels)) return undefined
    const shape = { size: labels.size, kind: KINDS.indexOf(kind), bounds: 0 }
    if (shape.kind !== FLOAT) {
      shape.bounds = this.#parts.bounds.find(bounds)
      if (shape.bounds === NONE) return undefined
    }
    const id = sets.find(hashOfSet(this.#set, shape), this.#set, shape, rows)
    if (id === NONE) return undefined
    if (!rows.isActive(id)) {
      this.#version = {}
      rows.setAsked(id, true)
    }
    return id
  }

  /** A new series. Throws `ServiceError('too_large')` with the name of the limit that refuses it. */
  add(definition: SeriesDefinition): SeriesId {
    const { rows } = this.#parts
    const pair = this.#metricPair(definition.labels.name)
    this.#live?.heard()
    this.#admission.admit(definition, {
      kept: rows.active,
      silent: () => this.#live?.silent(ALL, () => rows.allActive()) ?? 0,
      keptOfMetric: () => this.#parts.metrics.metric(pair)?.active ?? 0,
      silentOfMetric: () => this.#live?.silent(pair, () => this.#activeOf(pair)) ?? 0,
    })
    return this.restore(definition, true)
  }

  /** A series without asking limits: it was admitted before. */
  restore(definition: SeriesDefinition, active: boolean): SeriesId {
    const { sets, rows, bounds, metrics, postings } = this.#parts
    const { labels } = definition
    const kind = KINDS.indexOf(definition.kind)
    this.#version = {}
    this.#internPairs(labels)
    const shape = { size: labels.size, kind, bounds: kind === FLOAT ? 0 : bounds.use(definition.bounds) }
    const set = sets.put(this.#set, shape.size)
    const id = rows.add({ ...shape, set, about: metrics.use(definition) })
    sets.add(hashOfSet(this.#set, shape), id)
    const metricPair = metricPairIn(this.#parts, this.#set, shape.size)
    metrics.intern(metricPair, labels.name, definition).series++
    if (kind === FLOAT) for (let i = 0; i < shape.size; i++) postings.add(this.#set[i]!, id)
    else for (const pair of this.#indexed(metricPair, shape)) postings.add(pair, id)
    if (active) this.activate(id)
    else this.#ended.add(id)
    return id
  }

  /** The next id, which is that of no series: for a snapshot whose series there is gone. */
  skip(): SeriesId {
    const { rows } = this.#parts
    this.#version = {}
    rows.skipTo(rows.length + 1)
    return rows.length - 1
  }

  /** Made when asked for; the last few are remembered. */
  definition(id: SeriesId): SeriesDefinition {
    return this.#definitions.get(id)
  }

  /** The labels alone, as `definition` has them. */
  labels(id: SeriesId): Labels {
    return this.#labels.get(id)
  }

  /** These series in order of their label sets, in steps: those that are gone before it has looked at them stand anywhere. */
  ordering(ids: Uint32Array): Steps<Uint32Array> {
    return this.#order.ordering(ids)
  }

  /** The kind alone, without making the definition. */
  kind(id: SeriesId): SeriesDefinition['kind'] {
    return KINDS[this.#parts.rows.kind(id)]!
  }

  /** The same text for series of one metric, kind and bounds. */
  family(id: SeriesId): string {
    const { rows } = this.#parts
    this.#readSet(id)
    return `${metricPairIn(this.#parts, this.#set, rows.size(id))} ${rows.kind(id)} ${rows.bounds(id)}`
  }

  /** The value of a label, '' where it is absent. */
  label(id: SeriesId, name: string): string {
    const pair = this.#pairOf(id, this.#parts.pairs.names.find(name))
    return pair === NONE ? '' : this.#parts.pairs.texts(pair)[1]
  }

  /** Names of labels in the label sets of these series. */
  labelNames(ids: readonly SeriesId[]): string[] {
    const { names } = this.#parts.pairs
    const seen = new Uint8Array(names.length)
    for (const id of ids) {
      this.#readSet(id)
      const size = this.#parts.rows.size(id)
      for (let i = 0; i < size; i++) seen[this.#parts.pairs.nameOf(this.#set[i]!)] = 1
    }
    return Array.from(names.all()).flatMap((name) => (seen[name] === 1 ? [names.text(name)] : []))
  }

  /** Values of a label in the label sets of these series. */
  labelValuesOf(name: string, ids: readonly SeriesId[]): string[] {
    const { pairs } = this.#parts
    const found = new Set<number>()
    const wanted = pairs.names.find(name)
    for (const id of ids) found.add(this.#pairOf(id, wanted))
    found.delete(NONE)
    return Array.from(found, (pair) => pairs.value(pair))
  }

  /** Values of a label that some active series has for which `counts`, in steps. */
  *labelValues(name: string, counts: (id: SeriesId) => boolean): Steps<string[]> {
    const { pairs, postings, rows } = this.#parts
    const values: string[] = []
    const wanted = pairs.names.find(name)
    const all = pairs.of(wanted)
    for (let i = 0; i < all.length; i++) {
      if (i % STEP === STEP - 1) yield
      const pair = all[i]!
      // One that is gone meanwhile may be of another name now.
      if (pairs.nameOf(pair) !== wanted || pairs.names.find(name) !== wanted) continue
      if (postings.rows(pair).some((id) => rows.isActive(id) && counts(id))) values.push(pairs.value(pair))
    }
    return values
  }

  /** Those that count, ascending. */
  actives(): Uint32Array {
    return this.#parts.rows.allActive()
  }

  isActive(id: SeriesId): boolean {
    return this.#parts.rows.isActive(id)
  }

  /** A series that has samples, or was just made: it is found, and counts against the limits. */
  activate(id: SeriesId): void {
    const { rows } = this.#parts
    assert(rows.has(id), `series ${id} is gone`)
    if (rows.isActive(id)) return
    this.#changes++
    this.#version = {}
    rows.setActive(id, true)
    rows.setAsked(id, false)
    this.#ended.delete(id)
    this.#metricOf(id).active++
  }

  /** A series that has no samples any more: it counts for nothing, and `settling` removes it when nobody asks for it. */
  retire(id: SeriesId): void {
    const { rows } = this.#parts
    if (!rows.isActive(id)) return
    this.#changes++
    this.#version = {}
    rows.setActive(id, false)
    this.#metricOf(id).active--
    this.#ended.add(id)
  }

  /** To be gone through once a batch that was stored: removes what ended long enough ago, and gives the ids that are gone, some at a time. */
  *settling(): Generator<readonly SeriesId[], void> {
    const { told, due } = this.#ended.settle()
    if (told) this.#generation++
    for (let from = 0; from < due.length; from += REMOVED_AT_ONCE) {
      yield due.slice(from, from + REMOVED_AT_ONCE).filter((id) => this.#leaves(id))
    }
  }

  /** Whether a series that is due is gone now: one that was asked for waits once more. */
  #leaves(id: SeriesId): boolean {
    const { rows } = this.#parts
    if (!rows.wasAsked(id)) {
      this.remove(id)
      return true
    }
    this.#version = {}
    rows.setAsked(id, false)
    this.#ended.add(id)
    return false
  }

  /** All about a series is forgotten; its id is not given again. */
  remove(id: SeriesId): void {
    const { sets, rows, bounds, metrics, postings } = this.#parts
    assert(rows.has(id), `series ${id} is gone`)
    this.retire(id)
    this.#version = {}
    this.#ended.delete(id)
    this.#definitions.forget(id)
    this.#labels.forget(id)
    const shape = { size: rows.size(id), kind: rows.kind(id), bounds: rows.bounds(id) }
    const set = rows.set(id)
    this.#readSet(id)
    const metricPair = metricPairIn(this.#parts, this.#set, shape.size)
    const indexed = this.#indexed(metricPair, shape)
    sets.remove(hashOfSet(this.#set, shape), id)
    sets.give(set, shape.size)
    bounds.leave(shape.bounds)
    metrics.drop(rows.about(id))
    metrics.leave(metricPair)
    rows.remove(id)
    for (const pair of indexed) if (postings.remove(pair, rows) === 0) this.#leave(pair)
    // The name of a histogram is not in the index.
    if (metricPair !== NONE && !indexed.includes(metricPair) && postings.size(metricPair) === 0) this.#leave(metricPair)
  }

  /** What is told of a metric beside its series. */
  describe(name: string, about: About): void {
    const pair = this.#metricPair(name)
    // A name that no pair has is not that of the series without one.
    if ((pair !== NONE || name === '') && this.#parts.metrics.describe(pair, about)) this.#version = {}
  }

  /** By metric name. */
  metadata(): MetricMetadata[] {
    return this.#parts.metrics.metadata()
  }

  /** Writes everything but which series have ended how long ago, pausing where it took a while. Format 1: see `series-snapshot.ts`. */
  saving(writer: ByteWriter): Generator<void, void> {
    return saveSeries(this.#parts, writer)
  }

  /** Another object whenever `saving` may write something else than before. */
  get version(): object {
    return this.#version
  }

  /** What comes behind that. */
  saveEnded(writer: ByteWriter): void {
    this.#ended.save(writer)
  }

  /** Into an empty table. Throws `ServiceError('bad_data')` for another version, or bytes that are none. */
  load(reader: ByteReader): void {
    const { rows } = this.#parts
    assert(rows.length === 0, 'a table with series is loaded')
    this.#version = {}
    loadSeries(this.#parts, reader)
    this.#ended.load(reader, (id) => rows.has(id) && !rows.isActive(id))
  }

  #make(id: SeriesId): SeriesDefinition {
    const { rows, metrics, bounds } = this.#parts
    const labels = this.labels(id)
    const { type, unit, help } = metrics.about(rows.about(id))
    return { labels, type, unit, help, kind: this.kind(id), bounds: bounds.of(rows.bounds(id)) }
  }

  #makeLabels(id: SeriesId): Labels {
    const { rows, pairs } = this.#parts
    assert(rows.has(id), `series ${id} was never resolved, or is gone`)
    this.#readSet(id)
    const size = rows.size(id)
    // Of its length at once: it is kept, and growing would take twice as much.
    const texts: (readonly [string, string])[] = []
    texts.length = size
    for (let i = 0; i < size; i++) texts[i] = pairs.texts(this.#set[i]!)
    return Labels.sorted(texts)
  }

  /** Pairs under which a row is found: its labels, but of a histogram the names of its expansion. */
  #indexed(metricPair: number, { size, kind }: SetShape): readonly number[] {
    const own = Array.from(this.#set.subarray(0, size))
    if (kind === FLOAT) return own
    return [...own.filter((pair) => pair !== metricPair), ...namePairs(this.#parts, metricPair, kind)]
  }

  /** A pair that no row is found by is gone, unless it names a metric. */
  #leave(pair: number): void {
    const { pairs, metrics } = this.#parts
    if (metrics.metric(pair) === undefined) pairs.remove(pair)
  }

  #pairOf(id: SeriesId, name: number): number {
    const { rows, sets, pairs } = this.#parts
    return name === NONE ? NONE : sets.pairOf(rows.set(id), rows.size(id), pairs, name)
  }

  #readSet(id: SeriesId): void {
    const { rows, sets } = this.#parts
    this.#room(rows.size(id))
    sets.read(rows.set(id), rows.size(id), this.#set)
  }

  /** False where a pair is not known. */
  #findPairs(labels: Labels): boolean {
    const { pairs } = this.#parts
    this.#room(labels.size)
    let i = 0
    for (const [name, value] of labels) {
      const pair = pairs.find(pairs.names.find(name), value)
      if (pair === NONE) return false
      this.#set[i++] = pair
    }
    return true
  }

  #internPairs(labels: Labels): void {
    const { pairs } = this.#parts
    this.#room(labels.size)
    let i = 0
    for (const [name, value] of labels) this.#set[i++] = pairs.intern(pairs.names.intern(name), value)
  }

  #room(size: number): void {
    if (size > this.#set.length) this.#set = new Uint32Array(size)
  }

  #metricOf(id: SeriesId): Metric {
    this.#readSet(id)
    return this.#parts.metrics.metric(metricPairIn(this.#parts, this.#set, this.#parts.rows.size(id)))!
  }

  /** Series of a metric that count. A histogram is found by the names of its expansion. */
  *#activeOf(metricPair: number): Generator<SeriesId, void> {
    const { pairs, postings, rows } = this.#parts
    if (metricPair === NONE) return
    for (const id of postings.rows(metricPair)) if (rows.isActive(id) && rows.kind(id) !== HISTOGRAM) yield id
    const expanded = this.#metricPair(partNames(pairs.value(metricPair))[0])
    if (expanded === NONE) return
    for (const id of postings.rows(expanded)) if (rows.isActive(id) && rows.kind(id) === HISTOGRAM) yield id
  }

  #metricPair(name: string): number {
    const { pairs } = this.#parts
    return name === '' ? NONE : pairs.find(pairs.names.find(METRIC_NAME), name)
  }
}
