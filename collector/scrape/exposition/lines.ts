import type { Steps } from '#core/steps.ts'
import { HashSlots, mixed, NOTHING } from '#core/store/hash-slots.ts'

import type { Facts } from './facts.ts'
import type { Family, Metadata } from './family.ts'
import { type Head, readHead } from './head.ts'

/** A line that was seen before: of a sample what stands before its value, of metadata all of it. There are many: it is small. */
export class Line<Known> {
  readonly #lines: Lines<Known>
  /** Where its bytes lie. */
  readonly block: Buffer
  readonly start: number
  readonly length: number
  readonly hash: number
  readonly family: Family
  /** Of metadata; undefined for a sample. */
  readonly metadata: Metadata | undefined
  /** What came behind it last time. */
  next: Line<Known> | undefined
  /** The page that it stood on last, counted from 1. */
  page = 0
  /** What the rules of OpenMetrics know of it. */
  facts: Facts | undefined
  /** What whoever reads samples knows of it. */
  known: Known | undefined

  constructor(
    lines: Lines<Known>,
    place: { block: Buffer; start: number; length: number; hash: number },
    about: About,
  ) {
    this.#lines = lines
    this.block = place.block
    this.start = place.start
    this.length = place.length
    this.hash = place.hash
    this.family = about.family
    this.metadata = about.metadata
    this.next = undefined
    this.facts = undefined
    this.known = undefined
  }

  /** Of a sample: what its bytes say, read again. */
  get head(): Head {
    return this.#lines.head(this)
  }
}

export interface About {
  readonly family: Family
  readonly metadata: Metadata | undefined
}

/** Of the first block; each is twice as long as the one before, up to the last. */
const BLOCK_BYTES = 1024
const BLOCK_BYTES_MAX = 2 ** 20
/** Lines that are moved in one step. */
const STEP = 4096

/** FNV-1a, 32 bits, mixed. */
export function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return mixed(hash)
}

/** The lines of a target's pages, found by their bytes. */
export class Lines<Known> {
  readonly #blanks: boolean
  /** The block that is being filled: bytes are never moved, however many lines come. */
  #block = Buffer.alloc(BLOCK_BYTES)
  #used = 0
  #all: Line<Known>[] = []
  #slots = new HashSlots()

  /** `blanks`: whether they may stand between the words of a head. */
  constructor(blanks: boolean) {
    this.#blanks = blanks
  }

  get size(): number {
    return this.#all.length
  }

  head({ block, start, length }: Line<Known>): Head {
    return readHead(block, start, start + length, this.#blanks)
  }

  /** True where the bytes at `at` are those of the line. */
  matches({ block, start, length }: Line<Known>, bytes: Buffer, at: number): boolean {
    if (at + length > bytes.length) return false
    // Lines of one family differ towards their ends.
    for (let i = length - 1; i >= 0; i--) if (block[start + i] !== bytes[at + i]) return false
    return true
  }

  find(bytes: Buffer, from: number, to: number, hash: number): Line<Known> | undefined {
    const slots = this.#slots
    let number: number
    for (let slot = slots.first(hash); (number = slots.at(slot)) !== NOTHING; slot = slots.next(slot)) {
      if (slots.hashAt(slot) !== hash) continue
      const line = this.#all[number]!
      if (line.length === to - from && this.matches(line, bytes, from)) return line
    }
    return undefined
  }

  add(bytes: Buffer, place: { from: number; to: number; hash: number }, about: About): Line<Known> {
    const { from, to, hash } = place
    const length = to - from
    if (this.#used + length > this.#block.length) {
      this.#block = Buffer.alloc(Math.max(length, Math.min(this.#block.length * 2, BLOCK_BYTES_MAX)))
      this.#used = 0
    }
    const [block, start] = [this.#block, this.#used]
    this.#used += length
    bytes.copy(block, start, from, to)
    const line = new Line(this, { block, start, length, hash }, about)
    this.#slots.add(hash, this.#all.push(line) - 1)
    return line
  }

  /** Forgets lines that did not stand on this page, once they are as many as those that did; true where it did. */
  *trim(page: number, onPage: number): Steps<boolean> {
    if (this.size <= 2 * onPage + 64) return false
    const all = this.#all
    this.clear()
    for (const [i, line] of all.entries()) {
      if (i % STEP === STEP - 1) yield
      if (line.page !== page) continue
      const { block, start, length, hash } = line
      const moved = this.add(block, { from: start, to: start + length, hash }, line)
      moved.page = page
      moved.facts = line.facts
      moved.known = line.known
    }
    return true
  }

  clear(): void {
    this.#block = Buffer.alloc(BLOCK_BYTES)
    this.#used = 0
    this.#all = []
    this.#slots = new HashSlots()
  }
}
