import { METRIC_NAME } from '../series.ts'
import { NONE } from './label-names.ts'
import type { Test } from './matching.ts'
import { difference, intersection, union } from './row-sets.ts'
import type { SeriesParts } from './series-parts.ts'
import { TextBytes } from './text-bytes.ts'

/** Rows are asked one by one while they are fewer than so many a value of the label, */
const ROWS_A_VALUE = 4
/** or fewer than this part of all. */
const FEW = 1 / 16

const NO_ROWS = new Uint32Array(0)

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
    const listed = asked.filter(({ empty, values }) => !empty && values !== undefined)
    const sizes = new Map(listed.map((test) => [test, this.#size(this.#listed(test.name, test.values!))]))
    // From the fewest on, there is least to compare.
    for (const test of listed.toSorted((a, b) => sizes.get(a)! - sizes.get(b)!)) {
      rows = this.#withListed(rows, test, sizes.get(test)!)
      if (rows.length === 0) return NO_ROWS
    }
    for (const test of asked) {
      if (!test.empty && test.values === undefined) rows = this.#withMatching(rows, test)
    }
    let found = rows ?? this.#parts.rows.allActive()
    for (const test of asked) if (test.empty && found.length > 0) found = this.#without(found, test)
    return rows === undefined ? found : this.#active(found)
  }

  /** The pair of the row with this label name; `NONE` where it has none. */
  pairOf(row: number, name: number): number {
    const { rows, sets, pairs } = this.#parts
    const set = rows.set(row)
    const size = rows.size(row)
    for (let i = 0; i < size; i++) {
      const pair = sets.pair(set, i)
      if (pairs.nameOf(pair) === name) return pair
    }
    return NONE
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

  #withListed(rows: Uint32Array | undefined, test: Test, size: number): Uint32Array {
    const listed = this.#listed(test.name, test.values!)
    if (rows === undefined) return this.#union(listed)
    const several = listed.length > 1 && test.name !== METRIC_NAME
    if (several && rows.length < size * FEW) {
      const wanted = new Set(listed)
      const name = this.#parts.pairs.names.find(test.name)
      return rows.filter((row) => wanted.has(this.#pairOfAny(row, name)))
    }
    return intersection(rows, this.#union(listed))
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
    return rows.length < values * ROWS_A_VALUE || rows.length < this.size * FEW
  }

  /** Those of the rows whose own value matches. */
  #asked(rows: Uint32Array, test: Test): Uint32Array {
    const { pairs } = this.#parts
    const name = pairs.names.find(test.name)
    const answers = new Map<number, boolean>([[NONE, test.empty]])
    return rows.filter((row) => {
      const pair = this.#pairOfAny(row, name)
      let answer = answers.get(pair)
      if (answer === undefined) answers.set(pair, (answer = test.matches(pairs.value(pair))))
      return answer
    })
  }

  /** As `pairOf`, also for a row that is gone. */
  #pairOfAny(row: number, name: number): number {
    return this.#parts.rows.has(row) ? this.pairOf(row, name) : NONE
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
