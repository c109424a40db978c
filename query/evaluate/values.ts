import type { Labels } from '#core/series.ts'
import { Slab } from '#core/slab.ts'

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
  readonly nameless: boolean
}

/** A range vector: at step `i` the samples of each series in `(end_ms[i] - range_ms, end_ms[i]]`. */
export interface MatrixValue {
  readonly kind: 'matrix'
  readonly series: readonly Samples[]
  readonly end_ms: Float64Array
  readonly range_ms: number
}

export type Value = VectorValue | ScalarValue | StringValue | MatrixValue

export function vector(columns: readonly Column[], ordered = false): VectorValue {
  return { kind: 'vector', columns, ordered }
}

const values = new Slab((length) => new Float64Array(length))
const flags = new Slab((length) => new Uint8Array(length))

/** A column without values yet. */
export function emptyColumn(labels: Labels, steps: number, nameless = false): Column {
  return { labels, value: values.take(steps), has: flags.take(steps), nameless }
}

export function isEmpty(column: Column): boolean {
  return !column.has.includes(1)
}

/** The time of each step. */
export function timesOf(grid: Grid): Float64Array {
  const times = new Float64Array(grid.count)
  for (let i = 0; i < grid.count; i++) times[i] = grid.start_ms + i * grid.step_ms
  return times
}
