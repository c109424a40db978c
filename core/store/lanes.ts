import { type Arena, slabOf, wordOf } from './arena.ts'
import type { Blocks } from './blocks.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { fullCapacity, LANES, wordsOf } from './head-block.ts'

/** Words of a lane. */
const LANE_WORDS = wordsOf(fullCapacity(1), 1)
/** Behind the lanes of a group: which are in use, a bit each, and how far the group begins behind its block; the groups before and behind it. */
const USED = LANE_WORDS * LANES
const LINKS = USED + 1
/** A group begins at a multiple of the number of its lanes: the lowest bits of an address are the lane. */
const GROUP_WORDS = LINKS + 1 + (LANES - 1)
const LANE = LANES - 1
const ALL = 2 ** LANES - 1

const BEFORE = 0
const BEHIND = 1

/**
 * Heads of floats, so many in a block, word by word: word `w` of each lies at its address + `w` × `LANES`. What rows get that come together lies
 * together, eight values in a line of memory. Lanes are given out in order, those of rows that went first; a block goes when its last lane does.
 */
export class Lanes {
  readonly #blocks: Blocks
  readonly #arena: Arena
  /** The first group with a free lane; 0 for none. */
  #open = 0

  constructor(blocks: Blocks) {
    this.#blocks = blocks
    this.#arena = blocks.arena
  }

  /** The address of a lane, its content unknown; never 0. */
  allocate(): number {
    const group = this.#open === 0 ? this.#add() : this.#open
    const words = this.#arena.u32[slabOf(group)]!
    const used = (wordOf(group) + USED) * 2
    const free = ~words[used]!
    const lane = 31 - Math.clz32(free & -free)
    words[used]! |= 1 << lane
    if (words[used] === ALL) this.#unlink(group)
    return group + lane
  }

  release(address: number): void {
    const lane = address & LANE
    const group = address - lane
    const words = this.#arena.u32[slabOf(group)]!
    const used = (wordOf(group) + USED) * 2
    if (words[used] === ALL) this.#link(group)
    words[used]! &= ~(1 << lane)
    if (words[used] !== 0) return
    this.#unlink(group)
    this.#blocks.release(group - words[used + 1]!, GROUP_WORDS)
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
    const group = (block + LANE) & ~LANE
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
