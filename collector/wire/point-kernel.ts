import { join } from 'node:path'

import { compileKernel, Instance, type KernelMemory, type KernelValue, Memory } from '#core/kernels.ts'

import type { AliasTable, KeyMemory } from './alias-table.ts'
import type { NumberColumns } from './points.ts'
import * as states from './points.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { PLAIN } = states

/** As WebAssembly counts memory. One can have 4 GiB. */
const WASM_PAGE = 2 ** 16
const FIRST_PAGES = 16
const MOST_PAGES = 2 ** 16
/** To lay less there costs more than it saves. */
const LEAST_BYTES = 768

/** What `kernel/usual-points.ts` exports. */
interface Exports {
  readonly PAGES: KernelValue
  readonly CODE: KernelValue
  readonly TIME_MS: KernelValue
  readonly START_MS: KernelValue
  readonly VALUE: KernelValue
  readonly ROOM: KernelValue
  readonly STAGE: KernelValue
  readonly STAGE_BYTES: KernelValue
  readonly HEAP: KernelValue
  readonly behind: KernelValue
  read(from: number, to: number, metric: number, entries: number, before: number): number
}

/** Undefined where the processor has no vectors. */
const compiled = compileKernel(join(import.meta.dirname, 'kernel/usual-points.wasm'))

/** Memory that a kernel reads: views of it are made anew whenever it grows. */
class Heap {
  readonly exports: Exports
  readonly #memory: KernelMemory
  #used = 0
  stage!: Uint8Array
  code!: Int32Array
  time_ms!: Float64Array
  start_ms!: Float64Array
  value!: Float64Array
  /** The addresses of pages of keys, by number. */
  pages!: Uint32Array

  /** Throws where there is no memory. */
  constructor(module: object, most: number) {
    const memory = (this.#memory = new Memory({ initial: FIRST_PAGES, maximum: most }))
    this.exports = new Instance(module, { env: { memory } }).exports as Exports
    this.clear()
    this.#look()
  }

  get buffer(): ArrayBuffer {
    return this.#memory.buffer
  }

  clear(): void {
    this.#used = this.exports.HEAP.value
  }

  /** The address of so many bytes, never given back. Throws where there is no memory. */
  room(bytes: number): number {
    const at = this.#used
    const missing = at + bytes - this.buffer.byteLength
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / WASM_PAGE))
      this.#look()
    }
    this.#used = at + bytes
    return at
  }

  #look(): void {
    const { buffer, exports } = this
    const room = exports.ROOM.value
    this.stage = new Uint8Array(buffer, exports.STAGE.value, exports.STAGE_BYTES.value)
    this.code = new Int32Array(buffer, exports.CODE.value, room)
    this.time_ms = new Float64Array(buffer, exports.TIME_MS.value, room)
    this.start_ms = new Float64Array(buffer, exports.START_MS.value, room)
    this.value = new Float64Array(buffer, exports.VALUE.value, room)
    this.pages = new Uint32Array(buffer, exports.PAGES.value, (exports.CODE.value - exports.PAGES.value) >> 2)
  }
}

/**
 * Reads usual points of gauges and sums in WebAssembly, with vectors: see decision 011. Keys and entries of the table of their aliases lie in its
 * memory; of a body, the points of a metric are laid there. Whatever is not usual is left to `readNumbers`, and everything is where
 * there is no memory for it.
 */
export class PointKernel implements KeyMemory {
  readonly #module: object
  readonly #most: number
  #heap: Heap | undefined
  /** There is no memory left. */
  #isFull = false
  pages: DataView[] = []
  entries: Int32Array = new Int32Array(0)
  /** Their address and length, and that of pages: views do not tell any more once the memory has grown. */
  #entriesAt = 0
  #words = 0
  #pageBytes = 0
  /** Of what lies on the stage: where it begins and ends in its body. */
  #from = 0
  #to = 0

  private constructor(module: object, most: number) {
    this.#module = module
    this.#most = most
  }

  /** With at most so many pages of 64 KiB. Undefined where the processor has no vectors. */
  static begin(most = MOST_PAGES): PointKernel | undefined {
    return compiled && new PointKernel(compiled, most)
  }

  /** All is forgotten. What was given out is given out again: WebAssembly gives no memory back. */
  clear(): void {
    this.#heap?.clear()
    this.#isFull = false
    this.pages = []
    this.entries = new Int32Array(0)
    this.#words = 0
  }

  addPage(bytes: number): void {
    const at = this.#room(bytes)
    if (at === undefined) return void this.pages.push(new DataView(new ArrayBuffer(bytes)))
    const { buffer, pages } = this.#heap!
    pages[this.pages.length] = at
    this.#pageBytes = bytes
    this.pages.push(new DataView(buffer, at, bytes))
  }

  growEntries(words: number): void {
    const at = this.#room(words * 4)
    const larger = at === undefined ? new Int32Array(words) : new Int32Array(this.#heap!.buffer, at, words)
    larger.set(this.entries)
    this.entries = larger
    this.#entriesAt = at ?? 0
    this.#words = words
  }

  /** Lays `[from, to)` of a body where it can be read; false where that is not worth it, or cannot be. */
  lay(body: Uint8Array, from: number, to: number): boolean {
    const heap = this.#heap
    if (heap === undefined || this.#isFull) return false
    if (to - from < LEAST_BYTES || to - from > heap.stage.length) return false
    heap.stage.set(body.subarray(from, to))
    this.#from = from
    this.#to = to
    return true
  }

  /** Takes the usual points that stand at `at` of what was laid; returns where the first begins that is not, or the end. */
  read(at: number, metric: number, aliases: AliasTable, numbers: NumberColumns): number {
    const { last } = aliases
    if (last < 0) return at
    const { exports, code } = this.#heap!
    const taken = exports.read(at - this.#from, this.#to - this.#from, metric, this.#entriesAt, last)
    if (taken === 0) return at
    aliases.met(code[taken - 1]!)
    this.#take(taken, numbers)
    return this.#from + exports.behind.value
  }

  #take(taken: number, numbers: NumberColumns): void {
    const heap = this.#heap!
    const at = numbers.length
    if (at + taken > numbers.code.length) numbers.grow(taken)
    const { code, time_ms, start_ms, value, state } = numbers
    for (let i = 0; i < taken; i++) {
      code[at + i] = heap.code[i]!
      time_ms[at + i] = heap.time_ms[i]!
      start_ms[at + i] = heap.start_ms[i]!
      value[at + i] = heap.value[i]!
      state[at + i] = PLAIN
    }
    numbers.length = at + taken
  }

  /** An address in the heap. Without memory for all keys the kernel is of no use: what it does not see it cannot read. */
  #room(bytes: number): number | undefined {
    if (this.#isFull) return undefined
    try {
      const heap = (this.#heap ??= new Heap(this.#module, this.#most))
      const { buffer } = heap
      const at = heap.room(bytes)
      if (heap.buffer !== buffer) this.#look()
      return at
    } catch {
      this.#isFull = true
      return undefined
    }
  }

  /** Everything lies where it lay, in another buffer. */
  #look(): void {
    const { buffer, pages } = this.#heap!
    this.entries = new Int32Array(buffer, this.#entriesAt, this.#words)
    this.pages = this.pages.map((_, page) => new DataView(buffer, pages[page], this.#pageBytes))
  }
}
