import { type Arena, slabOf, wordOf } from './arena.ts'
import type { Blocks } from './blocks.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { copyHead, fullCapacity, LANE_SHIFT, LANES, wordsOf } from './head-block.ts'

/** Words of a lane. */
const LANE_WORDS = wordsOf(fullCapacity(1), 1)
/**
 * Behind the lanes of a group: which are in use, a bit each, and how far the group begins behind its block; the groups before and behind it;
 * whose each lane is.
 */
const USED = LANE_WORDS * LANES
const LINKS = USED + 1
const ROWS = LINKS + 1
const LANE_MASK = LANES - 1
/** A group begins at a multiple of the number of its lanes: the lowest bits of an address are the lane. */
const GROUP_WORDS = ROWS + LANES / 2 + LANE_MASK
const ALL = 2 ** LANES - 1
/** Where no more are in use, they move to other groups: else a series of many would keep the memory of all. */
const FEW = LANES / 4

const BEFORE = 0
const BEHIND = 1

/**
 * Heads of floats, so many in a block, word by word: word `w` of each lies at its address + `w` × `LANES`. What rows get that come together lies
 * together, eight values in a line of memory. Lanes are given out in order, those of rows that went first.
 */
export class Lanes {
  readonly #blocks: Blocks
  readonly #arena: Arena
  readonly #moved: (row: number, address: number) => void
  /** The first group with a free lane; 0 for none. */
  #open = 0

  /** `moved`: what a row had lies at another address. */
  constructor(blocks: Blocks, moved: (row: number, address: number) => void) {
    this.#blocks = blocks
    this.#arena = blocks.arena
    this.#moved = moved
  }

  /** The address of a lane for a row, its content unknown; never 0. */
  allocate(row: number): number {
    const group = this.#open === 0 ? this.#add() : this.#open
    const words = this.#arena.u32[slabOf(group)]!
    const used = (wordOf(group) + USED) * 2
    const lane = lowest(~words[used]!)
    words[used]! |= 1 << lane
    words[(wordOf(group) + ROWS) * 2 + lane] = row
    if (words[used] === ALL) this.#unlink(group)
    return group + lane
  }

  /** May move others. */
  release(address: number): void {
    const lane = address & LANE_MASK
    const group = address - lane
    const words = this.#arena.u32[slabOf(group)]!
    const used = (wordOf(group) + USED) * 2
    if (words[used] === ALL) this.#link(group)
    words[used]! &= ~(1 << lane)
    if (bitsOf(words[used]!) <= FEW) this.#leave(group)
  }

  /** What is in use of a group goes to others, as far as they have room; one of which nothing is in use is given back. */
  #leave(group: number): void {
    this.#unlink(group)
    const words = this.#arena.u32[slabOf(group)]!
    const used = (wordOf(group) + USED) * 2
    while (words[used] !== 0 && this.#open !== 0) {
      const lane = lowest(words[used]!)
      const row = words[(wordOf(group) + ROWS) * 2 + lane]!
      const to = this.allocate(row)
      copyHead(
        this.#arena,
        LANE_WORDS,
        { address: group + lane, shift: LANE_SHIFT },
        { address: to, shift: LANE_SHIFT },
      )
      words[used]! &= ~(1 << lane)
      this.#moved(row, to)
    }
    if (words[used] === 0) this.#blocks.release(group - words[used + 1]!, GROUP_WORDS)
    else this.#link(group)
  }

  save(writer: ByteWriter): void {
    writer.u32(this.#open)
  }

  /** Into a fresh one, whose blocks were loaded. */
  load(reader: ByteReader): void {
    this.#open = reader.u32()
  }

  #add(): number {
    const block = this.#blocks.allocate(GROUP_WORDS)
    const group = (block + LANE_MASK) & ~LANE_MASK
    const words = this.#arena.u32[slabOf(group)]!
    const used = (wordOf(group) + USED) * 2
    words[used] = 0
    words[used + 1] = group - block
    this.#link(group)
    return group
  }

  #link(group: number): void {
    const behind = this.#open
    this.#setLink(group, BEFORE, 0)
    this.#setLink(group, BEHIND, behind)
    if (behind !== 0) this.#setLink(behind, BEFORE, group)
    this.#open = group
  }

  #unlink(group: number): void {
    const before = this.#linkOf(group, BEFORE)
    const behind = this.#linkOf(group, BEHIND)
    if (before === 0) this.#open = behind
    else this.#setLink(before, BEHIND, behind)
    if (behind !== 0) this.#setLink(behind, BEFORE, before)
  }

  #linkOf(group: number, side: typeof BEFORE | typeof BEHIND): number {
    return this.#arena.u32[slabOf(group)]![(wordOf(group) + LINKS) * 2 + side]!
  }

  #setLink(group: number, side: typeof BEFORE | typeof BEHIND, to: number): void {
    this.#arena.u32[slabOf(group)]![(wordOf(group) + LINKS) * 2 + side] = to
  }
}

/** The lowest bit that is set. */
function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

/** How many are set. */
function bitsOf(bits: number): number {
  let count = 0
  for (let left = bits; left !== 0; left &= left - 1) count++
  return count
}
