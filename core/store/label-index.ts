import { METRIC_NAME } from '../series.ts'
import type { Test } from './matching.ts'

/** Row numbers in ascending order. */
type Posting = number[]

function positionIn(rows: readonly number[], row: number): number {
  // New rows come at the end.
  if (rows.length === 0 || rows.at(-1)! < row) return rows.length
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rows[middle]! < row) low = middle + 1
    else high = middle
  }
  return low
}

function insert(rows: number[], row: number): void {
  const at = positionIn(rows, row)
  if (rows[at] === row) return
  if (at === rows.length) rows.push(row)
  else rows.splice(at, 0, row)
}

function remove(rows: number[], row: number): void {
  const at = positionIn(rows, row)
  if (rows[at] === row) rows.splice(at, 1)
}

function intersect(rows: readonly number[], others: readonly number[]): number[] {
  const found: number[] = []
  let j = 0
  for (const row of rows) {
    while (j < others.length && others[j]! < row) j++
    if (others[j] === row) found.push(row)
  }
  return found
}

/** Which rows have which label. A row may have several names: a histogram has those of its expansion. */
export class LabelIndex {
  readonly #postings = new Map<string, Map<string, Posting>>()
  readonly #rows: Posting = []

  get size(): number {
    return this.#rows.length
  }

  add(row: number, pairs: Iterable<readonly [string, string]>): void {
    insert(this.#rows, row)
    for (const [name, value] of pairs) {
      let values = this.#postings.get(name)
      if (values === undefined) this.#postings.set(name, (values = new Map()))
      const rows = values.get(value)
      if (rows === undefined) values.set(value, [row])
      else insert(rows, row)
    }
  }

  remove(row: number, pairs: Iterable<readonly [string, string]>): void {
    remove(this.#rows, row)
    for (const [name, value] of pairs) {
      const values = this.#postings.get(name)
      const rows = values?.get(value)
      if (values === undefined || rows === undefined) continue
      remove(rows, row)
      if (rows.length === 0) values.delete(value)
      if (values.size === 0) this.#postings.delete(name)
    }
  }

  /**
   * Rows that may match, ascending. Exact but for two kinds of test, which the caller asks of each row: those on `skip`,
   * and those on the metric name that match the empty name.
   */
  candidates(tests: readonly Test[], skip: string): readonly number[] {
    const asked = tests.filter(({ name, empty }) => name !== skip && !(name === METRIC_NAME && empty))
    const wanted = asked.filter(({ empty }) => !empty).map((test) => this.#matching(test))
    // From the shortest on, there is least to compare.
    const [first, ...rest] = wanted.toSorted((a, b) => a.length - b.length)
    let rows: readonly number[] = first ?? this.#rows
    for (const others of rest) rows = intersect(rows, others)
    for (const test of asked) if (test.empty && rows.length > 0) rows = this.#without(rows, test)
    return rows
  }

  /** Rows with a value that matches. */
  #matching(test: Test): readonly number[] {
    const values = this.#postings.get(test.name)
    if (values === undefined) return []
    const found: (readonly number[])[] = []
    if (test.values === undefined) {
      for (const [value, rows] of values) if (test.matches(value)) found.push(rows)
    } else {
      for (const value of test.values) {
        const rows = values.get(value)
        if (rows !== undefined) found.push(rows)
      }
    }
    if (found.length <= 1) return found[0] ?? []
    return [...new Set(found.flat())].toSorted((a, b) => a - b)
  }

  /** The rows, less those with a value that does not match. */
  #without(rows: readonly number[], test: Test): readonly number[] {
    const values = this.#postings.get(test.name)
    if (values === undefined) return rows
    const excluded = new Set<number>()
    for (const [value, others] of values) {
      if (!test.matches(value)) for (const row of others) excluded.add(row)
    }
    return excluded.size === 0 ? rows : rows.filter((row) => !excluded.has(row))
  }
}
