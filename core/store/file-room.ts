import type { Extent } from './checkpoint-file.ts'

type Span = Pick<Extent, 'offset' | 'length'>

/** Gives out the room of a file from a place on, around what lies there and stays. */
export class FileRoom {
  /** What stays, by place; and the first of it that lies ahead. */
  readonly #taken: readonly Span[]
  #next = 0
  #at: number

  constructor(at: number, taken: Iterable<Span>) {
    this.#at = at
    this.#taken = [...taken].toSorted((a, b) => a.offset - b.offset)
  }

  /** Behind all that was given out. */
  get end(): number {
    return this.#at
  }

  /** For so many bytes in one; what is too small for them is left out. */
  whole(length: number): Span {
    while (this.#ahead() < length) this.#pass()
    return this.#take(length)
  }

  /** For some of so many bytes, at least one. */
  some(length: number): Span {
    while (this.#ahead() === 0) this.#pass()
    return this.#take(Math.min(length, this.#ahead()))
  }

  /** Bytes up to what stays next. */
  #ahead(): number {
    return (this.#taken[this.#next]?.offset ?? Infinity) - this.#at
  }

  #pass(): void {
    const { offset, length } = this.#taken[this.#next++]!
    this.#at = offset + length
  }

  #take(length: number): Span {
    const offset = this.#at
    this.#at += length
    return { offset, length }
  }
}
