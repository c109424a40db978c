import { METRIC_NAME } from '../series.ts'
import { NONE } from './label-names.ts'
import type { Test } from './matching.ts'
import { difference, intersection, union } from './row-sets.ts'
import type { SeriesParts } from './series-parts.ts'
import { TextBytes } from './text-bytes.ts'

/** So few lists are gone through one by one. */
const FEW_LISTS = 8
/** Rows are looked at one by one, all over memory, where they are fewer than this part of what is in lists, one behind the other. */
const FEW = 1 / 32

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
      rows = this.#with(rows, listed)
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

  /** Rows with a value that matches. */
  #withMatching(rows: Uint32Array | undefined, test: Test): Uint32Array {
    if (rows !== undefined && this.#askEach(rows, test)) return this.#asked(rows, test)
    const pairs = this.#scan(test, true)
    return this.#with(rows, { name: test.name, pairs, size: this.#size(pairs) })
  }

  /** The rows, less those with a value that does not match. */
  #without(rows: Uint32Array, test: Test): Uint32Array {
    const { name, excluded } = test
    if (this.#parts.pairs.names.find(name) === NONE) return rows
    if (excluded === undefined && this.#askEach(rows, test)) return this.#asked(rows, test)
    const pairs = excluded === undefined ? this.#scan(test, false) : this.#listed(name, excluded)
    if (pairs.length <= FEW_LISTS) {
      return pairs.reduce((left, pair) => difference(left, this.#parts.postings.rows(pair)), rows)
    }
    if (rows.length < this.#size(pairs) * FEW) return this.#kept(rows, name, this.#isOneOf(pairs, false))
    return difference(rows, this.#union(pairs))
  }

  /** Rows that have one of the pairs. */
  #with(rows: Uint32Array | undefined, { name, pairs, size }: Listed): Uint32Array {
    if (rows === undefined) return this.#union(pairs)
    if (pairs.length <= FEW_LISTS) {
      return union(pairs.map((pair) => intersection(rows, this.#parts.postings.rows(pair))))
    }
    // A histogram has several metric names, and none of them is in its label set.
    if (name !== METRIC_NAME && rows.length < size * FEW) return this.#kept(rows, name, this.#isOneOf(pairs, true))
    return intersection(rows, this.#union(pairs))
  }

  #isOneOf(pairs: readonly number[], answer: boolean): (pair: number) => boolean {
    const listed = new Uint8Array(this.#parts.pairs.length)
    for (const pair of pairs) listed[pair] = 1
    return (pair) => (pair !== NONE && listed[pair] === 1) === answer
  }

  /** Whether to ask the value of each row rather than all values. */
  #askEach(rows: Uint32Array, { name }: Test): boolean {
    const { names } = this.#parts.pairs
    const id = names.find(name)
    return name !== METRIC_NAME && id !== NONE && rows.length < names.pairs(id)
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
