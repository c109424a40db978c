import type { Labels } from '#core/series.ts'

import type { Histogram } from '../native/histogram.ts'
import type { QueryArrays } from './arrays.ts'
import type { EdgeOptions } from './edges.ts'

/** By step or sample; undefined where there is a float, or nothing. */
export type Histograms = readonly (Histogram | undefined)[]

/** The times at which an expression is evaluated: `start_ms + i * step_ms` for `i < count`. */
export interface Grid {
  readonly start_ms: number
  readonly step_ms: number
  readonly count: number
}

/** One series over a grid: `has[i]` is 1 where it has a value at step `i`. */
export interface Column {
  readonly labels: Labels
  readonly value: Float64Array
  readonly has: Uint8Array
  /** Native histograms by step, where the series has any: the value of such a step means nothing. */
  readonly histograms?: Histograms | undefined
  /** The metric name is no longer meant: it is taken off when the result is made (delayed name removal). */
  readonly nameless: boolean
}

export interface VectorValue {
  readonly kind: 'vector'
  readonly columns: readonly Column[]
  /** The order of columns is meant (`sort`, `topk`). */
  readonly ordered: boolean
}

export interface ScalarValue {
  readonly kind: 'scalar'
  /** One value a step. */
  readonly value: Float64Array
}

export interface StringValue {
  readonly kind: 'string'
  readonly value: string
}

/** Samples of one series, ascending, stale markers left out. */
export interface Samples {
  readonly labels: Labels
  readonly time_ms: Float64Array
  readonly value: Float64Array
  /** As in a slice. */
  readonly weight?: Float64Array | undefined
  /** As in a column, by sample. */
  readonly histograms?: Histograms | undefined
  readonly nameless: boolean
}

/** A range vector: at step `i` the samples of each series in `(end_ms[i] - range_ms, end_ms[i]]`. */
export interface MatrixValue {
  readonly kind: 'matrix'
  /** Once; the arrays of a batch only last until the next. */
  readonly batches: AsyncIterable<readonly Samples[]>
  readonly end_ms: Float64Array
  readonly range_ms: number
  /** What its samples are made of holds so much. */
  readonly held_bytes: number
  /** The windows also have a value at both ends, from samples that may lie outside. */
  readonly edges?: EdgeOptions
}

export type Value = VectorValue | ScalarValue | StringValue | MatrixValue

export function vector(columns: readonly Column[], ordered = false): VectorValue {
  return { kind: 'vector', columns, ordered }
}

/** A column without values yet. */
export function emptyColumn(arrays: QueryArrays, labels: Labels, steps: number, nameless = false): Column {
  return { labels, value: arrays.numbers(steps), has: arrays.flags(steps), nameless }
}

const ONE_STEP = Uint8Array.of(1)

/** A column of one step that has a value there: such columns share what says so. */
export function oneStep(arrays: QueryArrays, labels: Labels, of: number, nameless = false): Column {
  const value = arrays.numbers(1)
  value[0] = of
  return { labels, value, has: ONE_STEP, nameless }
}

/** A column that may hold histograms, without values yet. */
export interface MixedColumn extends Column {
  readonly histograms: (Histogram | undefined)[]
}

export function emptyMixed(arrays: QueryArrays, labels: Labels, steps: number, nameless = false): MixedColumn {
  const column = emptyColumn(arrays, labels, steps, nameless)
  return { ...column, histograms: Array.from({ length: steps }) }
}

/** Sets what a column has at a step; undefined leaves it as it is. */
export function setElement(
  { value, has, histograms }: MixedColumn,
  step: number,
  element: number | Histogram | undefined,
): void {
  if (element === undefined) return
  has[step] = 1
  if (typeof element === 'number') value[step] = element
  else histograms[step] = element
}

/** The floats of a column: itself where it has no histograms. */
export function floatsOf(column: Column): Column {
  const { histograms } = column
  if (histograms === undefined) return column
  const has = column.has.map((there, i) => (histograms[i] === undefined ? there : 0))
  return { ...column, has, histograms: undefined }
}

/** Elements with their floats only; those without any are left out. */
export function floatColumns(columns: readonly Column[]): readonly Column[] {
  if (!columns.some(({ histograms }) => histograms !== undefined)) return columns
  return columns.map(floatsOf).filter((column) => !isEmpty(column))
}

export function isEmpty({ has }: Column): boolean {
  return !isMarked(has)
}

export function isFull(has: Uint8Array): boolean {
  for (let i = 0; i < has.length; i++) if (has[i] === 0) return false
  return true
}

/** Whether any flag is set. Mostly one of the first is, or there are few: a call of the runtime costs more than to look. */
export function isMarked(all: Uint8Array): boolean {
  for (let i = 0; i < all.length; i++) if (all[i] === 1) return true
  return false
}

/** The time of each step. */
export function timesOf(grid: Grid): Float64Array {
  const times = new Float64Array(grid.count)
  for (let i = 0; i < grid.count; i++) times[i] = grid.start_ms + i * grid.step_ms
  return times
}
