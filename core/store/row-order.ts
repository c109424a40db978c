import { byText, sorting } from '../sorting.ts'
import type { Steps } from '../steps.ts'
import { grown } from './grow.ts'
import type { SeriesParts } from './series-parts.ts'

/** Stands behind the last pair of a row that has fewer than others. */
const NO_PAIR = 0
/** Rows whose pairs are looked at in one step. */
const STEP = 2 ** 12
/** Ranks that are written in one, and rows that find their place by one column. */
const WIDE_STEP = 2 ** 17
const NO_RANKS = new Uint32Array(0)

interface Ranked {
  readonly pair: number
  readonly texts: readonly [string, string]
}

/** Rows, and `width` places for the pairs of each. */
interface Listed {
  readonly ids: Uint32Array
  readonly table: Uint32Array
  readonly width: number
}

/**
 * Rows in order of their label sets: pair by pair, by name, then by value, the shorter first. A radix sort over ranks of the pairs:
 * only texts that differ are compared, each pair once whatever the number of rows that have it.
 */
export class RowOrder {
  readonly #parts: Pick<SeriesParts, 'pairs' | 'rows' | 'sets'>
  /** By pair, all 0: ranks, from 1 on, while one orders rows by them. Who comes meanwhile makes his own. */
  #ranks = NO_RANKS

  constructor(parts: Pick<SeriesParts, 'pairs' | 'rows' | 'sets'>) {
    this.#parts = parts
  }

  /** The same rows, ordered, in steps: those that are gone before they are looked at stand anywhere. */
  *ordering(ids: Uint32Array): Steps<Uint32Array> {
    if (ids.length < 2) return ids
    const { rows } = this.#parts
    let width = 0
    for (let i = 0; i < ids.length; i++) width = Math.max(width, rows.size(ids[i]!))
    const table = new Uint32Array(ids.length * width)
    const distinct = yield* this.#ranking({ ids, table, width })
    let order = new Uint32Array(ids.length)
    let next = new Uint32Array(ids.length)
    for (let i = 0; i < order.length; i++) order[i] = i
    const starts = new Uint32Array(distinct + 2)
    for (let column = width - 1; column >= 0; column--) {
      yield
      if (isConstant(table, column, width)) continue
      yield* passing({ table, column, width, starts }, order, next)
      const done = next
      next = order
      order = done
    }
    for (let i = 0; i < order.length; i++) next[i] = ids[order[i]!]!
    return next
  }

  /** Writes the ranks of the pairs of the rows to the table; returns how many there are. */
  *#ranking({ ids, table, width }: Listed): Steps<number> {
    const { pairs, rows, sets } = this.#parts
    const ranks = grown(this.#ranks, pairs.length)
    this.#ranks = NO_RANKS
    const distinct: Ranked[] = []
    for (let i = 0; i < ids.length; i++) {
      if (i % STEP === STEP - 1) yield
      const id = ids[i]!
      // Beside a row that is there, no number of its pairs means another.
      if (!rows.has(id)) continue
      const end = i * width + rows.size(id)
      sets.read(rows.set(id), rows.size(id), table, i * width)
      for (let at = i * width; at < end; at++) {
        const pair = table[at]!++
        if (ranks[pair] !== 0) continue
        ranks[pair] = 1
        distinct.push({ pair, texts: pairs.texts(pair) })
      }
    }
    const sorted = yield* sorting(distinct, compared)
    for (let i = 0; i < sorted.length; i++) {
      if (i % WIDE_STEP === WIDE_STEP - 1) yield
      ranks[sorted[i]!.pair] = i + 1
    }
    for (let at = 0; at < table.length; at++) {
      if (at % WIDE_STEP === WIDE_STEP - 1) yield
      if (table[at] !== NO_PAIR) table[at] = ranks[table[at]! - 1]!
    }
    for (let i = 0; i < sorted.length; i++) {
      if (i % WIDE_STEP === WIDE_STEP - 1) yield
      ranks[sorted[i]!.pair] = 0
    }
    this.#ranks = ranks
    return distinct.length
  }
}

function compared(a: Ranked, b: Ranked): number {
  return byText(a.texts[0], b.texts[0]) || byText(a.texts[1], b.texts[1])
}

function isConstant(table: Uint32Array, column: number, width: number): boolean {
  for (let at = column + width; at < table.length; at += width) if (table[at] !== table[column]) return false
  return true
}

interface Pass {
  readonly table: Uint32Array
  readonly column: number
  readonly width: number
  /** A place more than there are ranks, and one for none. */
  readonly starts: Uint32Array
}

/** Counting sort by one column; rows that are equal there stay as they are. */
function* passing({ table, column, width, starts }: Pass, from: Uint32Array, to: Uint32Array): Steps<void> {
  starts.fill(0)
  for (let at = column; at < table.length; at += width) starts[table[at]! + 1]!++
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!
  for (let i = 0; i < from.length; i++) {
    if (i % WIDE_STEP === WIDE_STEP - 1) yield
    const row = from[i]!
    to[starts[table[row * width + column]!]!++] = row
  }
}
