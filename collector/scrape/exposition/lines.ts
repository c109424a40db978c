import { grown } from '#core/store/grow.ts'

import type { Facts } from './facts.ts'
import type { Family, Metadata } from './family.ts'
import type { Head } from './head.ts'

/** A line that was seen before: of a sample what stands before its value, of metadata all of it. */
export interface Line<Known> {
  /** Its bytes in the arena. */
  readonly start: number
  readonly length: number
  readonly hash: number
  /** What came behind it last time. */
  next: Line<Known> | undefined
  /** The page that it stood on last, counted from 1. */
  page: number
  /** Of metadata; undefined for a sample. */
  readonly metadata: Metadata | undefined
  readonly head: Head
  readonly family: Family
  /** What the rules of OpenMetrics know of it. */
  facts: Facts | undefined
  /** What whoever reads samples knows of it. */
  known: Known | undefined
}

/** FNV-1a, 32 bits. */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash >>> 0
}

/** The lines of a target's pages, found by their bytes. */
export class Lines<Known> {
  #arena = new Uint8Array(1024)
  #used = 0
  #count = 0
  readonly #byHash = new Map<number, Line<Known>[]>()

  get size(): number {
    return this.#count
  }

  /** True where the bytes at `at` are those of the line. */
  matches({ start, length }: Line<Known>, bytes: Uint8Array, at: number): boolean {
    const arena = this.#arena
    if (at + length > bytes.length) return false
    // Lines of one family differ towards their ends.
    for (let i = length - 1; i >= 0; i--) if (arena[start + i] !== bytes[at + i]) return false
    return true
  }

  find(bytes: Uint8Array, from: number, to: number, hash: number): Line<Known> | undefined {
    const lines = this.#byHash.get(hash)
    if (lines === undefined) return undefined
    for (const line of lines) if (line.length === to - from && this.matches(line, bytes, from)) return line
    return undefined
  }

  add(bytes: Uint8Array, from: number, to: number, line: Omit<Line<Known>, 'start' | 'length'>): Line<Known> {
    const start = this.#used
    this.#arena = grown(this.#arena, start + to - from)
    this.#arena.set(bytes.subarray(from, to), start)
    this.#used += to - from
    const added = { ...line, start, length: to - from }
    this.#keep(added)
    return added
  }

  /** Forgets lines that did not stand on this page, once they are as many as those that did; true where it did. */
  trim(page: number, onPage: number): boolean {
    if (this.#count <= 2 * onPage + 64) return false
    const arena = this.#arena
    const kept = [...this.#byHash.values()].flat().filter((line) => line.page === page)
    this.clear()
    for (const line of kept) {
      const moved = this.add(arena, line.start, line.start + line.length, line)
      // Those before it find it by its hash, once.
      moved.next = undefined
    }
    return true
  }

  clear(): void {
    this.#arena = new Uint8Array(1024)
    this.#used = 0
    this.#count = 0
    this.#byHash.clear()
  }

  #keep(line: Line<Known>): void {
    const same = this.#byHash.get(line.hash)
    if (same === undefined) this.#byHash.set(line.hash, [line])
    else same.push(line)
    this.#count++
  }
}
