import type { Matcher } from '#core/ports/series-reader.ts'

/** Offsets into the source, `to` exclusive. */
export interface Span {
  readonly from: number
  readonly to: number
}

export type ValueType = 'vector' | 'matrix' | 'scalar' | 'string'

/** The types as Prometheus' documentation and error texts call them. */
export const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  vector: 'instant vector',
  matrix: 'range vector',
  scalar: 'scalar',
  string: 'string',
}

export interface NumberLiteral extends Span {
  readonly kind: 'number'
  readonly value: number
  /** Written as `5m`, which is 300. */
  readonly duration?: boolean
}

export interface StringLiteral extends Span {
  readonly kind: 'string'
  readonly value: string
}

/** Where in time a selector or subquery looks: `@` (ms, or an end of the query) first, then `offset` further back. */
export interface TimeShift {
  readonly offset_ms: number
  /** Where it is more than one duration, how it is written: `step() * 2`. */
  readonly offset_as?: string | undefined
  readonly at: number | 'start' | 'end' | null
}

export const NO_SHIFT: TimeShift = { offset_ms: 0, at: null }

/** Values between samples: `anchored` the last before, `smoothed` on the line between both. */
export type Edges = 'anchored' | 'smoothed'

export interface VectorSelector extends Span, TimeShift {
  readonly kind: 'selector'
  readonly matchers: readonly Matcher[]
  readonly edges?: Edges
}

export interface MatrixSelector extends Span {
  readonly kind: 'matrix'
  readonly selector: VectorSelector
  readonly range_ms: number
  readonly range_as?: string | undefined
}

export interface Subquery extends Span, TimeShift {
  readonly kind: 'subquery'
  readonly inner: Expr
  readonly range_ms: number
  readonly range_as?: string | undefined
  /** 0: the engine's default. */
  readonly step_ms: number
  readonly step_as?: string | undefined
}

export interface Paren extends Span {
  readonly kind: 'paren'
  readonly inner: Expr
}

export interface Unary extends Span {
  readonly kind: 'unary'
  readonly op: '+' | '-'
  readonly inner: Expr
}

export const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'] as const
export const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='] as const
export const SET_OPERATORS = ['and', 'or', 'unless'] as const

/** Of histograms, what is below or above a value. */
export const TRIMS = ['</', '>/'] as const

export type Arithmetic = (typeof ARITHMETIC)[number]
export type Comparison = (typeof COMPARISONS)[number]
export type SetOperator = (typeof SET_OPERATORS)[number]
export type Trim = (typeof TRIMS)[number]
export type BinaryOperator = Arithmetic | Trim | Comparison | SetOperator

/** How the elements of two vectors find each other. */
export interface Matching {
  /** `on`: by these labels alone; otherwise by all but these and the metric name. */
  readonly on: boolean
  readonly labels: readonly string[]
  readonly group: 'left' | 'right' | null
  /** Labels copied from the one side. */
  readonly include: readonly string[]
  readonly fill: Fill
}

/** What stands for elements that one side does not have (`fill`, `fill_left`, `fill_right`); null: nothing, there is no result. */
export interface Fill {
  readonly left: number | null
  readonly right: number | null
}

export interface Binary extends Span {
  readonly kind: 'binary'
  readonly op: BinaryOperator
  readonly left: Expr
  readonly right: Expr
  /** Where the operator stands. */
  readonly opFrom: number
  readonly bool: boolean
  readonly matching: Matching
}

export interface Aggregate extends Span {
  readonly kind: 'aggregate'
  readonly op: string
  readonly inner: Expr
  readonly parameter: Expr | null
  readonly without: boolean
  readonly labels: readonly string[]
}

export interface Call extends Span {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly Expr[]
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Paren
  | Unary
  | Binary
  | Aggregate
  | Call

/** The direct parts of an expression, in order of the source. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return []
    case 'matrix':
      return [expr.selector]
    case 'subquery':
    case 'paren':
    case 'unary':
      return [expr.inner]
    case 'binary':
      return [expr.left, expr.right]
    case 'aggregate':
      return expr.parameter === null ? [expr.inner] : [expr.parameter, expr.inner]
    case 'call':
      break
  }
  return expr.args
}

/** The expression inside any number of parentheses. */
export function unwrapped(expr: Expr): Expr {
  return expr.kind === 'paren' ? unwrapped(expr.inner) : expr
}
