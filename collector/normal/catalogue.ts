import { METRIC_NAME, type SeriesId } from '#core/series.ts'
import { grown } from '#core/store/grow.ts'

import { type Naming, NAMINGS, USUAL } from '../naming/names.ts'
import { AliasTable } from '../wire/alias-table.ts'
import { PointKernel } from '../wire/point-kernel.ts'
import type { Points } from '../wire/points.ts'
import type { MetricHeader, Wire } from '../wire/wire.ts'
import { ExponentialTotals } from './exponential-totals.ts'
import { type ResourceLabels, resourceLabels, scopeLabels } from './resource.ts'
import { RollCall } from './roll-call.ts'
import { translate, type Translated } from './translation.ts'

/** Not resolved, or of more than one series. */
export const NO_SERIES = -1
/** In the place of a start: it means nothing, as that of gauges, whose senders may move it. */
export const ANY_START = -1
/** In its place, where every point needs looking at: no start is the same. */
export const NO_START = NaN
/** No point has so many counts. */
const NO_WIDTH = -1

export interface KnownMetric extends Translated {
  readonly resource: ResourceLabels
  readonly data: MetricHeader['data']
}

export interface CatalogueOptions {
  /** Of hashes: unknown to senders. Default 0. */
  readonly seed?: number
  /** Default: time stands still. */
  readonly now_ms?: () => number
  /** `otlp.promote_scope_metadata`. Default false. */
  readonly scopes?: boolean
  /** Points are read by a kernel, where there can be one: of an encoding that it knows. Default false. */
  readonly kernel?: boolean
  /** Default `USUAL`. */
  readonly naming?: Naming
}

/** Fewer entries of series that have ended are not worth learning the others again. */
const ENDED_MIN = 10_000
/** What an entry costs beside its key, roughly, in bytes. */
const ENTRY_BYTES = 600

/**
 * Answers found before, for one encoding: senders repeat themselves, so of most points only the bytes of their attributes
 * are looked at. What is kept never changes an answer, and all of it goes when it grows beyond the limit.
 */
export class Catalogue {
  readonly wire: Wire
  /** Scopes are labels: those who read ask for the number of each, by `scope`. */
  readonly scopes: boolean
  readonly naming: Naming
  readonly #seed: number
  #resourceAliases!: AliasTable
  #scopeAliases!: AliasTable
  #metricAliases!: AliasTable
  /** It holds what `points` and `rows` know. */
  readonly kernel: PointKernel | undefined
  /** Attributes in the context of a metric. */
  points!: AliasTable
  /** Bounds in the context of a point's alias. */
  rows!: AliasTable
  readonly #resources: ResourceLabels[] = []
  readonly #resourceOf: number[] = []
  readonly #scopeOf: number[] = []
  readonly #metrics: KnownMetric[] = []
  readonly #metricOf: number[] = []
  #guessAliases!: AliasTable
  readonly #guesses: number[] = []
  /** Points of series that have ended since all was cleared. */
  #ended = 0
  readonly #roll: RollCall
  /** By alias of a point: the series of its numbers, unless it counts deltas. */
  series = new Int32Array(1024)
  /** By alias of a point: the row of its histogram that was seen last. */
  lastRow = new Int32Array(1024)
  /** By alias of a point: its start, where that needs no looking at (`StartTimes.isKnown`), or `ANY_START`, or `NO_START`; 0 of none, and of one that does. */
  start_ms = new Float64Array(1024)
  /** By alias of bounds: the row, and how many counts its samples have. */
  rowSeries = new Int32Array(64)
  rowWidth = new Int32Array(64)
  /** Series by alias of a point and part: of summaries and exponential histograms. */
  readonly parts = new Map<number, Map<string, SeriesId>>()
  /** What exponential histograms of deltas have counted. */
  readonly totals = new ExponentialTotals()

  constructor(wire: Wire, options: CatalogueOptions = {}) {
    const { seed = 0, now_ms = (): number => 0, scopes = false, naming = NAMINGS[USUAL], kernel = false } = options
    this.wire = wire
    this.scopes = scopes
    this.naming = naming
    this.#seed = seed
    this.kernel = kernel ? PointKernel.begin() : undefined
    this.#roll = new RollCall(now_ms)
    this.clear()
  }

  get bytes(): number {
    const owners = this.#resourceAliases.bytes + this.#scopeAliases.bytes
    const heads = owners + this.#metricAliases.bytes + this.#guessAliases.bytes
    const objects = this.#resources.length + this.#metrics.length + this.parts.size + this.totals.aliases
    return heads + this.points.bytes + this.rows.bytes + objects * ENTRY_BYTES
  }

  clear(): void {
    this.#ended = 0
    this.#roll.clear()
    this.#resourceAliases = new AliasTable(this.#seed)
    this.#scopeAliases = new AliasTable(this.#seed)
    this.#metricAliases = new AliasTable(this.#seed)
    this.#guessAliases = new AliasTable(this.#seed)
    this.kernel?.clear()
    this.points = new AliasTable(this.#seed, this.kernel?.points)
    this.rows = new AliasTable(this.#seed, this.kernel?.rows)
    for (const list of [this.#resources, this.#resourceOf, this.#scopeOf, this.#metrics, this.#metricOf, this.#guesses])
      list.length = 0
    this.parts.clear()
    this.totals.clear()
    this.infos.length = 0
  }

  /** Forgets series that have ended: their points are resolved again when they come. Where most have, all is learned again. */
  forgetEnded(isLive: (id: SeriesId) => boolean): void {
    const { series, lastRow, rowSeries, rowWidth } = this
    for (let alias = 0; alias < this.points.length; alias++) {
      const had = series[alias] !== NO_SERIES || lastRow[alias] !== NO_SERIES
      if (series[alias] !== NO_SERIES && !isLive(series[alias]!)) series[alias] = NO_SERIES
      if (lastRow[alias] !== NO_SERIES && !isLive(lastRow[alias]!)) lastRow[alias] = NO_SERIES
      if (had && series[alias] === NO_SERIES && lastRow[alias] === NO_SERIES) this.#ended++
    }
    if (this.#ended > ENDED_MIN && this.#ended * 2 > this.points.length) return this.clear()
    for (let alias = 0; alias < this.rows.length; alias++) {
      if (!isLive(rowSeries[alias]!)) rowWidth[alias] = NO_WIDTH
    }
    for (const [resource, id] of this.infos.entries()) if (!isLive(id)) this.infos[resource] = NO_SERIES
    for (const [alias, parts] of this.parts) {
      for (const [key, id] of parts) if (!isLive(id)) parts.delete(key)
      if (parts.size === 0) this.parts.delete(alias)
    }
  }

  /** Where most is of points that are not sent any more, all is learned again. Between two requests. */
  forgetGone(): void {
    if (this.#roll.mostAreGone(this.points.length)) this.clear()
  }

  /** These points are still sent. */
  sent({ numbers, histograms, exponentials, summaries }: Points): void {
    const roll = this.#roll
    if (!roll.isOn) return
    for (const { length, code } of [numbers, histograms]) for (let i = 0; i < length; i++) roll.came(code[i]!)
    for (const { code } of exponentials) roll.came(code)
    for (const { code } of summaries) roll.came(code)
  }

  /** By number of a resource: the series of its `target_info`. */
  readonly infos: SeriesId[] = []

  resourceLabels(resource: number): ResourceLabels {
    return this.#resources[resource]!
  }

  knownMetric(metric: number): KnownMetric {
    return this.#metrics[metric]!
  }

  /** The number of a resource. Throws `ServiceError('bad_data')` where it is new and cannot be read. */
  resource(view: DataView, start: number, end: number): number {
    const known = this.#resourceAliases.find(view, start, end, 0)
    if (known >= 0) return this.#resourceOf[known]!
    const number = this.#resources.push(resourceLabels(this.wire.resource(bytesOf(view, start, end)), this.naming)) - 1
    this.infos.push(NO_SERIES)
    const alias = this.#resourceAliases.add(view, start, end, 0)
    if (alias >= 0) this.#resourceOf[alias] = number
    return number
  }

  /**
   * The number of a resource as one of its scopes has it, by the bytes of what says who the scope is. Throws as `resource` does.
   */
  scope(view: DataView, start: number, end: number, resource: number): number {
    const known = this.#scopeAliases.find(view, start, end, resource)
    if (known >= 0) return this.#scopeOf[known]!
    const scope = scopeLabels(this.wire.scope(bytesOf(view, start, end)), this.naming)
    const number = this.#resources.push({ ...this.#resources[resource]!, scope }) - 1
    this.infos.push(NO_SERIES)
    const alias = this.#scopeAliases.add(view, start, end, resource)
    if (alias >= 0) this.#scopeOf[alias] = number
    return number
  }

  /** The number of a metric: `context` holds its resource and kind, the bytes the rest of its head; -1 where it is new. */
  findMetric(view: DataView, start: number, end: number, context: number): number {
    const known = this.#metricAliases.find(view, start, end, context)
    return known < 0 ? known : this.#metricOf[known]!
  }

  /** The number of a metric that is new. */
  addMetric(
    view: DataView,
    start: number,
    end: number,
    context: number,
    { resource, header }: { readonly resource: number; readonly header: MetricHeader },
  ): number {
    const metric = { ...translate(header, this.naming), data: header.data, resource: this.#resources[resource]! }
    const number = this.#metrics.push(metric) - 1
    const alias = this.#metricAliases.add(view, start, end, context)
    if (alias >= 0) this.#metricOf[alias] = number
    return number
  }

  /** The number of a metric; `read` reads the rest of its head when it is new. */
  metric(
    view: DataView,
    start: number,
    end: number,
    context: number,
    read: () => { readonly resource: number; readonly header: MetricHeader },
  ): number {
    const known = this.findMetric(view, start, end, context)
    return known < 0 ? this.addMetric(view, start, end, context, read()) : known
  }

  /** What was last learned of a metric's head in a context; 0 before anything was. */
  guessOf(view: DataView, start: number, end: number, context: number): number {
    const alias = this.#guessAliases.find(view, start, end, context)
    return alias < 0 ? 0 : this.#guesses[alias]!
  }

  learn(view: DataView, start: number, end: number, context: number, guess: number): void {
    const known = this.#guessAliases.find(view, start, end, context)
    const alias = known < 0 ? this.#guessAliases.add(view, start, end, context) : known
    if (alias >= 0) this.#guesses[alias] = guess
  }

  /** Keeps attributes that were seen for the first time; -1 where they are too long to be kept. */
  addPoint(view: DataView, start: number, end: number, metric: number): number {
    const alias = this.points.add(view, start, end, metric)
    if (alias < 0) return alias
    this.series = grown(this.series, alias + 1)
    this.lastRow = grown(this.lastRow, alias + 1)
    this.start_ms = grown(this.start_ms, alias + 1)
    this.start_ms[alias] = 0
    this.series[alias] = NO_SERIES
    this.lastRow[alias] = NO_SERIES
    return alias
  }

  /** Keeps the bounds of a point's alias. */
  addRow(
    bounds: { readonly view: DataView; readonly from: number; readonly to: number },
    point: number,
    row: { readonly series: SeriesId; readonly width: number },
  ): void {
    const known = this.rows.find(bounds.view, bounds.from, bounds.to, point)
    const alias = known >= 0 ? known : this.rows.add(bounds.view, bounds.from, bounds.to, point)
    if (alias < 0) return
    this.rowSeries = grown(this.rowSeries, alias + 1)
    this.rowWidth = grown(this.rowWidth, alias + 1)
    this.rowSeries[alias] = row.series
    this.rowWidth[alias] = row.width
  }

  partsOf(alias: number): Map<string, SeriesId> {
    let parts = this.parts.get(alias)
    if (parts === undefined) this.parts.set(alias, (parts = new Map()))
    return parts
  }
}

export function bytesOf(view: DataView, start: number, end: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, end - start)
}

/** Labels of a point: its own, those of the resource that it lacks, target, scope and name above all. */
export function withTarget(own: Map<string, string>, resource: ResourceLabels, name: string): Map<string, string> {
  const labels = new Map(own)
  for (const [label, value] of resource.promoted) if (!labels.get(label)) labels.set(label, value)
  for (const [label, value] of resource.target) labels.set(label, value)
  for (const [label, value] of resource.scope) labels.set(label, value)
  labels.set(METRIC_NAME, name)
  return labels
}
