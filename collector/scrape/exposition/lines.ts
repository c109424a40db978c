import type { Facts } from './facts.ts'
import type { Family, Metadata } from './family.ts'
import { type Head, readHead } from './head.ts'

/** A line that was seen before: of a sample what stands before its value, of metadata all of it. There are many: it is small. */
export class Line<Known> {
  readonly #lines: Lines<Known>
  /** Its bytes in the arena. */
  readonly start: number
  readonly length: number
  readonly hash: number
  readonly family: Family
  /** Of metadata; undefined for a sample. */
  readonly metadata: Metadata | undefined
  /** What came behind it last time. */
  next: Line<Known> | undefined
  /** Another line of the same hash. */
  same: Line<Known> | undefined
  /** The page that it stood on last, counted from 1. */
  page = 0
  /** What the rules of OpenMetrics know of it. */
  facts: Facts | undefined
  /** What whoever reads samples knows of it. */
  known: Known | undefined

  constructor(lines: Lines<Known>, place: { start: number; length: number; hash: number }, about: About) {
    this.#lines = lines
    this.start = place.start
    this.length = place.length
    this.hash = place.hash
    this.family = about.family
    this.metadata = about.metadata
    this.next = undefined
    this.same = undefined
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

const ARENA_BYTES = 1024

/** FNV-1a, 32 bits, signed: it fits a small integer. */
export function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash | 0
}

/** The lines of a target's pages, found by their bytes. */
export class Lines<Known> {
  readonly #blanks: boolean
  #arena = Buffer.alloc(ARENA_BYTES)
  #used = 0
  #count = 0
  readonly #byHash = new Map<number, Line<Known>>()

  /** `blanks`: whether they may stand between the words of a head. */
  constructor(blanks: boolean) {
    this.#blanks = blanks
  }

  get size(): number {
    return this.#count
  }

  head({ start, length }: Line<Known>): Head {
    return readHead(this.#arena, start, start + length, this.#blanks)
  }

  /** True where the bytes at `at` are those of the line. */
  matches({ start, length }: Line<Known>, bytes: Buffer, at: number): boolean {
    const arena = this.#arena
    if (at + length > bytes.length) return false
    // Lines of one family differ towards their ends.
    for (let i = length - 1; i >= 0; i--) if (arena[start + i] !== bytes[at + i]) return false
    return true
  }

  find(bytes: Buffer, from: number, to: number, hash: number): Line<Known> | undefined {
    let line = this.#byHash.get(hash)
    while (line !== undefined && !(line.length === to - from && this.matches(line, bytes, from))) line = line.same
    return line
  }

  add(bytes: Buffer, place: { from: number; to: number; hash: number }, about: About): Line<Known> {
    const { from, to, hash } = place
    const start = this.#used
    this.#used += to - from
    if (this.#used > this.#arena.length) {
      const larger = Buffer.alloc(Math.max(this.#used, this.#arena.length * 2))
      this.#arena.copy(larger)
      this.#arena = larger
    }
    bytes.copy(this.#arena, start, from, to)
    const line = new Line(this, { start, length: to - from, hash }, about)
    line.same = this.#byHash.get(hash)
    this.#byHash.set(hash, line)
    this.#count++
    return line
  }

  /** Forgets lines that did not stand on this page, once they are as many as those that did; true where it did. */
  trim(page: number, onPage: number): boolean {
    if (this.#count <= 2 * onPage + 64) return false
    const arena = this.#arena
    const first = [...this.#byHash.values()]
    this.clear()
    for (const chain of first) {
      for (let line: Line<Known> | undefined = chain; line !== undefined; line = line.same) {
        if (line.page !== page) continue
        const { start, length, hash } = line
        const moved = this.add(arena, { from: start, to: start + length, hash }, line)
        moved.page = page
        moved.facts = line.facts
        moved.known = line.known
      }
    }
    return true
  }

  clear(): void {
    this.#arena = Buffer.alloc(ARENA_BYTES)
    this.#used = 0
    this.#count = 0
    this.#byHash.clear()
  }
}
