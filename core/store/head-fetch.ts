import { type Arena, SLAB_SHIFT, SLAB_WORDS } from './arena.ts'
import * as heads from './head-block.ts'
import { pairAt } from './head-block.ts'
import * as layout from './row-column.ts'

// Bound here: see `HeadTable`.
const { ROW_MASK, ROW_SHIFT } = layout
const { BLOCK_HEAD, CAPACITY, CAPACITY_SHIFT, FLOAT_PAIR, LANE_SHIFT, LENGTH, WHOLE } = heads

const WORD_MASK = SLAB_WORDS - 1
/** Words of a cache line. */
const LINE_WORDS = 8

/**
 * Loads what samples will touch before it is needed, in a loop that waits for nothing: the misses of many rows become one. What is loaded
 * must go somewhere, else the compiler leaves it out; as bits, since sums of floats wait for each other.
 */
export class HeadFetch {
  readonly #records: Arena
  readonly #blocks: Arena
  /** What nobody reads. */
  readonly #fetched = new Int32Array(1)

  constructor(records: Arena, blocks: Arena) {
    this.#records = records
    this.#blocks = blocks
  }

  /**
   * For the floats from `from` to before `to`. Of rows that come together every eighth first, which is a line each: so many misses begin at once
   * as the processor can hold. Then all of them, whatever their order.
   */
  floats(series: Uint32Array, from: number, to: number): void {
    this.#floats(series, from, to, LINE_WORDS)
    this.#floats(series, from, to, 1)
  }

  #floats(series: Uint32Array, from: number, to: number, step: number): void {
    const { u32: records } = this.#records
    const { u32 } = this.#blocks
    let bits = 0
    let neighbour = 0
    let seen = 0
    for (let i = from; i < to; i += step) {
      const row = series[i]!
      const slab = records[row >>> ROW_SHIFT]
      if (slab === undefined) break
      const record = (row & ROW_MASK) * 4
      const state = slab[record + 3]!
      const address = slab[record + 2]!
      const isBeside = address === neighbour && (address & (LINE_WORDS - 1)) !== 0 && state === seen
      neighbour = address + 1
      seen = state
      // What it touches lies in the lines of the row before.
      if (isBeside) continue
      const capacity = (state >>> CAPACITY_SHIFT) & CAPACITY
      if (capacity === 0) continue
      const word = address & WORD_MASK
      const block = u32[address >>> SLAB_SHIFT]!
      const at = state & LENGTH
      const shift = (state & WHOLE) === 0 ? 0 : LANE_SHIFT
      const pair = word + ((BLOCK_HEAD + (at >>> 1) * FLOAT_PAIR) << shift)
      if (at < capacity) bits ^= block[pair * 2]! ^ block[(pair + ((1 + (at & 1)) << shift)) * 2]!
      // A full head is read as a whole.
      else for (let line = word; line < pair; line += Math.max(LINE_WORDS, 1 << shift)) bits ^= block[line * 2]!
    }
    this.#fetched[0] = bits
  }

  /** For histograms, of which `start` tells the width. */
  histograms(series: Uint32Array, start: Uint32Array, from: number, to: number): void {
    const { u32: records } = this.#records
    const { u32 } = this.#blocks
    let bits = 0
    for (let i = from; i < to; i++) {
      const row = series[i]!
      const slab = records[row >>> ROW_SHIFT]
      if (slab === undefined) break
      const record = (row & ROW_MASK) * 4
      const state = slab[record + 3]!
      const capacity = (state >>> CAPACITY_SHIFT) & CAPACITY
      if (capacity === 0) continue
      const address = slab[record + 2]!
      const block = u32[address >>> SLAB_SHIFT]!
      const word = address & WORD_MASK
      const columns = start[i + 1]! - start[i]! + 2
      const at = state & LENGTH
      const pair = word + pairAt(at, columns)
      let line = word
      let end = pair
      if (at < capacity) {
        bits ^= block[pair * 2]! ^ block[(word + pairAt(Math.max(0, at - 1), columns)) * 2]!
        line = pair + 1 + (at & 1) * columns
        end = line + columns
      }
      for (; line < end; line += LINE_WORDS) bits ^= block[line * 2]!
      bits ^= block[end * 2 - 2]!
    }
    this.#fetched[0] = bits
  }
}
