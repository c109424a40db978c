import { METRIC_NAME } from '../series.ts'
import { NONE } from './label-names.ts'
import type { Test } from './matching.ts'
import { difference, intersection, union } from './row-sets.ts'
import type { SeriesParts } from './series-parts.ts'
import { TextBytes } from './text-bytes.ts'

/** Rows are asked one by one where they are fewer than this part of those that would have to be gone through, */
const FEW = 1 / 4
/** or, where values have to be asked first, than this part of all. */
const FEW_OF_ALL = 1 / 32

const UNASKED = 0
const NO = 1
const YES = 2

const NO_ROWS = new Uint32Array(0)

interface Listed {
  readonly name: string
  readonly pairs: readonly number[]
  readonly size: number
}

/** Finds rows by their labels. A row may have several metric names: a histogram has those of its expansion. */
export class LabelIndex {
  readonly #parts: SeriesParts
  readonly #prefix = new TextBytes()

  constructor(parts: SeriesParts) {
    this.#parts = parts
  }

  /** Series that count. */
  get size(): number {
    return this.#parts.rows.active
  }

  /**
   * Active rows that may match, ascending; perhaps a view, valid until the next change. Exact but for two kinds of test,
   * which the caller asks of each row: those on `skip`, and those on the metric name that match the empty name.
   */
  candidates(tests: readonly Test[], skip: string): Uint32Array {
    const asked = tests.filter(({ name, empty }) => name !== skip && !(name === METRIC_NAME && empty))
    let rows: Uint32Array | undefined
    // From the fewest on, there is least to compare.
    for (const listed of this.#allListed(asked).toSorted((a, b) => a.size - b.size)) {
      rows = this.#withListed(rows, listed)
      if (rows.length === 0) return NO_ROWS
    }
    for (const test of asked) {
      if (!test.empty && test.values === undefined) rows = this.#withMatching(rows, test)
    }
    let found = rows ?? this.#parts.rows.allActive()
    for (const test of asked) if (test.empty && found.length > 0) found = this.#without(found, test)
    return rows === undefined ? found : this.#active(found)
  }

  /** Pairs with one of the values that some row has. */
  #listed(name: string, values: readonly string[]): number[] {
    const { pairs } = this.#parts
    const id = pairs.names.find(name)
    return values.map((value) => pairs.find(id, value)).filter((pair) => pair !== NONE)
  }

  #size(pairs: readonly number[]): number {
    return pairs.reduce((sum, pair) => sum + this.#parts.postings.size(pair), 0)
  }

  #union(pairs: readonly number[]): Uint32Array {
    return union(pairs.map((pair) => this.#parts.postings.rows(pair)))
  }

  /** Tests whose values can be listed, with their pairs and how many rows those have. */
  #allListed(tests: readonly Test[]): Listed[] {
    return tests.flatMap(({ name, values, empty }) => {
      if (empty || values === undefined) return []
      const pairs = this.#listed(name, values)
      return [{ name, pairs, size: this.#size(pairs) }]
    })
  }

  #withListed(rows: Uint32Array | undefined, { name, pairs, size }: Listed): Uint32Array {
    if (rows === undefined) return this.#union(pairs)
    if (pairs.length <= 1 || name === METRIC_NAME || rows.length >= size * FEW) {
      return intersection(rows, this.#union(pairs))
    }
    const wanted = new Set(pairs)
    return this.#kept(rows, name, (pair) => wanted.has(pair))
  }

  /** Rows with a value that matches. */
  #withMatching(rows: Uint32Array | undefined, test: Test): Uint32Array {
    if (rows !== undefined && this.#askEach(rows, test)) return this.#asked(rows, test)
    const matching = this.#union(this.#scan(test, true))
    return rows === undefined ? matching : intersection(rows, matching)
  }

  /** The rows, less those with a value that does not match. */
  #without(rows: Uint32Array, test: Test): Uint32Array {
    if (test.excluded !== undefined) {
      const excluded = this.#listed(test.name, test.excluded)
      if (excluded.length <= 1 || rows.length >= this.#size(excluded) * FEW) {
        return difference(rows, this.#union(excluded))
      }
    }
    if (this.#askEach(rows, test)) return this.#asked(rows, test)
    return difference(rows, this.#union(this.#scan(test, false)))
  }

  /** Whether to look at each row rather than at each value. Metric names of a histogram are not in its label set. */
  #askEach(rows: Uint32Array, { name }: Test): boolean {
    if (name === METRIC_NAME) return false
    const { names } = this.#parts.pairs
    const id = names.find(name)
    const values = id === NONE ? 0 : names.pairs(id)
    return rows.length < values || rows.length < this.size * FEW_OF_ALL
  }

  /** Those of the rows whose own value matches. */
  #asked(rows: Uint32Array, test: Test): Uint32Array {
    const { pairs } = this.#parts
    // By pair: whether it was asked, and the answer.
    const answers = new Uint8Array(pairs.length)
    this.#prefix.write(test.prefix)
    return this.#kept(rows, test.name, (pair) => {
      if (pair === NONE) return test.empty
      if (answers[pair] === UNASKED) {
        const matches = pairs.startsWith(pair, this.#prefix) && test.matches(pairs.value(pair))
        answers[pair] = matches ? YES : NO
      }
      return answers[pair] === YES
    })
  }

  /** Those of the rows whose pair with this name (`NONE` where they have none) may stay. */
  #kept(rows: Uint32Array, name: string, mayStay: (pair: number) => boolean): Uint32Array {
    const { pairs, rows: table, sets } = this.#parts
    const wanted = pairs.names.find(name)
    const kept = new Uint32Array(rows.length)
    let length = 0
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!
      if (!table.has(row)) continue
      const pair = wanted === NONE ? NONE : sets.pairOf(table.set(row), table.size(row), pairs, wanted)
      if (mayStay(pair)) kept[length++] = row
    }
    return kept.subarray(0, length)
  }

  /** Pairs of the test's name whose value matches as wanted. */
  #scan(test: Test, wanted: boolean): number[] {
    const { pairs, postings } = this.#parts
    const found: number[] = []
    const name = pairs.names.find(test.name)
    if (name === NONE) return found
    this.#prefix.write(test.prefix)
    for (let pair = pairs.names.first(name); pair !== NONE; pair = pairs.next(pair)) {
      if (postings.size(pair) === 0) continue
      const matches = pairs.startsWith(pair, this.#prefix) && test.matches(pairs.value(pair))
      if (matches === wanted) found.push(pair)
    }
    return found
  }

  #active(rows: Uint32Array): Uint32Array {
    const table = this.#parts.rows
    // Of those that are all active, none needs to be looked at.
    return table.active === table.length ? rows : rows.filter((row) => table.isActive(row))
  }
}
