import { addressOf, type Arena, SLAB_WORDS, type Slab, slabOf, wordOf } from './arena.ts'
import { grown } from './grow.ts'

/** Chunks of a series form a list in order of time; `NONE` ends it. */
export const NONE = -1

/** Facts of a sealed chunk. Times are those of its oldest and newest sample. */
export interface ChunkInfo {
  readonly from_ms: number
  readonly to_ms: number
  readonly count: number
}

/** Bytes of sealed chunks, one behind the other in slabs; a slab is reused when its last chunk has gone. */
class ChunkHeap {
  readonly #arena: Arena
  readonly #living = new Map<number, number>()
  #slab = NONE
  #used = SLAB_WORDS

  constructor(arena: Arena) {
    this.#arena = arena
  }

  store(bytes: Uint8Array): number {
    const words = Math.ceil(bytes.length / 8)
    if (this.#used + words > SLAB_WORDS) {
      const full = this.#slab
      this.#slab = this.#arena.take()
      this.#used = 0
      if (full !== NONE && this.#living.get(full) === undefined) this.#arena.give(full)
    }
    const address = addressOf(this.#slab, this.#used)
    this.slab(address).u8.set(bytes, this.#used * 8)
    this.#used += words
    this.#living.set(this.#slab, (this.#living.get(this.#slab) ?? 0) + 1)
    return address
  }

  release(address: number): void {
    const slab = slabOf(address)
    const living = (this.#living.get(slab) ?? 0) - 1
    if (living > 0) this.#living.set(slab, living)
    else {
      this.#living.delete(slab)
      if (slab !== this.#slab) this.#arena.give(slab)
    }
  }

  slab(address: number): Slab {
    return this.#arena.slab(slabOf(address))
  }
}

/** Sealed chunks as columns; a chunk is its row. Rows of freed chunks are used again. */
export class ChunkTable {
  readonly #heap: ChunkHeap
  #from = new Float64Array(256)
  #to = new Float64Array(256)
  #address = new Uint32Array(256)
  #size = new Uint32Array(256)
  #count = new Uint16Array(256)
  #next = new Int32Array(256)
  #used = 0
  #free = NONE
  #bytes = 0

  constructor(arena: Arena) {
    this.#heap = new ChunkHeap(arena)
  }

  /** Of payloads, without this table (30 a chunk). */
  get bytes(): number {
    return this.#bytes
  }

  from_ms(chunk: number): number {
    return this.#from[chunk]!
  }

  to_ms(chunk: number): number {
    return this.#to[chunk]!
  }

  count(chunk: number): number {
    return this.#count[chunk]!
  }

  size(chunk: number): number {
    return this.#size[chunk]!
  }

  next(chunk: number): number {
    return this.#next[chunk]!
  }

  /** Where the bytes lie: a slab's bytes and the offset in them. */
  place(chunk: number): { bytes: Uint8Array; at: number } {
    const address = this.#address[chunk]!
    return { bytes: this.#heap.slab(address).u8, at: wordOf(address) * 8 }
  }

  /** Copies the bytes in and puts the chunk behind `before` (`NONE`: it begins a list). Returns the chunk. */
  insert(bytes: Uint8Array, info: ChunkInfo, before: number): number {
    const chunk = this.#row()
    this.#write(chunk, bytes, info)
    this.#next[chunk] = before === NONE ? NONE : this.#next[before]!
    if (before !== NONE) this.#next[before] = chunk
    return chunk
  }

  /** The chunk keeps its place in the list and gets new content. */
  replace(chunk: number, bytes: Uint8Array, info: ChunkInfo): void {
    this.#heap.release(this.#address[chunk]!)
    this.#bytes -= this.#size[chunk]!
    this.#write(chunk, bytes, info)
  }

  /** Frees the first chunk of a list; returns what is first now. */
  dropFirst(chunk: number): number {
    const next = this.#next[chunk]!
    this.#heap.release(this.#address[chunk]!)
    this.#bytes -= this.#size[chunk]!
    this.#next[chunk] = this.#free
    this.#free = chunk
    return next
  }

  #write(chunk: number, bytes: Uint8Array, info: ChunkInfo): void {
    this.#address[chunk] = this.#heap.store(bytes)
    this.#size[chunk] = bytes.length
    this.#from[chunk] = info.from_ms
    this.#to[chunk] = info.to_ms
    this.#count[chunk] = info.count
    this.#bytes += bytes.length
  }

  #row(): number {
    if (this.#free !== NONE) {
      const chunk = this.#free
      this.#free = this.#next[chunk]!
      return chunk
    }
    if (this.#used === this.#from.length) this.#grow()
    return this.#used++
  }

  #grow(): void {
    const length = this.#used * 2
    this.#from = grown(this.#from, length)
    this.#to = grown(this.#to, length)
    this.#address = grown(this.#address, length)
    this.#size = grown(this.#size, length)
    this.#count = grown(this.#count, length)
    this.#next = grown(this.#next, length)
  }
}
