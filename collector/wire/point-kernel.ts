import type { AliasTable, KeyMemory } from './alias-table.ts'
import { KernelHeap } from './kernel-heap.ts'
import type { HistogramColumns, NumberColumns } from './points.ts'
import * as states from './points.ts'
import type { ProtoSource } from './proto-source.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { PLAIN } = states

/** To lay less there costs more than it saves. */
const LEAST_BYTES = 768
/** A body of so many bytes is laid there as a whole: it stays near, and to lay metric by metric costs more than to copy what is no point. */
const WHOLE_BYTES = 2 ** 16

/** Who is known: attributes in the context of a metric, bounds in that of attributes. */
interface Aliases {
  readonly points: AliasTable
  readonly rows: AliasTable
}

/**
 * Reads usual points in WebAssembly, with vectors: see decision 011. Keys and entries of the tables of their aliases lie in its memory; of a body,
 * the points of a metric are laid there. Whatever is not usual is left to `readNumbers` and `readHistograms`, and everything is where there is
 * no memory for it.
 */
export class PointKernel {
  readonly #heap: KernelHeap
  /** What lies on the stage as a whole. */
  #whole: Uint8Array | undefined
  /** Of what lies on the stage: where it begins and ends in its body. */
  #from = 0
  #to = 0

  private constructor(heap: KernelHeap) {
    this.#heap = heap
  }

  /** With at most so many pages of 64 KiB. Undefined where the processor has no vectors. */
  static begin(most?: number): PointKernel | undefined {
    const heap = KernelHeap.begin(most)
    return heap && new PointKernel(heap)
  }

  /** Where what is known of attributes must lie. */
  get points(): KeyMemory {
    return this.#heap.points
  }

  /** The same of bounds. */
  get rows(): KeyMemory {
    return this.#heap.rows
  }

  /** All is forgotten. */
  clear(): void {
    this.#heap.clear()
  }

  /** Lays a body that is short; called with each, whose bytes stay as they are until the next. */
  layShort(body: Uint8Array): void {
    this.#whole = undefined
    if (!this.#heap.isOfUse || body.length < LEAST_BYTES || body.length > WHOLE_BYTES) return
    this.#heap.views.stage.set(body)
    this.#whole = body
  }

  /** Lays `[from, to)` of a body where it can be read; false where that is not worth it, or cannot be. */
  lay(body: Uint8Array, from: number, to: number): boolean {
    if (to - from < LEAST_BYTES || !this.#heap.isOfUse) return false
    const { stage } = this.#heap.views
    if (to - from > stage.length) return false
    this.#to = to
    if (body === this.#whole) {
      this.#from = 0
      return true
    }
    this.#whole = undefined
    stage.set(body.subarray(from, to))
    this.#from = from
    return true
  }

  /** Takes the usual points that stand at `at` of what was laid; returns where the first begins that is not, or the end. */
  readNumbers(at: number, metric: number, { points }: Aliases, numbers: NumberColumns): number {
    const { last } = points
    if (last < 0) return at
    const heap = this.#heap
    const { exports, views } = heap
    const taken = exports.readNumbers(at - this.#from, this.#to - this.#from, metric, heap.points.entriesAt, last)
    if (taken === 0) return at
    points.met(views.code[taken - 1]!)
    this.#takeNumbers(taken, numbers)
    return this.#from + exports.numbersEnd.value
  }

  /** The same of histograms, whose body was laid. */
  readHistograms(
    at: number,
    metric: number,
    { points, rows }: Aliases,
    { points: { histograms }, source }: ProtoSource,
  ): number {
    const [last, lastRow] = [points.last, rows.last]
    if (last < 0 || lastRow < 0) return at
    const heap = this.#heap
    const { exports, views } = heap
    const [from, to] = [at - this.#from, this.#to - this.#from]
    const { entriesAt } = heap.points
    const taken = exports.readHistograms(from, to, metric, entriesAt, last, heap.rows.entriesAt, lastRow)
    if (taken === 0) return at
    points.met(views.code[taken - 1]!)
    rows.met(views.row[taken - 1]!)
    this.#takeHistograms(taken, histograms, source)
    return this.#from + exports.histogramsEnd.value
  }

  #takeNumbers(taken: number, numbers: NumberColumns): void {
    const { views } = this.#heap
    const at = numbers.length
    if (at + taken > numbers.code.length) numbers.grow(taken)
    const { code, time_ms, start_ms, value, state } = numbers
    for (let i = 0; i < taken; i++) {
      code[at + i] = views.code[i]!
      time_ms[at + i] = views.time_ms[i]!
      start_ms[at + i] = views.start_ms[i]!
      value[at + i] = views.value[i]!
      state[at + i] = PLAIN
    }
    numbers.length = at + taken
  }

  #takeHistograms(taken: number, histograms: HistogramColumns, source: number): void {
    const { views } = this.#heap
    const body = this.#from
    const at = histograms.length
    const first = histograms.start[at]!
    const buckets = views.bucketsTo[taken - 1]!
    if (at + taken >= histograms.code.length) histograms.grow(taken + 1)
    histograms.growBuckets(first + buckets)
    const { code, row, time_ms, start_ms, count, sum, state, from, to, start } = histograms
    for (let i = 0; i < taken; i++) {
      code[at + i] = views.code[i]!
      row[at + i] = views.row[i]!
      time_ms[at + i] = views.time_ms[i]!
      start_ms[at + i] = views.start_ms[i]!
      count[at + i] = views.count[i]!
      sum[at + i] = views.value[i]!
      state[at + i] = PLAIN
      histograms.source[at + i] = source
      from[at + i] = body + views.boundsFrom[i]!
      to[at + i] = body + views.boundsTo[i]!
      start[at + i + 1] = first + views.bucketsTo[i]!
    }
    histograms.buckets.set(views.buckets.subarray(0, buckets), first)
    histograms.length = at + taken
  }
}
