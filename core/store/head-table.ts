import { assert } from '../assert.ts'
import type { FloatColumns, HistogramColumns } from '../sample.ts'
import { Arena, SLAB_SHIFT, SLAB_WORDS, slabOf, wordOf } from './arena.ts'
import { BLOCK_WORDS, type Blocks } from './blocks.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import * as heads from './head-block.ts'
import { copyHead, fullCapacity, nextCapacity, pairAt, pairWords, spread, wordsOf } from './head-block.ts'
import { HeadFetch } from './head-fetch.ts'
import { Lanes } from './lanes.ts'
import { OWN_WORDS, pairColumns, type SavedRows } from './old-heads.ts'
import { loadPages, savePages } from './page-list.ts'
import * as layout from './row-column.ts'
import { PAGE_ROWS, RowColumn } from './row-column.ts'
import type { LooseSample, SampleBuffer } from './sample-buffer.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const { ROW_MASK, ROW_SHIFT } = layout
const { BLOCK_HEAD, CAPACITY, CAPACITY_SHIFT, FIRST_SAMPLES, FLOAT, FLOAT_PAIR, LANE_SHIFT, LEAST_SAMPLES } = heads
const { LENGTH, WHOLE } = heads

/** Of a record. */
const RECORD_WORDS = 2
const RECORD_BYTES = RECORD_WORDS * 8
const WORD_MASK = SLAB_WORDS - 1
/** So many samples are looked up together: few enough that all of it is still near when they are stored. */
const STRIP = 128
/** Histograms are wider. */
const WIDE_STRIP = 32

/** Records of rows that are gone: none had a sample, or takes one. */
const GONE = new SharedArrayBuffer(PAGE_ROWS * RECORD_BYTES)
for (let row = 0, times = new Float64Array(GONE); row < PAGE_ROWS; row++) times[row * RECORD_WORDS] = -Infinity

/** What a head needs of the table around it. */
export interface HeadHooks {
  /** The head is full: it must be empty afterwards. */
  readonly full: (row: number) => void
  /** A row without a head gets one. */
  readonly first: (row: number) => void
}

/** What is taken of a batch: times from `oldest_ms` to `latest_ms`. */
export interface TimeWindow {
  readonly oldest_ms: number
  readonly latest_ms: number
}

/**
 * The newest samples of every row, raw. A row has a record of 16 bytes: the time of its newest sample ever, the address of its block,
 * its state. A block is the time of its first sample, 64 bits of stale flags, then the samples in pairs: both times as ms behind the first
 * (u32), the values of one, the values of the other. So an append touches a record and where the block ends. Floats with a few samples share
 * blocks (`Lanes`): what eight rows get lies in two lines.
 */
export class HeadTable {
  readonly #blocks: Blocks
  readonly #lanes: Lanes
  readonly #hooks: HeadHooks
  readonly #records = new Arena(PAGE_ROWS * RECORD_WORDS, GONE)
  readonly #columns = new RowColumn(Uint16Array, 0)
  #rows = 0
  #bytes = 0
  /** Newest time that the last `pushFloats` or `pushHistograms` stored. */
  pushed_ms = -Infinity
  readonly #fetch: HeadFetch

  constructor(blocks: Blocks, hooks: HeadHooks) {
    this.#blocks = blocks
    this.#lanes = new Lanes(blocks, (row, address) => this.#setAddress(row, address))
    this.#hooks = hooks
    this.#fetch = new HeadFetch(this.#records, blocks.arena)
  }

  get rows(): number {
    return this.#rows
  }

  /** Of blocks. */
  get bytes(): number {
    return this.#bytes
  }

  /** Memory of records and widths. */
  get tableBytes(): number {
    return this.#records.bytes + this.#columns.bytes
  }

  /** A new row; returns it. */
  add(columns: number): number {
    assert(wordsOf(LEAST_SAMPLES, columns) <= BLOCK_WORDS, `${columns} columns are too many`)
    const row = this.#rows++
    if (row >>> ROW_SHIFT === this.#records.slabs) this.#records.add()
    this.#columns.push(columns)
    this.#setNewest(row, -Infinity)
    this.#setState(row, columns === 1 ? FLOAT : 0)
    return row
  }

  columns(row: number): number {
    return this.#columns.get(row)
  }

  /** Of all samples ever, -Infinity before the first. */
  newest_ms(row: number): number {
    return this.#records.f64[row >>> ROW_SHIFT]![(row & ROW_MASK) * 2]!
  }

  /** The mark behind which samples are late, where what is left does not tell it: a head ends with the newest. */
  markNewest(row: number, time_ms: number): void {
    if (this.length(row) === 0 && time_ms > this.newest_ms(row)) this.#setNewest(row, time_ms)
  }

  length(row: number): number {
    return this.#state(row) & LENGTH
  }

  /** Time of the first sample in the head; Infinity where there is none. */
  from_ms(row: number): number {
    if (this.length(row) === 0) return Infinity
    const address = this.#address(row)
    return this.#blocks.arena.f64[slabOf(address)]![wordOf(address)]!
  }

  /**
   * Appends the floats that are the newest of their series and lie in the window, and flags them in `fresh`; gives the index of every
   * other to `other`. Returns how many were appended. A reader beside this thread would need a fence: there is one place for it, the end.
   */
  pushFloats(floats: FloatColumns, window: TimeWindow, fresh: Uint8Array, other: (index: number) => void): number {
    const { series, time_ms: times, value: values, stale } = floats
    const { oldest_ms, latest_ms } = window
    const { f64: recordTimes, u32: recordStates } = this.#records
    const { f64, u32 } = this.#blocks.arena
    const { length: count } = floats
    const rows = this.#rows
    let pushed = 0
    let newest_ms = -Infinity
    for (let i = 0; i < count; i++) {
      if (i % STRIP === 0) this.#fetch.floats(series, i, Math.min(count, i + STRIP))
      const row = series[i]!
      const time_ms = times[i]!
      assert(row < rows, 'a sample of a series that was never resolved')
      const record = (row & ROW_MASK) * 2
      const recordTime = recordTimes[row >>> ROW_SHIFT]!
      const recordState = recordStates[row >>> ROW_SHIFT]!
      const state = recordState[record * 2 + 3]!
      assert((state & FLOAT) !== 0, 'a series of histograms takes no floats')
      if (!(time_ms > recordTime[record]! && time_ms >= oldest_ms && time_ms <= latest_ms)) {
        fresh[i] = 0
        other(i)
        continue
      }
      fresh[i] = 1
      pushed++
      if (time_ms > newest_ms) newest_ms = time_ms
      const length = state & LENGTH
      const capacity = (state >>> CAPACITY_SHIFT) & CAPACITY
      if (length > 0 && length < capacity && stale[i] === 0) {
        const address = recordState[record * 2 + 2]!
        const slab = address >>> SLAB_SHIFT
        const shift = (state & WHOLE) === 0 ? 0 : LANE_SHIFT
        const offsets = u32[slab]!
        const odd = length & 1
        const pair = (address & WORD_MASK) + ((BLOCK_HEAD + (length >>> 1) * FLOAT_PAIR) << shift)
        const half = pair * 2 + odd
        const before = odd === 1 ? half - 1 : half + 1 - ((2 * FLOAT_PAIR) << shift)
        // The time of the block's first sample lies in a line of its own, the newest time beside the row's state.
        const offset = offsets[before]! + (time_ms - recordTime[record]!)
        if (offset >>> 0 === offset) {
          offsets[half] = offset
          f64[slab]![pair + ((1 + odd) << shift)] = values[i]!
          recordState[record * 2 + 3] = state + 1
          recordTime[record] = time_ms
          continue
        }
      }
      this.#pushFloat(row, time_ms, values[i]!, stale[i]!)
    }
    this.pushed_ms = newest_ms
    return pushed
  }

  /** The same of histograms, whose flags are in `fresh` from `flag` on. */
  pushHistograms(
    histograms: HistogramColumns,
    window: TimeWindow,
    { fresh, flag }: { fresh: Uint8Array; flag: number },
    other: (index: number) => void,
  ): number {
    const { length: count, series, time_ms: times, start, stale } = histograms
    const { oldest_ms, latest_ms } = window
    const { f64: recordTimes, u32: recordStates } = this.#records
    const { f64, u32 } = this.#blocks.arena
    const rows = this.#rows
    let pushed = 0
    let newest_ms = -Infinity
    for (let i = 0; i < count; i++) {
      if (i % WIDE_STRIP === 0) this.#fetch.histograms(series, start, i, Math.min(count, i + WIDE_STRIP))
      const row = series[i]!
      const time_ms = times[i]!
      const columns = start[i + 1]! - start[i]! + 2
      assert(row < rows, 'a sample of a series that was never resolved')
      assert(this.#columns.get(row) === columns, 'a histogram has other buckets than its series')
      const record = (row & ROW_MASK) * 2
      const recordTime = recordTimes[row >>> ROW_SHIFT]!
      if (!(time_ms > recordTime[record]! && time_ms >= oldest_ms && time_ms <= latest_ms)) {
        fresh[flag + i] = 0
        other(i)
        continue
      }
      fresh[flag + i] = 1
      pushed++
      if (time_ms > newest_ms) newest_ms = time_ms
      const recordState = recordStates[row >>> ROW_SHIFT]!
      const state = recordState[record * 2 + 3]!
      const at = state & LENGTH
      if (at > 0 && at < ((state >>> CAPACITY_SHIFT) & CAPACITY) && stale[i] === 0) {
        const address = recordState[record * 2 + 2]!
        const offsets = u32[address >>> SLAB_SHIFT]!
        const pair = (address & WORD_MASK) + pairAt(at, columns)
        const half = pair * 2 + (at & 1)
        const before = (at & 1) === 1 ? 1 : 2 * pairWords(columns) - 1
        const offset = offsets[half - before]! + (time_ms - recordTime[record]!)
        if (offset >>> 0 === offset) {
          offsets[half] = offset
          this.#putHistogram(histograms, i, f64[address >>> SLAB_SHIFT]!, pair + 1 + (at & 1) * columns)
          recordState[record * 2 + 3] = state + 1
          recordTime[record] = time_ms
          continue
        }
      }
      this.#pushHistogram(histograms, i)
    }
    this.pushed_ms = newest_ms
    return pushed
  }

  /** Appends a sample of any width, newer than all of its row. */
  push(row: number, { time_ms, values, stale }: LooseSample): void {
    const at = this.#begin(row, time_ms, stale)
    const address = this.#address(row)
    const start = wordOf(address) + ((pairAt(at, values.length) + 1 + (at & 1) * values.length) << this.#spread(row))
    this.#blocks.arena.f64[slabOf(address)]!.set(values, start)
    this.#publish(row, time_ms, at)
  }

  /** Appends the head to a buffer, the wanted columns. */
  gather(row: number, wanted: readonly number[], buffer: SampleBuffer): void {
    const length = this.length(row)
    if (length === 0) return
    const address = this.#address(row)
    const { arena } = this.#blocks
    const block = arena.f64[slabOf(address)]!
    const halves = arena.u32[slabOf(address)]!
    const word = wordOf(address)
    const columns = this.#columns.get(row)
    const shift = this.#spread(row)
    const first = word + (BLOCK_HEAD << shift)
    const pair = pairWords(columns) << shift
    const flags = (word + (1 << shift)) * 2
    const base_ms = block[word]!
    buffer.reserve(length)
    const { time_ms, stale, length: to } = buffer
    for (let i = 0; i < length; i++) {
      time_ms[to + i] = base_ms + halves[(first + (i >>> 1) * pair) * 2 + (i & 1)]!
      stale[to + i] = (halves[flags + (i >>> 5)]! >>> (i & 31)) & 1
    }
    for (let i = 0; i < wanted.length; i++) {
      const column = buffer.columns[i]!
      const start = first + ((1 + wanted[i]!) << shift)
      const odd = columns << shift
      for (let j = 0; j < length; j++) column[to + j] = block[start + (j >>> 1) * pair + (j & 1) * odd]!
    }
    buffer.length += length
  }

  /** Empties the head; its block stays for what comes. */
  clear(row: number): void {
    this.#setState(row, this.#state(row) & ~LENGTH)
  }

  /** Empties the head and gives its memory back. */
  release(row: number): void {
    if (this.#capacity(row) === 0) return
    this.#give(row)
    this.#setState(row, this.#state(row) & FLOAT)
  }

  /** The same, and as if it never had a sample. */
  forget(row: number): void {
    this.release(row)
    this.#setNewest(row, -Infinity)
  }

  /** All rows of a page are gone: they have no blocks, and never had a sample. */
  drop(page: number): void {
    this.#records.give(page)
    this.#columns.drop(page)
  }

  save(writer: ByteWriter): void {
    writer.u32(this.#rows)
    writer.f64(this.#bytes)
    this.#columns.save(writer)
    this.#lanes.save(writer)
    const { u8 } = this.#records
    for (const page of savePages(writer, u8.length, (at) => !this.#records.isGiven(at))) {
      writer.column(u8[page]!.subarray(0, (this.#rows - page * PAGE_ROWS) * RECORD_BYTES))
    }
  }

  /** Into a fresh one, whose blocks were loaded. */
  load(reader: ByteReader, { whole, byColumns, apart }: SavedRows): void {
    this.#rows = reader.u32()
    this.#bytes = reader.f64()
    this.#columns.load(reader, this.#rows, whole)
    if (!apart) this.#lanes.load(reader)
    const pages = Math.ceil(this.#rows / PAGE_ROWS)
    for (const page of loadPages(reader, pages, whole)) {
      this.#records.addGiven(page - this.#records.slabs)
      const rows = Math.min(PAGE_ROWS, this.#rows - page * PAGE_ROWS)
      this.#records.u8[this.#records.add()]!.set(reader.raw(rows * RECORD_BYTES))
    }
    this.#records.addGiven(pages - this.#records.slabs)
    if (byColumns) for (let row = 0; row < this.#rows; row++) if (this.length(row) > 0) this.#pair(row)
    if (apart) for (let row = 0; row < this.#rows; row++) if (this.#spread(row) > 0) this.#join(row)
  }

  /** The block of a row that has it by columns. */
  #pair(row: number): void {
    const columns = this.#columns.get(row)
    const capacity = this.#capacity(row)
    const start = wordOf(this.#address(row)) * 2
    const block = this.#blocks.arena.u32[slabOf(this.#address(row))]!
    const words = wordsOf(capacity, columns)
    pairColumns(block.subarray(start, start + words * 2), this.length(row), { columns, capacity })
  }

  /** Takes a lane for a float that has a block of its own. */
  #join(row: number): void {
    const own = this.#address(row)
    const lane = this.#lanes.allocate(row)
    copyHead(this.#blocks.arena, OWN_WORDS, { address: own, shift: 0 }, { address: lane, shift: LANE_SHIFT })
    this.#blocks.release(own, OWN_WORDS)
    this.#bytes += (this.#words(row) - OWN_WORDS) * 8
    this.#setAddress(row, lane)
  }

  #pushFloat(row: number, time_ms: number, value: number, stale: number): void {
    const at = this.#begin(row, time_ms, stale)
    const address = this.#address(row)
    const word = wordOf(address) + ((pairAt(at, 1) + 1 + (at & 1)) << this.#spread(row))
    this.#blocks.arena.f64[slabOf(address)]![word] = value
    this.#publish(row, time_ms, at)
  }

  #pushHistogram(histograms: HistogramColumns, i: number): void {
    const row = histograms.series[i]!
    const time_ms = histograms.time_ms[i]!
    const at = this.#begin(row, time_ms, histograms.stale[i]!)
    const address = this.#address(row)
    const columns = this.#columns.get(row)
    const word = wordOf(address) + pairAt(at, columns) + 1 + (at & 1) * columns
    this.#putHistogram(histograms, i, this.#blocks.arena.f64[slabOf(address)]!, word)
    this.#publish(row, time_ms, at)
  }

  /** The values of the histogram `i` from this word on. */
  #putHistogram(
    { sum, count, start, buckets }: HistogramColumns,
    i: number,
    block: Float64Array<SharedArrayBuffer>,
    word: number,
  ): void {
    const from = start[i]!
    const end = start[i + 1]!
    block[word] = sum[i]!
    block[word + 1] = count[i]!
    for (let bucket = from; bucket < end; bucket++) block[word + 2 + bucket - from] = buckets[bucket]!
  }

  /** Makes room for a sample and writes its time and flag; returns its index. */
  #begin(row: number, time_ms: number, stale: number): number {
    let at = this.length(row)
    if (at > 0 && !this.#fits(row, at, time_ms)) {
      this.#hooks.full(row)
      at = this.length(row)
      assert(at === 0, 'a full head was not emptied')
    }
    if (at === this.#capacity(row) || this.#isShort(row, at)) this.#widen(row, at)
    const address = this.#address(row)
    const block = this.#blocks.arena.f64[slabOf(address)]!
    const halves = this.#blocks.arena.u32[slabOf(address)]!
    const word = wordOf(address)
    const shift = this.#spread(row)
    const flags = (word + (1 << shift)) * 2
    if (at === 0) {
      block[word] = time_ms
      halves[flags] = 0
      halves[flags + 1] = 0
    }
    halves[(word + (pairAt(at, this.#columns.get(row)) << shift)) * 2 + (at & 1)] = time_ms - block[word]!
    if (stale === 1) halves[flags + (at >>> 5)]! |= 1 << (at & 31)
    return at
  }

  /** Whether a sample more has or gets room, and its time can be told as whole ms behind the first. */
  #fits(row: number, length: number, time_ms: number): boolean {
    if (length === this.#capacity(row) && length > FIRST_SAMPLES) return false
    const offset = time_ms - this.from_ms(row)
    return offset >>> 0 === offset
  }

  /** Whether the head was sealed once and does not take all that it can yet. */
  #isShort(row: number, length: number): boolean {
    const capacity = this.#capacity(row)
    return length === 0 && capacity > FIRST_SAMPLES && capacity < fullCapacity(this.#columns.get(row))
  }

  #widen(row: number, length: number): void {
    const larger = nextCapacity(this.#capacity(row), row, this.#columns.get(row))
    if ((this.#state(row) & WHOLE) === 0) this.#grow(row, length, larger)
    else this.#setState(row, (this.#state(row) & (FLOAT | WHOLE)) | (larger << CAPACITY_SHIFT) | length)
  }

  /** The second block is as large as any: one that is outgrown soon would be of little use to others. */
  #grow(row: number, length: number, larger: number): void {
    const columns = this.#columns.get(row)
    const capacity = this.#capacity(row)
    const isWhole = larger > FIRST_SAMPLES
    const words = wordsOf(isWhole ? fullCapacity(columns) : larger, columns)
    const state = (this.#state(row) & FLOAT) | (isWhole ? WHOLE : 0) | (larger << CAPACITY_SHIFT) | length
    const address = spread(state) > 0 ? this.#lanes.allocate(row) : this.#blocks.allocate(words)
    this.#bytes += words * 8
    if (capacity === 0) this.#hooks.first(row)
    else {
      const before = { address: this.#address(row), shift: this.#spread(row) }
      copyHead(this.#blocks.arena, wordsOf(capacity, columns), before, { address, shift: spread(state) })
      this.#give(row)
    }
    this.#setAddress(row, address)
    this.#setState(row, state)
  }

  /** Gives the row's block back. */
  #give(row: number): void {
    this.#bytes -= this.#words(row) * 8
    if (this.#spread(row) > 0) this.#lanes.release(this.#address(row))
    else this.#blocks.release(this.#address(row), this.#words(row))
  }

  #publish(row: number, time_ms: number, at: number): void {
    this.#setState(row, (this.#state(row) & ~LENGTH) | (at + 1))
    this.#setNewest(row, time_ms)
  }

  /** Of the row's block. */
  #words(row: number): number {
    const columns = this.#columns.get(row)
    return wordsOf((this.#state(row) & WHOLE) === 0 ? this.#capacity(row) : fullCapacity(columns), columns)
  }

  #spread(row: number): number {
    return spread(this.#state(row))
  }

  #capacity(row: number): number {
    return (this.#state(row) >>> CAPACITY_SHIFT) & CAPACITY
  }

  #address(row: number): number {
    return this.#records.u32[row >>> ROW_SHIFT]![(row & ROW_MASK) * 4 + 2]!
  }

  #setAddress(row: number, address: number): void {
    this.#records.u32[row >>> ROW_SHIFT]![(row & ROW_MASK) * 4 + 2] = address
  }

  #state(row: number): number {
    return this.#records.u32[row >>> ROW_SHIFT]![(row & ROW_MASK) * 4 + 3]!
  }

  #setState(row: number, state: number): void {
    this.#records.u32[row >>> ROW_SHIFT]![(row & ROW_MASK) * 4 + 3] = state
  }

  #setNewest(row: number, time_ms: number): void {
    this.#records.f64[row >>> ROW_SHIFT]![(row & ROW_MASK) * 2] = time_ms
  }
}
