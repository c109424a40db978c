import { Arena, wordOf } from './arena.ts'
import { decodeChunk, encodeChunk, type Samples } from './chunk-codec.ts'
import { ChunkTable, NONE } from './chunk-table.ts'
import { grown } from './grow.ts'
import { fullCapacity, HeadBlocks, nextCapacity } from './head-blocks.ts'
import { LateSamples } from './late-samples.ts'
import { type LooseSample, lowerBound, SampleBuffer, sameSample } from './sample-buffer.ts'

/** What became of a sample behind the newest. */
export type LateOutcome = 'stored' | 'duplicate' | 'conflict'

/** Index list 0 … n − 1, for those who want every column. */
export function allColumns(columns: number): readonly number[] {
  return Array.from({ length: columns }, (_, i) => i)
}

/**
 * The samples of every series: sealed chunks, then a raw head, and late ones beside them. A series is a row, from 0; its
 * value columns are one for a float, or sum, count and buckets.
 */
export class SampleTable {
  readonly #arena = new Arena()
  readonly #heads = new HeadBlocks(this.#arena)
  readonly #chunks = new ChunkTable(this.#arena)
  readonly #late = new LateSamples()
  #rows = 0
  #newest = new Float64Array(256)
  #columns = new Uint16Array(256)
  #head = new Uint32Array(256)
  #capacity = new Uint8Array(256)
  #first = new Int32Array(256)
  #last = new Int32Array(256)
  readonly #work = new SampleBuffer()
  /** The chunk that was decoded last to look for duplicates: they come in runs. */
  readonly #seen = new SampleBuffer()
  #seenChunk = NONE

  /** Payload of heads, chunks and late samples. */
  get bytes(): number {
    return this.#heads.bytes + this.#chunks.bytes + this.#late.bytes
  }

  /** What the process holds for heads and chunks. */
  get allocated(): number {
    return this.#arena.bytes
  }

  get heads(): HeadBlocks {
    return this.#heads
  }

  get chunks(): ChunkTable {
    return this.#chunks
  }

  get late(): LateSamples {
    return this.#late
  }

  /** A new series; returns its row. */
  add(columns: number): number {
    const row = this.#rows++
    this.#newest = grown(this.#newest, this.#rows)
    this.#columns = grown(this.#columns, this.#rows)
    this.#head = grown(this.#head, this.#rows)
    this.#capacity = grown(this.#capacity, this.#rows)
    this.#first = grown(this.#first, this.#rows)
    this.#last = grown(this.#last, this.#rows)
    this.#newest[row] = -Infinity
    this.#columns[row] = columns
    this.#first[row] = NONE
    this.#last[row] = NONE
    return row
  }

  columns(row: number): number {
    return this.#columns[row]!
  }

  newest_ms(row: number): number {
    return this.#newest[row]!
  }

  /** Event time of the oldest sample; Infinity where there is none. */
  oldest_ms(row: number): number {
    const chunk = this.#first[row]!
    const stored = chunk === NONE ? this.#headFrom(row) : this.#chunks.from_ms(chunk)
    return Math.min(stored, this.#late.of(row)[0]?.time_ms ?? Infinity)
  }

  firstChunk(row: number): number {
    return this.#first[row]!
  }

  /** Samples in the head, and how many it can take. */
  head(row: number): { length: number; capacity: number } {
    return { length: this.#headLength(row), capacity: this.#capacity[row]! }
  }

  /** The head's columns, longer than its length; undefined where there is no head. */
  headView(row: number): Samples | undefined {
    const head = this.#head[row]!
    return head === 0 ? undefined : this.#heads.view(head, this.#capacity[row]!, this.#columns[row]!)
  }

  /** Appends a float sample, newer than all of its series. */
  pushFloat(row: number, time_ms: number, value: number, stale: number): void {
    let head = this.#head[row]!
    let capacity = this.#capacity[row]!
    let length = head === 0 ? 0 : this.#heads.length(head)
    if (length === capacity) {
      length = this.#makeRoom(row)
      head = this.#head[row]!
      capacity = this.#capacity[row]!
    }
    const { f64, u8 } = this.#heads.slab(head)
    const at = wordOf(head) + 1
    f64[at + length] = time_ms
    f64[at + capacity + length] = value
    u8[(at + capacity * 2) * 8 + length] = stale
    this.#heads.publish(head, length + 1)
    this.#newest[row] = time_ms
  }

  /** Appends a sample of any width, newer than all of its series. */
  push(row: number, sample: LooseSample): void {
    const length = this.#headLength(row)
    const at = length === this.#capacity[row]! ? this.#makeRoom(row) : length
    const view = this.headView(row)!
    view.time_ms[at] = sample.time_ms
    for (const [i, column] of view.columns.entries()) column[at] = sample.values[i]!
    view.stale[at] = sample.stale
    this.#heads.publish(this.#head[row]!, at + 1)
    this.#newest[row] = sample.time_ms
  }

  /** Keeps a sample that is not newer than all of its series, unless one is there at its time. */
  insert(row: number, sample: LooseSample): LateOutcome {
    const same = this.#sameAsStored(row, sample)
    if (same !== undefined) return same ? 'duplicate' : 'conflict'
    if (this.#late.add(row, { ...sample, values: sample.values.slice() })) this.seal(row)
    return 'stored'
  }

  /** Gathers the samples of a range, both ends included; returns the part of `buffer` that holds them. */
  read(
    row: number,
    range: { from_ms: number; to_ms: number },
    wanted: readonly number[],
    buffer: SampleBuffer,
  ): { from: number; to: number } {
    buffer.reset(wanted.length)
    for (let chunk = this.#first[row]!; chunk !== NONE; chunk = this.#chunks.next(chunk)) {
      if (this.#chunks.to_ms(chunk) < range.from_ms) continue
      if (this.#chunks.from_ms(chunk) > range.to_ms) break
      this.#decode(chunk, wanted, buffer)
    }
    const length = this.#headLength(row)
    if (length > 0 && this.#headFrom(row) <= range.to_ms) buffer.append(this.headView(row)!, length, wanted)
    const late = this.#late.of(row)
    if (late.length > 0) {
      const inside = late.filter(({ time_ms }) => time_ms >= range.from_ms && time_ms <= range.to_ms)
      buffer.merge(inside, wanted)
    }
    return {
      from: lowerBound(buffer.time_ms, buffer.length, range.from_ms),
      to: upperBound(buffer, range.to_ms),
    }
  }

  /** Whether a sample lies in the range; decodes a chunk only where its two ends do not tell. */
  has(row: number, range: { from_ms: number; to_ms: number }): boolean {
    const { from_ms, to_ms } = range
    if (this.#newest[row]! < from_ms || this.oldest_ms(row) > to_ms) return false
    const inside = (time_ms: number): boolean => time_ms >= from_ms && time_ms <= to_ms
    if (inside(this.#newest[row]!) || inside(this.oldest_ms(row))) return true
    for (let chunk = this.#first[row]!; chunk !== NONE; chunk = this.#chunks.next(chunk)) {
      if (inside(this.#chunks.from_ms(chunk)) || inside(this.#chunks.to_ms(chunk))) return true
    }
    const { from, to } = this.read(row, range, [], this.#work)
    return to > from
  }

  /** Seals the head and puts late samples where they belong. */
  seal(row: number): void {
    const late = this.#late.take(row)
    const length = this.#headLength(row)
    const headFrom = this.#first[row] === NONE ? -Infinity : this.#headFrom(row)
    const inHead = late.filter(({ time_ms }) => time_ms >= headFrom)
    if (inHead.length < late.length) this.#mergeLate(row, late.slice(0, late.length - inHead.length))
    if (length + inHead.length === 0) return
    const view = this.headView(row)
    if (inHead.length === 0) this.#sealRange(row, view!, 0, length)
    else {
      const wanted = allColumns(this.#columns[row]!)
      this.#work.reset(wanted.length)
      if (view !== undefined) this.#work.append(view, length, wanted)
      this.#work.merge(inHead, wanted)
      this.#sealPieces(row, this.#work)
    }
    if (this.#head[row] !== 0) this.#heads.publish(this.#head[row]!, 0)
  }

  /**
   * Lets go of sealed chunks and late samples that lie before `cutoff_ms` as a whole, and of the head of a series that
   * has nothing newer. Returns the number of samples dropped.
   */
  dropBefore(row: number, cutoff_ms: number): number {
    if (this.oldest_ms(row) >= cutoff_ms) return 0
    let dropped = this.#late.dropBefore(row, cutoff_ms)
    let chunk = this.#first[row]!
    while (chunk !== NONE && this.#chunks.to_ms(chunk) < cutoff_ms) {
      dropped += this.#chunks.count(chunk)
      if (chunk === this.#seenChunk) this.#seenChunk = NONE
      chunk = this.#chunks.dropFirst(chunk)
    }
    this.#first[row] = chunk
    if (chunk === NONE) this.#last[row] = NONE
    if (this.#newest[row]! < cutoff_ms && this.#head[row] !== 0) {
      dropped += this.#headLength(row)
      this.#heads.release(this.#head[row]!, this.#capacity[row]!, this.#columns[row]!)
      this.#head[row] = 0
      this.#capacity[row] = 0
    }
    return dropped
  }

  /** For loading: a chunk behind the last of the row. */
  addChunk(row: number, bytes: Uint8Array, info: { from_ms: number; to_ms: number; count: number }): void {
    const chunk = this.#chunks.insert(bytes, info, this.#last[row]!)
    if (this.#first[row] === NONE) this.#first[row] = chunk
    this.#last[row] = chunk
    this.#newest[row] = Math.max(this.#newest[row]!, info.to_ms)
  }

  /** For loading: an empty head of this capacity. */
  addHead(row: number, capacity: number): void {
    this.#head[row] = this.#heads.allocate(capacity, this.#columns[row]!)
    this.#capacity[row] = capacity
  }

  /** For loading: the mark behind which samples of the row are late, where nothing that is left tells it. */
  markNewest(row: number, time_ms: number): void {
    this.#newest[row] = Math.max(this.#newest[row]!, time_ms)
  }

  #headLength(row: number): number {
    const head = this.#head[row]!
    return head === 0 ? 0 : this.#heads.length(head)
  }

  #headFrom(row: number): number {
    const head = this.#head[row]!
    if (head === 0 || this.#heads.length(head) === 0) return Infinity
    return this.#heads.slab(head).f64[wordOf(head) + 1]!
  }

  /** Grows the head, or seals it when it is as large as it gets. Returns the length that it has now. */
  #makeRoom(row: number): number {
    const columns = this.#columns[row]!
    const capacity = this.#capacity[row]!
    if (capacity === fullCapacity(columns)) {
      this.seal(row)
      return 0
    }
    const old = this.#head[row]!
    const length = this.#headLength(row)
    const larger = nextCapacity(capacity, columns)
    const head = this.#heads.allocate(larger, columns)
    if (old !== 0) {
      const from = this.#heads.view(old, capacity, columns)
      const to = this.#heads.view(head, larger, columns)
      to.time_ms.set(from.time_ms)
      to.stale.set(from.stale)
      for (const [i, column] of to.columns.entries()) column.set(from.columns[i]!)
      this.#heads.publish(head, length)
      this.#heads.release(old, capacity, columns)
    }
    this.#head[row] = head
    this.#capacity[row] = larger
    return length
  }

  #decode(chunk: number, wanted: readonly number[], buffer: SampleBuffer): void {
    const count = this.#chunks.count(chunk)
    const { bytes, at } = this.#chunks.place(chunk)
    buffer.reserve(count)
    decodeChunk(bytes, at, count, { samples: buffer, wanted, at: buffer.length })
    buffer.length += count
  }

  /** Whether the stored sample of that time is this one; undefined when there is none. */
  #sameAsStored(row: number, sample: LooseSample): boolean | undefined {
    const { time_ms } = sample
    if (time_ms >= this.#headFrom(row)) {
      const view = this.headView(row)!
      const index = lowerBound(view.time_ms, this.#headLength(row), time_ms)
      if (index < this.#headLength(row) && view.time_ms[index] === time_ms) return sameSample(view, index, sample)
    }
    const late = this.#late.of(row)[this.#late.indexOf(row, time_ms)]
    if (late?.time_ms === time_ms) {
      if (late.stale === 1 || sample.stale === 1) return late.stale === sample.stale
      return late.values.every((value, i) => Object.is(value, sample.values[i]))
    }
    const chunk = this.#chunkAt(row, time_ms)
    if (chunk === NONE || this.#chunks.to_ms(chunk) < time_ms || this.#chunks.from_ms(chunk) > time_ms) return undefined
    if (this.#seenChunk !== chunk) {
      this.#seen.reset(this.#columns[row]!)
      this.#decode(chunk, allColumns(this.#columns[row]!), this.#seen)
      this.#seenChunk = chunk
    }
    const index = lowerBound(this.#seen.time_ms, this.#seen.length, time_ms)
    return this.#seen.time_ms[index] === time_ms ? sameSample(this.#seen, index, sample) : undefined
  }

  /** The last chunk that begins at or before this time, else the first; `NONE` where there is none. */
  #chunkAt(row: number, time_ms: number): number {
    let chunk = this.#first[row]!
    if (chunk === NONE) return NONE
    for (;;) {
      const next = this.#chunks.next(chunk)
      if (next === NONE || this.#chunks.from_ms(next) > time_ms) return chunk
      chunk = next
    }
  }

  /** Late samples that lie before the head go into the chunks that they belong to. */
  #mergeLate(row: number, late: readonly LooseSample[]): void {
    this.#seenChunk = NONE
    const wanted = allColumns(this.#columns[row]!)
    let from = 0
    while (from < late.length) {
      const chunk = this.#chunkAt(row, late[from]!.time_ms)
      const next = this.#chunks.next(chunk)
      const end_ms = next === NONE ? Infinity : this.#chunks.from_ms(next)
      let to = from + 1
      while (to < late.length && late[to]!.time_ms < end_ms) to++
      this.#work.reset(wanted.length)
      this.#decode(chunk, wanted, this.#work)
      this.#work.merge(late.slice(from, to), wanted)
      this.#replace(row, chunk, this.#work)
      from = to
    }
  }

  /** Writes one chunk anew, as several where it has become too large. */
  #replace(row: number, chunk: number, samples: SampleBuffer): void {
    let last = chunk
    for (const [from, to] of pieces(samples.length, fullCapacity(this.#columns[row]!))) {
      const bytes = encodeChunk({ samples, from, to })
      const info = { from_ms: samples.time_ms[from]!, to_ms: samples.time_ms[to - 1]!, count: to - from }
      if (from === 0) this.#chunks.replace(chunk, bytes, info)
      else last = this.#chunks.insert(bytes, info, last)
    }
    if (this.#last[row] === chunk) this.#last[row] = last
  }

  #sealPieces(row: number, samples: SampleBuffer): void {
    for (const [from, to] of pieces(samples.length, fullCapacity(this.#columns[row]!))) {
      this.#sealRange(row, samples, from, to)
    }
  }

  #sealRange(row: number, samples: Samples, from: number, to: number): void {
    const bytes = encodeChunk({ samples, from, to })
    const info = { from_ms: samples.time_ms[from]!, to_ms: samples.time_ms[to - 1]!, count: to - from }
    this.addChunk(row, bytes, info)
  }
}

/** Cuts `length` samples into pieces of about equal length, none over `limit`. */
function pieces(length: number, limit: number): [number, number][] {
  const count = Math.ceil(length / limit)
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * length) / count),
    Math.floor(((i + 1) * length) / count),
  ])
}

function upperBound(buffer: SampleBuffer, time_ms: number): number {
  const at = lowerBound(buffer.time_ms, buffer.length, time_ms)
  return at < buffer.length && buffer.time_ms[at] === time_ms ? at + 1 : at
}
