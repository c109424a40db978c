/** What one query may cost. Reaching a limit is an `execution` error that says which (`bad_data` for the text's own). */
export interface QueryLimits {
  /** Samples read plus values computed, over all operators. */
  readonly samples: number
  /** Series that one selector may find, or one operator may make. */
  readonly series: number
  /** Steps of a range query or of a subquery. */
  readonly steps: number
  /** Bytes that all queries together may hold while they are evaluated. */
  readonly memory: number
  /** Characters of a label value that a query makes. */
  readonly label: number
  /** Characters of an expression. */
  readonly expression: number
  /** How deep an expression may nest. */
  readonly depth: number
  /** Characters of a regular expression. */
  readonly regex: number
}

export const DEFAULT_LIMITS: QueryLimits = {
  samples: 50_000_000,
  series: 200_000,
  steps: 100_000,
  memory: 2 ** 30,
  label: 2 ** 16,
  expression: 100_000,
  depth: 500,
  regex: 4096,
}
