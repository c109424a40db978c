import { HashSlots, mixed, NOTHING } from './hash-slots.ts'
import type { LabelPairs } from './label-pairs.ts'
import type { SeriesRows } from './series-rows.ts'
import { wordOf, type WordBlocks } from './word-blocks.ts'

/** What a set is told apart by beside its pairs. */
export interface SetShape {
  readonly size: number
  /** Index into `KINDS`, and number of the bounds. */
  readonly kind: number
  readonly bounds: number
}

/** Label sets as lists of pair numbers, in order of label names, 4 bytes a label; and the rows by what is in them. */
export class LabelSets {
  readonly #blocks: WordBlocks
  readonly #slots = new HashSlots()

  constructor(blocks: WordBlocks) {
    this.#blocks = blocks
  }

  /** Bytes held, without those of the blocks. */
  get bytes(): number {
    return this.#slots.bytes
  }

  reserve(count: number): void {
    this.#slots.reserve(count)
  }

  /** Stores the first `size` pairs; returns the address. */
  put(pairs: Uint32Array, size: number): number {
    if (size === 0) return 0
    const address = this.#blocks.take((size + 1) >>> 1)
    const { i32 } = this.#blocks.slab(address)
    const at = wordOf(address) * 2
    for (let i = 0; i < size; i++) i32[at + i] = pairs[i]!
    return address
  }

  pair(address: number, index: number): number {
    return this.#blocks.slab(address).i32[wordOf(address) * 2 + index]!
  }

  /** Copies the pairs to `into`. */
  read(address: number, size: number, into: Uint32Array, at = 0): void {
    if (size === 0) return
    const { i32 } = this.#blocks.slab(address)
    const from = wordOf(address) * 2
    for (let i = 0; i < size; i++) into[at + i] = i32[from + i]!
  }

  same(address: number, pairs: Uint32Array, size: number): boolean {
    if (size === 0) return true
    const { i32 } = this.#blocks.slab(address)
    const at = wordOf(address) * 2
    for (let i = 0; i < size; i++) if (i32[at + i] !== pairs[i]) return false
    return true
  }

  give(address: number, size: number): void {
    if (size > 0) this.#blocks.give(address, (size + 1) >>> 1)
  }

  /** The pair with this label name; -1 where there is none. */
  pairOf(address: number, size: number, pairs: Pick<LabelPairs, 'nameOf'>, name: number): number {
    if (size === 0) return NOTHING
    const { i32 } = this.#blocks.slab(address)
    const at = wordOf(address) * 2
    for (let i = at; i < at + size; i++) if (pairs.nameOf(i32[i]!) === name) return i32[i]!
    return NOTHING
  }

  /** The row whose label set has the first pairs of `set` and this shape; -1 where there is none. */
  find(hash: number, set: Uint32Array, { size, kind, bounds }: SetShape, rows: SeriesRows): number {
    const slots = this.#slots
    let row: number
    for (let slot = slots.first(hash); (row = slots.at(slot)) !== NOTHING; slot = slots.next(slot)) {
      if (slots.hashAt(slot) !== hash) continue
      if (rows.size(row) !== size || rows.kind(row) !== kind || rows.bounds(row) !== bounds) continue
      if (this.same(rows.set(row), set, size)) return row
    }
    return NOTHING
  }

  add(hash: number, row: number): void {
    this.#slots.add(hash, row)
  }

  remove(hash: number, row: number): void {
    this.#slots.remove(hash, row)
  }
}

/** Of a label set of this shape: its first `size` pairs. */
export function hashOfSet(pairs: Uint32Array, { size, kind, bounds }: SetShape): number {
  let hash = Math.imul(bounds, 0x9e3779b1) ^ kind
  for (let i = 0; i < size; i++) {
    hash = Math.imul(hash ^ pairs[i]!, 0x85ebca6b)
    hash ^= hash >>> 15
  }
  return mixed(hash)
}
