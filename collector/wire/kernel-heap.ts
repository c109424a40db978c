import { join } from 'node:path'

import { compileKernel, Instance, type KernelMemory, type KernelValue, Memory } from '#core/kernels.ts'

import type { KeyMemory } from './alias-table.ts'

/** As WebAssembly counts memory. One can have 4 GiB. */
const WASM_PAGE = 2 ** 16
const FIRST_PAGES = 16
const MOST_PAGES = 2 ** 16

/** What `kernel/` exports: where things lie, and who reads them. */
interface Exports {
  readonly PAGES: KernelValue
  readonly BOUNDS_PAGES: KernelValue
  readonly MOST_PAGES: KernelValue
  readonly CODE: KernelValue
  readonly ROW: KernelValue
  readonly BOUNDS_FROM: KernelValue
  readonly BOUNDS_TO: KernelValue
  readonly BUCKETS_TO: KernelValue
  readonly TIME_MS: KernelValue
  readonly START_MS: KernelValue
  readonly VALUE: KernelValue
  readonly COUNT: KernelValue
  readonly ROOM: KernelValue
  readonly BUCKETS: KernelValue
  readonly STAGE: KernelValue
  readonly STAGE_BYTES: KernelValue
  readonly HEAP: KernelValue
  readonly numbersEnd: KernelValue
  readonly histogramsEnd: KernelValue
  readNumbers(from: number, to: number, metric: number, entries: number, before: number): number
  readHistograms(
    from: number,
    to: number,
    metric: number,
    entries: number,
    before: number,
    rows: number,
    rowBefore: number,
  ): number
}

/** Undefined where the processor has no vectors. */
const compiled = compileKernel(join(import.meta.dirname, 'kernel/usual-points.wasm'))

/** What lies in the memory of the kernel, seen from here. */
class Views {
  readonly stage: Uint8Array
  readonly code: Int32Array
  readonly row: Int32Array
  readonly boundsFrom: Uint32Array
  readonly boundsTo: Uint32Array
  readonly bucketsTo: Uint32Array
  readonly time_ms: Float64Array
  readonly start_ms: Float64Array
  readonly value: Float64Array
  readonly count: Float64Array
  readonly buckets: Float64Array

  constructor(buffer: ArrayBuffer, exports: Exports) {
    const room = exports.ROOM.value
    const integers = ({ value }: KernelValue): Uint32Array => new Uint32Array(buffer, value, room)
    const doubles = ({ value }: KernelValue): Float64Array => new Float64Array(buffer, value, room)
    this.stage = new Uint8Array(buffer, exports.STAGE.value, exports.STAGE_BYTES.value)
    this.code = new Int32Array(buffer, exports.CODE.value, room)
    this.row = new Int32Array(buffer, exports.ROW.value, room)
    this.boundsFrom = integers(exports.BOUNDS_FROM)
    this.boundsTo = integers(exports.BOUNDS_TO)
    this.bucketsTo = integers(exports.BUCKETS_TO)
    this.time_ms = doubles(exports.TIME_MS)
    this.start_ms = doubles(exports.START_MS)
    this.value = doubles(exports.VALUE)
    this.count = doubles(exports.COUNT)
    this.buckets = new Float64Array(buffer, exports.BUCKETS.value, exports.STAGE_BYTES.value >> 3)
  }
}

/** Keys and entries of a table. What there is no memory for lies elsewhere. */
class HeapKeys implements KeyMemory {
  readonly #heap: KernelHeap
  readonly #addresses: 'PAGES' | 'BOUNDS_PAGES'
  pages: DataView[] = []
  entries: Int32Array = new Int32Array(0)
  /** Views do not tell any more where they lay once the memory has grown. */
  entriesAt = 0
  #words = 0
  #pageBytes = 0
  moved = (): void => {}

  constructor(heap: KernelHeap, addresses: 'PAGES' | 'BOUNDS_PAGES') {
    this.#heap = heap
    this.#addresses = addresses
  }

  clear(): void {
    this.pages = []
    this.entries = new Int32Array(0)
    this.#words = 0
  }

  addPage(bytes: number): void {
    const at = this.#heap.room(bytes)
    if (at === undefined) this.pages.push(new DataView(new ArrayBuffer(bytes)))
    else {
      this.#addressesOf()[this.pages.length] = at
      this.#pageBytes = bytes
      this.pages.push(new DataView(this.#heap.buffer, at, bytes))
    }
    this.moved()
  }

  growEntries(words: number): void {
    const at = this.#heap.room(words * 4)
    const larger = at === undefined ? new Int32Array(words) : new Int32Array(this.#heap.buffer, at, words)
    larger.set(this.entries)
    this.entries = larger
    this.entriesAt = at ?? 0
    this.#words = words
    this.moved()
  }

  /** Everything lies where it lay, in another buffer. */
  look(): void {
    const { buffer } = this.#heap
    const addresses = this.#addressesOf()
    this.entries = new Int32Array(buffer, this.entriesAt, this.#words)
    this.pages = this.pages.map((_, page) => new DataView(buffer, addresses[page], this.#pageBytes))
    this.moved()
  }

  #addressesOf(): Uint32Array {
    const { buffer, exports } = this.#heap
    return new Uint32Array(buffer, exports[this.#addresses].value, exports.MOST_PAGES.value)
  }
}

/** Memory that a kernel reads, from the first key on: views of it are made anew whenever it grows. */
export class KernelHeap {
  readonly #module: object
  readonly #most: number
  #memory: KernelMemory | undefined
  #used = 0
  #isFull = false
  exports!: Exports
  views!: Views
  /** Keys of attributes. */
  readonly points = new HeapKeys(this, 'PAGES')
  /** Keys of bounds. */
  readonly rows = new HeapKeys(this, 'BOUNDS_PAGES')

  private constructor(module: object, most: number) {
    this.#module = module
    this.#most = most
  }

  /** With at most so many pages of 64 KiB. Undefined where the processor has no vectors. */
  static begin(most = MOST_PAGES): KernelHeap | undefined {
    return compiled && new KernelHeap(compiled, most)
  }

  /** Without memory for all keys the kernel is of no use: what it does not see it cannot read. */
  get isOfUse(): boolean {
    return this.#memory !== undefined && !this.#isFull
  }

  get buffer(): ArrayBuffer {
    return this.#memory!.buffer
  }

  /** All is forgotten. What was given out is given out again: WebAssembly gives no memory back. */
  clear(): void {
    if (this.#memory !== undefined) this.#used = this.exports.HEAP.value
    this.#isFull = false
    this.points.clear()
    this.rows.clear()
  }

  /** The address of so many bytes, never given back; undefined where there is no memory for them. */
  room(bytes: number): number | undefined {
    if (this.#isFull) return undefined
    try {
      this.#memory ??= this.#begin()
      const at = this.#used
      const missing = at + bytes - this.buffer.byteLength
      if (missing > 0) this.#grow(Math.ceil(missing / WASM_PAGE))
      this.#used = at + bytes
      return at
    } catch {
      this.#isFull = true
      return undefined
    }
  }

  /** Throws where there is no memory. */
  #begin(): KernelMemory {
    const memory = new Memory({ initial: FIRST_PAGES, maximum: this.#most })
    this.exports = new Instance(this.#module, { env: { memory } }).exports as Exports
    this.#used = this.exports.HEAP.value
    this.views = new Views(memory.buffer, this.exports)
    return memory
  }

  #grow(pages: number): void {
    this.#memory!.grow(pages)
    this.views = new Views(this.buffer, this.exports)
    this.points.look()
    this.rows.look()
  }
}
