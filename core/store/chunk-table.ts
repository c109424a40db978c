import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

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
const PAGE_SHIFT = 12
const PAGE_ROWS = 2 ** PAGE_SHIFT
const PAGE_MASK = PAGE_ROWS - 1

/** Columns of some chunks, one behind the other in one buffer; those of eight bytes first. */
class Page {
  readonly from: Float64Array
  readonly to: Float64Array
  readonly size: Uint32Array
  readonly file: Uint32Array
  readonly at: Uint32Array
  readonly next: Int32Array
  readonly count: Uint16Array

  constructor() {
    const memory = new ArrayBuffer(PAGE_ROWS * ROW_BYTES)
    this.from = new Float64Array(memory, 0, PAGE_ROWS)
    this.to = new Float64Array(memory, PAGE_ROWS * 8, PAGE_ROWS)
    this.size = new Uint32Array(memory, PAGE_ROWS * 16, PAGE_ROWS)
    this.file = new Uint32Array(memory, PAGE_ROWS * 20, PAGE_ROWS)
    this.at = new Uint32Array(memory, PAGE_ROWS * 24, PAGE_ROWS)
    this.next = new Int32Array(memory, PAGE_ROWS * 28, PAGE_ROWS)
    this.count = new Uint16Array(memory, PAGE_ROWS * 32, PAGE_ROWS)
  }
}

/** In the order in which they are saved. */
const COLUMNS = ['from', 'to', 'count', 'size', 'file', 'at', 'next'] as const satisfies readonly (keyof Page)[]

/**
 * Facts of chunks as columns, 34 bytes a chunk; a chunk is its row. Rows of freed chunks are used again. Columns lie in pages: growth
 * copies nothing and leaves nothing over.
 */
export class ChunkTable {
  readonly #pages: Page[] = []
  #used = 0
  #free = NONE

  /** Memory that the columns have. */
  get bytes(): number {
    return this.#pages.length * PAGE_ROWS * ROW_BYTES
  }

  from_ms(chunk: number): number {
    return this.#page(chunk).from[chunk & PAGE_MASK]!
  }

  to_ms(chunk: number): number {
    return this.#page(chunk).to[chunk & PAGE_MASK]!
  }

  count(chunk: number): number {
    return this.#page(chunk).count[chunk & PAGE_MASK]!
  }

  size(chunk: number): number {
    return this.#page(chunk).size[chunk & PAGE_MASK]!
  }

  file(chunk: number): number {
    return this.#page(chunk).file[chunk & PAGE_MASK]!
  }

  at(chunk: number): number {
    return this.#page(chunk).at[chunk & PAGE_MASK]!
  }

  next(chunk: number): number {
    return this.#page(chunk).next[chunk & PAGE_MASK]!
  }

  /** Puts a chunk behind `before` (`NONE`: it begins a list). Returns it. */
  insert(info: ChunkInfo, before: number): number {
    const chunk = this.#row()
    this.set(chunk, info)
    this.#link(chunk, before === NONE ? NONE : this.next(before))
    if (before !== NONE) this.#link(before, chunk)
    return chunk
  }

  /** The chunk keeps its place in the list. */
  set(chunk: number, { from_ms, to_ms, count, size, file, at }: ChunkInfo): void {
    const page = this.#page(chunk)
    const row = chunk & PAGE_MASK
    page.from[row] = from_ms
    page.to[row] = to_ms
    page.count[row] = count
    page.size[row] = size
    page.file[row] = file
    page.at[row] = at
  }

  /** Frees the first chunk of a list; returns what is first now. */
  dropFirst(chunk: number): number {
    const next = this.next(chunk)
    this.#link(chunk, this.#free)
    this.#free = chunk
    return next
  }

  /** Frees the chunk behind one. */
  dropAfter(chunk: number): void {
    this.#link(chunk, this.dropFirst(this.next(chunk)))
  }

  save(writer: ByteWriter): void {
    writer.u32(this.#used)
    writer.u32(this.#free + 1)
    for (const name of COLUMNS) for (const [column, rows] of this.#parts(name)) writer.column(column.subarray(0, rows))
  }

  /** Into a fresh one. */
  load(reader: ByteReader): void {
    const used = reader.u32()
    if (used * ROW_BYTES > reader.left) throw new ServiceError('bad_data', `${used} chunks do not fit`)
    this.#free = reader.u32() - 1
    while (this.#pages.length * PAGE_ROWS < used) this.#pages.push(new Page())
    this.#used = used
    for (const name of COLUMNS) {
      for (const [column, rows] of this.#parts(name)) {
        const bytes = reader.raw(rows * column.BYTES_PER_ELEMENT)
        new Uint8Array(column.buffer, column.byteOffset, bytes.length).set(bytes)
      }
    }
  }

  /** A column page by page, with the rows in use of each. */
  #parts(name: (typeof COLUMNS)[number]) {
    return this.#pages.map((page, i) => [page[name], Math.min(PAGE_ROWS, this.#used - i * PAGE_ROWS)] as const)
  }

  #page(chunk: number): Page {
    return this.#pages[chunk >>> PAGE_SHIFT]!
  }

  #link(chunk: number, next: number): void {
    this.#page(chunk).next[chunk & PAGE_MASK] = next
  }

  #row(): number {
    if (this.#free !== NONE) {
      const chunk = this.#free
      this.#free = this.next(chunk)
      return chunk
    }
    if (this.#used === this.#pages.length * PAGE_ROWS) this.#pages.push(new Page())
    return this.#used++
  }
}
