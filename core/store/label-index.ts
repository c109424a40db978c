import { METRIC_NAME } from '../series.ts'
import type { Steps } from '../steps.ts'
import { NONE } from './label-names.ts'
import type { Test } from './matching.ts'
import { difference, intersection, joined, union } from './row-sets.ts'
import type { SeriesParts } from './series-parts.ts'
import { TextBytes } from './text-bytes.ts'

/** So few lists are gone through one by one. */
const FEW_LISTS = 8
/** Rows are looked at one by one, all over memory, where they are fewer than this part of what is in lists, one behind the other. */
const FEW = 1 / 32

/** Values that are asked for in one step. */
const STEP = 2 ** 10

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
   * which the caller asks of each row: those on `skip`, and those on the metric name that match the empty name. Where many values or rows have to be
   * asked, it rests: rows that begin to count meanwhile may be left out, and those that are gone found.
   */
  *finding(tests: readonly Test[], skip: string): Steps<Uint32Array> {
    const asked = tests.filter(({ name, empty }) => name !== skip && !(name === METRIC_NAME && empty))
    let rows: Uint32Array | undefined
    // From the fewest on, there is least to compare.
    for (const listed of this.#allListed(asked).toSorted((a, b) => a.size - b.size)) {
      rows = yield* this.#with(rows, listed)
      if (rows.length === 0) return NO_ROWS
    }
    for (const test of asked) {
      if (!test.empty && test.values === undefined) rows = yield* this.#withMatching(rows, test)
    }
    let found = rows ?? this.#parts.rows.allActive()
    for (const test of asked) if (test.empty && found.length > 0) found = yield* this.#without(found, test)
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

  /** Rows of any of the pairs; of many so many at a time, and what they have is kept apart: nothing that is read lasts over a rest. */
  *#union(pairs: readonly number[]): Steps<Uint32Array> {
    const { postings } = this.#parts
    const rowsOf = (some: readonly number[]): Uint32Array => union(some.map((pair) => postings.rows(pair)))
    if (pairs.length <= STEP) return rowsOf(pairs)
    const found: Uint32Array[] = []
    for (let from = 0; from < pairs.length; from += STEP) {
      if (from > 0) yield
      found.push(rowsOf(pairs.slice(from, from + STEP)).slice())
    }
    return union(found)
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
  *#withMatching(rows: Uint32Array | undefined, test: Test): Steps<Uint32Array> {
    if (rows !== undefined && this.#askEach(rows, test)) return yield* this.#asked(rows, test)
    // A view would not last.
    const own = rows?.slice()
    const pairs = yield* this.#scan(test, true)
    return yield* this.#with(own, { name: test.name, pairs, size: this.#size(pairs) })
  }

  /** The rows, less those with a value that does not match. */
  *#without(rows: Uint32Array, test: Test): Steps<Uint32Array> {
    const { name, excluded } = test
    if (this.#parts.pairs.names.find(name) === NONE) return rows
    if (excluded !== undefined) return yield* this.#withoutListed(rows, name, this.#listed(name, excluded))
    if (this.#askEach(rows, test)) return yield* this.#asked(rows, test)
    const own = rows.slice()
    return yield* this.#withoutListed(own, name, yield* this.#scan(test, false))
  }

  *#withoutListed(rows: Uint32Array, name: string, pairs: readonly number[]): Steps<Uint32Array> {
    if (pairs.length <= FEW_LISTS) {
      return pairs.reduce((left, pair) => difference(left, this.#parts.postings.rows(pair)), rows)
    }
    if (rows.length < this.#size(pairs) * FEW) return this.#kept(rows, name, this.#isOneOf(pairs, false))
    const own = pairs.length > STEP ? rows.slice() : rows
    return difference(own, yield* this.#union(pairs))
  }

  /** Rows that have one of the pairs. */
  *#with(rows: Uint32Array | undefined, { name, pairs, size }: Listed): Steps<Uint32Array> {
    if (rows === undefined) return yield* this.#union(pairs)
    if (pairs.length <= FEW_LISTS) {
      return union(pairs.map((pair) => intersection(rows, this.#parts.postings.rows(pair))))
    }
    // A histogram has several metric names, and none of them is in its label set.
    if (name !== METRIC_NAME && rows.length < size * FEW) return this.#kept(rows, name, this.#isOneOf(pairs, true))
    const own = pairs.length > STEP ? rows.slice() : rows
    return intersection(own, yield* this.#union(pairs))
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
  *#asked(rows: Uint32Array, test: Test): Steps<Uint32Array> {
    const { pairs } = this.#parts
    // By pair: whether it was asked, and the answer. Beside a row that is there, no number of its pairs means another.
    const answers = new Uint8Array(pairs.length)
    const mayStay = (pair: number): boolean => {
      if (pair === NONE) return test.empty
      if (answers[pair] === UNASKED) answers[pair] = this.#matches(pair, test) ? YES : NO
      return answers[pair] === YES
    }
    if (rows.length <= STEP) {
      this.#prefix.write(test.prefix)
      return this.#kept(rows, test.name, mayStay)
    }
    const own = rows.slice()
    const kept: Uint32Array[] = []
    for (let from = 0; from < own.length; from += STEP) {
      if (from > 0) yield
      this.#prefix.write(test.prefix)
      kept.push(this.#kept(own.subarray(from, from + STEP), test.name, mayStay))
    }
    return joined(kept)
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
  *#scan(test: Test, wanted: boolean): Steps<number[]> {
    const { pairs, postings } = this.#parts
    const found: number[] = []
    const name = pairs.names.find(test.name)
    const all = pairs.of(name)
    this.#prefix.write(test.prefix)
    for (let i = 0; i < all.length; i++) {
      if (i % STEP === STEP - 1) {
        yield
        // Others ask as well.
        this.#prefix.write(test.prefix)
      }
      const pair = all[i]!
      // One that is gone meanwhile may be of another name now.
      if (postings.size(pair) > 0 && pairs.nameOf(pair) === name && this.#matches(pair, test) === wanted)
        found.push(pair)
    }
    return found
  }

  /** `#prefix` is that of the test. */
  #matches(pair: number, test: Test): boolean {
    const { pairs } = this.#parts
    return pairs.startsWith(pair, this.#prefix) && test.matches(pairs.value(pair))
  }

  #active(rows: Uint32Array): Uint32Array {
    const table = this.#parts.rows
    // Of those that are all active, none needs to be looked at.
    return table.active === table.length ? rows : rows.filter((row) => table.isActive(row))
  }
}
