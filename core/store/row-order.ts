import { grown } from './grow.ts'
import type { SeriesParts } from './series-parts.ts'

/** Stands behind the last pair of a row that has fewer than others. */
const NO_PAIR = 0

/**
 * Rows in order of their label sets: pair by pair, by name, then by value, the shorter first. A radix sort over ranks of the pairs:
 * only texts that differ are compared, each pair once whatever the number of rows that have it.
 */
export class RowOrder {
  readonly #parts: Pick<SeriesParts, 'pairs' | 'rows' | 'sets'>
  /** By pair, 0 but while it works: its rank, from 1 on. */
  #ranks = new Uint32Array(64)

  constructor(parts: Pick<SeriesParts, 'pairs' | 'rows' | 'sets'>) {
    this.#parts = parts
  }

  /** The same rows, ordered. */
  of(ids: Uint32Array): Uint32Array {
    if (ids.length < 2) return ids
    const { rows, sets } = this.#parts
    let width = 0
    for (let i = 0; i < ids.length; i++) width = Math.max(width, rows.size(ids[i]!))
    // Pairs, then their ranks.
    const table = new Uint32Array(ids.length * width)
    for (let i = 0; i < ids.length; i++) sets.read(rows.set(ids[i]!), rows.size(ids[i]!), table, i * width)
    const distinct = this.#rank(ids, table, width)
    let order = Uint32Array.from(ids, (_, i) => i)
    let next = new Uint32Array(ids.length)
    const starts = new Uint32Array(distinct + 2)
    for (let column = width - 1; column >= 0; column--) {
      if (isConstant(table, column, width)) continue
      pass({ table, column, width, starts }, order, next)
      const done = next
      next = order
      order = done
    }
    for (let i = 0; i < order.length; i++) next[i] = ids[order[i]!]!
    return next
  }

  /** Puts ranks in place of pairs; returns how many there are. */
  #rank(ids: Uint32Array, table: Uint32Array, width: number): number {
    const { pairs, rows } = this.#parts
    this.#ranks = grown(this.#ranks, pairs.length)
    const ranks = this.#ranks
    const distinct: number[] = []
    for (let i = 0; i < ids.length; i++) {
      const end = i * width + rows.size(ids[i]!)
      for (let at = i * width; at < end; at++) {
        const pair = table[at]!
        if (ranks[pair] !== 0) continue
        ranks[pair] = 1
        distinct.push(pair)
      }
    }
    const texts = distinct.map((pair) => ({ pair, texts: pairs.texts(pair) }))
    texts.sort((a, b) => compared(a.texts, b.texts))
    for (const [i, { pair }] of texts.entries()) ranks[pair] = i + 1
    for (let i = 0; i < ids.length; i++) {
      const end = i * width + rows.size(ids[i]!)
      for (let at = i * width; at < end; at++) table[at] = ranks[table[at]!]!
      for (let at = end; at < (i + 1) * width; at++) table[at] = NO_PAIR
    }
    for (const pair of distinct) ranks[pair] = 0
    return distinct.length
  }
}

function compared(a: readonly [string, string], b: readonly [string, string]): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1
  return a[1] < b[1] ? -1 : 1
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
function pass({ table, column, width, starts }: Pass, from: Uint32Array, to: Uint32Array): void {
  starts.fill(0)
  for (let at = column; at < table.length; at += width) starts[table[at]! + 1]!++
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!
  for (let i = 0; i < from.length; i++) {
    const row = from[i]!
    to[starts[table[row * width + column]!]!++] = row
  }
}
