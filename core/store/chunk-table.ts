import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { grown } from './grow.ts'

/** Chunks of a series form a list in order of time; `NONE` ends it. */
export const NONE = -1
/** The file of a chunk whose pieces are in memory. */
export const MEMORY = 0

/** Facts of a chunk. Times are those of its oldest and newest sample. */
export interface ChunkInfo {
  readonly from_ms: number
  readonly to_ms: number
  readonly count: number
  /** Bytes. */
  readonly size: number
  /** Where it is: a file and the offset in it, or `MEMORY` and the address of its newest piece. */
  readonly file: number
  readonly at: number
}

const ROW_BYTES = 34

/** Facts of chunks as columns, 34 bytes a chunk; a chunk is its row. Rows of freed chunks are used again. */
export class ChunkTable {
  #from = new Float64Array(256)
  #to = new Float64Array(256)
  #count = new Uint16Array(256)
  #size = new Uint32Array(256)
  #file = new Uint32Array(256)
  #at = new Uint32Array(256)
  #next = new Int32Array(256)
  #used = 0
  #free = NONE

  /** Memory that the columns have. */
  get bytes(): number {
    return this.#columns().reduce((sum, { byteLength }) => sum + byteLength, 0)
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

  file(chunk: number): number {
    return this.#file[chunk]!
  }

  at(chunk: number): number {
    return this.#at[chunk]!
  }

  next(chunk: number): number {
    return this.#next[chunk]!
  }

  /** Puts a chunk behind `before` (`NONE`: it begins a list). Returns it. */
  insert(info: ChunkInfo, before: number): number {
    const chunk = this.#row()
    this.set(chunk, info)
    this.#next[chunk] = before === NONE ? NONE : this.#next[before]!
    if (before !== NONE) this.#next[before] = chunk
    return chunk
  }

  /** The chunk keeps its place in the list. */
  set(chunk: number, { from_ms, to_ms, count, size, file, at }: ChunkInfo): void {
    this.#from[chunk] = from_ms
    this.#to[chunk] = to_ms
    this.#count[chunk] = count
    this.#size[chunk] = size
    this.#file[chunk] = file
    this.#at[chunk] = at
  }

  /** Frees the first chunk of a list; returns what is first now. */
  dropFirst(chunk: number): number {
    const next = this.#next[chunk]!
    this.#next[chunk] = this.#free
    this.#free = chunk
    return next
  }

  /** Frees the chunk behind one. */
  dropAfter(chunk: number): void {
    this.#next[chunk] = this.dropFirst(this.#next[chunk]!)
  }

  save(writer: ByteWriter): void {
    writer.u32(this.#used)
    writer.u32(this.#free + 1)
    for (const column of this.#columns()) writer.column(column.subarray(0, this.#used))
  }

  /** Into a fresh one. */
  load(reader: ByteReader): void {
    const used = reader.u32()
    if (used * ROW_BYTES > reader.left) throw new ServiceError('bad_data', `${used} chunks do not fit`)
    this.#free = reader.u32() - 1
    this.#grow(used)
    this.#used = used
    for (const column of this.#columns()) {
      const bytes = reader.raw(used * column.BYTES_PER_ELEMENT)
      new Uint8Array(column.buffer).set(bytes)
    }
  }

  #columns() {
    return [this.#from, this.#to, this.#count, this.#size, this.#file, this.#at, this.#next]
  }

  #row(): number {
    if (this.#free !== NONE) {
      const chunk = this.#free
      this.#free = this.#next[chunk]!
      return chunk
    }
    if (this.#used === this.#from.length) this.#grow(this.#used + 1)
    return this.#used++
  }

  #grow(length: number): void {
    this.#from = grown(this.#from, length)
    this.#to = grown(this.#to, length)
    this.#count = grown(this.#count, length)
    this.#size = grown(this.#size, length)
    this.#file = grown(this.#file, length)
    this.#at = grown(this.#at, length)
    this.#next = grown(this.#next, length)
  }
}
