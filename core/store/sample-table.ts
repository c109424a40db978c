import type { Pulse } from '../ports/series-writer.ts'
import type { FloatColumns, HistogramColumns } from '../sample.ts'
import { Blocks } from './blocks.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { desk } from './chunk-codec.ts'
import type { ChunkFiles } from './chunk-files.ts'
import { allColumns, ChunkLists, pieceSamples } from './chunk-lists.ts'
import { NONE } from './chunk-table.ts'
import { HeadTable, type TimeWindow } from './head-table.ts'
import { LateSamples } from './late-samples.ts'
import type { SavedRows } from './old-heads.ts'
import { type LooseSample, lowerBound, SampleBuffer, sameSample } from './sample-buffer.ts'

/** A chunk that goes to a file has at least so many, where there is memory for them. */
const CHUNK_SAMPLES = 384

/** The same where there is little: shorter ones cost too much time. */
const LEAST_SAMPLES = 96

/** How a series goes is told from so many of its newest samples, none of them further back than this from the last. */
const PULSE_SAMPLES = 5
const PULSE_MS = 3_600_000

/** A growing chunk that late samples make longer goes to a file at so many. */
const LONG_SAMPLES = 2 * CHUNK_SAMPLES

/** What became of a sample behind the newest. */
export type LateOutcome = 'stored' | 'duplicate' | 'conflict' | 'replaced'

export interface SampleTableOptions {
  readonly files: ChunkFiles
  /** Memory for chunks that still grow, and as much again for late samples. */
  readonly open_bytes: number
  /** A growing chunk spans no more than this. */
  readonly span_ms: number
  /** A row without samples in memory gets its first. */
  readonly first: (row: number) => void
  /** Samples of a row that are sealed for good: a chunk, or late ones that went into such a chunk. */
  readonly sealed: (row: number, samples: SampleBuffer) => void
}

/**
 * The samples of every series: sealed chunks, then a raw head, and late ones beside them. A series is a row, from 0; its
 * value columns are one for a float, or sum, count and buckets.
 */
export class SampleTable {
  readonly #options: SampleTableOptions
  readonly #blocks = new Blocks()
  readonly #heads: HeadTable
  readonly #lists: ChunkLists
  readonly #late: LateSamples
  readonly #work = new SampleBuffer()
  /** Late samples that are read, and those on their way into chunks. */
  readonly #lateRead = new SampleBuffer()
  readonly #settling = new SampleBuffer()
  /** Where chunks are joined while `#work` is in use. */
  readonly #joined = new SampleBuffer()
  /** The chunk that was decoded last to look for duplicates: they come in runs. */
  readonly #seen = new SampleBuffer()
  #seenChunk = NONE
  /** What `#isSame` found: the time of the next stored sample. */
  #next_ms = Infinity

  constructor(options: SampleTableOptions) {
    this.#options = options
    const { files, open_bytes, span_ms, first, sealed } = options
    this.#late = new LateSamples(open_bytes)
    this.#heads = new HeadTable(this.#blocks, { full: (row) => this.seal(row), first })
    const columns = (row: number): number => this.#heads.columns(row)
    const lists = {
      blocks: this.#blocks,
      files,
      columns,
      open_bytes,
      chunk_samples: CHUNK_SAMPLES,
      least_samples: LEAST_SAMPLES,
      span_ms,
      closed: sealed,
    }
    this.#lists = new ChunkLists(lists, this.#joined)
  }

  /** Payload of heads, growing chunks and late samples; not of files. */
  get bytes(): number {
    return this.#heads.bytes + this.#lists.bytes + this.#late.bytes
  }

  /** What the process holds for heads, growing chunks and late samples. */
  get allocated(): number {
    return this.#blocks.arena.bytes + this.#late.allocated
  }

  /** Memory of the tables beside that. */
  get tableBytes(): number {
    return this.#heads.tableBytes + this.#lists.tableBytes
  }

  get lists(): ChunkLists {
    return this.#lists
  }

  get late(): LateSamples {
    return this.#late
  }

  get rows(): number {
    return this.#heads.rows
  }

  /** Newest time that the last `pushFloats` or `pushHistograms` stored. */
  get pushed_ms(): number {
    return this.#heads.pushed_ms
  }

  /** A new series; returns its row. */
  add(columns: number): number {
    this.#lists.add()
    return this.#heads.add(columns)
  }

  /** All rows of a page are gone. */
  drop(page: number): void {
    this.#heads.drop(page)
    this.#lists.drop(page)
  }

  columns(row: number): number {
    return this.#heads.columns(row)
  }

  newest_ms(row: number): number {
    return this.#heads.newest_ms(row)
  }

  markNewest(row: number, time_ms: number): void {
    this.#heads.markNewest(row, time_ms)
  }

  /** Event time of the oldest sample; Infinity where there is none. */
  oldest_ms(row: number): number {
    return Math.min(this.#lists.oldest_ms(row), this.#heads.from_ms(row), this.#late.oldest_ms(row))
  }

  /** See `HeadTable`. */
  pushFloats(floats: FloatColumns, window: TimeWindow, fresh: Uint8Array, other: (index: number) => void): number {
    return this.#heads.pushFloats(floats, window, fresh, other)
  }

  /** Appends a sample of any width, newer than all of its series. */
  push(row: number, sample: LooseSample): void {
    this.#heads.push(row, sample)
  }

  /** See `HeadTable`. */
  pushHistograms(
    histograms: HistogramColumns,
    window: TimeWindow,
    flags: { fresh: Uint8Array; flag: number },
    other: (index: number) => void,
  ): number {
    return this.#heads.pushHistograms(histograms, window, flags, other)
  }

  /**
   * Keeps a sample that is not newer than all of its series. Where one is there at its time, that one stays, unless it `gives_way` to another
   * value.
   */
  insert(row: number, sample: LooseSample, gives_way = false): LateOutcome {
    let outcome: LateOutcome = 'stored'
    let free_ms = this.#late.free_ms(row, sample.time_ms)
    if (free_ms === undefined) {
      const same = this.#isSame(row, sample)
      if (same === true) return 'duplicate'
      if (same === false && !gives_way) return 'conflict'
      if (same === false) outcome = 'replaced'
      free_ms = this.#next_ms
    }
    if (this.#late.add(row, sample, free_ms)) this.seal(row)
    return outcome
  }

  /** Gathers the samples of a range, both ends included; returns the part of `buffer` that holds them. */
  read(
    row: number,
    range: { from_ms: number; to_ms: number },
    wanted: readonly number[],
    buffer: SampleBuffer,
  ): { from: number; to: number } {
    buffer.reset(wanted.length)
    this.#lists.read(row, range, wanted, buffer)
    if (this.#heads.from_ms(row) <= range.to_ms) this.#heads.gather(row, wanted, buffer)
    this.#mergeLateOf(row, range, wanted, buffer)
    return within(buffer, range)
  }

  /** The same, where the newest sample of the range is in the head: only that head. Undefined where it is not. */
  readNewest(
    row: number,
    range: { from_ms: number; to_ms: number },
    wanted: readonly number[],
    buffer: SampleBuffer,
  ): { from: number; to: number } | undefined {
    if (this.#heads.length(row) === 0 || this.#heads.from_ms(row) > range.to_ms) return undefined
    if (this.#late.has(row)) return undefined
    buffer.reset(wanted.length)
    this.#heads.gather(row, wanted, buffer)
    return within(buffer, range)
  }

  /** How the newest samples came: from the head, where it has enough. */
  pulse(row: number): Pulse {
    const to_ms = this.newest_ms(row)
    const range = { from_ms: to_ms - PULSE_MS, to_ms }
    const isInHead = this.#heads.length(row) >= PULSE_SAMPLES && !this.#late.has(row)
    if (isInHead) this.#gatherHead(row)
    const { from, to } = isInHead ? { from: 0, to: this.#work.length } : this.read(row, range, [], this.#work)
    const { time_ms, stale } = this.#work
    let longest_ms = Number.NaN
    for (let i = Math.max(from + 1, to - PULSE_SAMPLES + 1); i < to; i++) {
      const apart_ms = time_ms[i]! - time_ms[i - 1]!
      if (!(apart_ms <= longest_ms)) longest_ms = apart_ms
    }
    return { longest_ms, stale: to > from && stale[to - 1] === 1 }
  }

  #gatherHead(row: number): void {
    this.#work.reset(0)
    this.#heads.gather(row, [], this.#work)
  }

  /** About how many samples lie in the range, without reading any. */
  estimate(row: number, range: { from_ms: number; to_ms: number }): number {
    const isInHead = this.#heads.from_ms(row) <= range.to_ms && this.newest_ms(row) >= range.from_ms
    return (isInHead ? this.#heads.length(row) : 0) + this.#lists.estimate(row, range)
  }

  /** The same as `read`, only of what is not sealed for good: growing chunk, head, late samples. */
  readUnsealed(
    row: number,
    range: { from_ms: number; to_ms: number },
    wanted: readonly number[],
    buffer: SampleBuffer,
  ): { from: number; to: number } {
    buffer.reset(wanted.length)
    const { table } = this.#lists
    for (let chunk = this.#lists.first(row); chunk !== NONE; chunk = table.next(chunk)) {
      if (this.#lists.isOpen(chunk)) this.#lists.decode(row, chunk, wanted, buffer)
    }
    this.#heads.gather(row, wanted, buffer)
    this.#mergeLateOf(row, range, wanted, buffer)
    return within(buffer, range)
  }

  /** Whether a sample lies in the range; decodes a chunk only where its two ends do not tell. */
  has(row: number, range: { from_ms: number; to_ms: number }): boolean {
    const { from_ms, to_ms } = range
    const oldest_ms = this.oldest_ms(row)
    if (oldest_ms === Infinity || this.newest_ms(row) < from_ms || oldest_ms > to_ms) return false
    const inside = (time_ms: number): boolean => time_ms >= from_ms && time_ms <= to_ms
    if (inside(oldest_ms) || (this.#heads.length(row) > 0 && inside(this.newest_ms(row)))) return true
    const { table } = this.#lists
    for (let chunk = this.#lists.first(row); chunk !== NONE; chunk = table.next(chunk)) {
      if (this.#lists.isAlive(chunk) && (inside(table.from_ms(chunk)) || inside(table.to_ms(chunk)))) return true
    }
    const { from, to } = this.read(row, range, [], this.#work)
    return to > from
  }

  /** Seals the head and puts late samples where they belong. */
  seal(row: number): void {
    // A chunk that is joined or written anew has another place.
    this.#seenChunk = NONE
    const headFrom = this.#lists.first(row) === NONE ? -Infinity : this.#heads.from_ms(row)
    const late = this.#settling
    this.#late.gather(row, late)
    this.#late.drop(row)
    const early = lowerBound(late.time_ms, late.length, headFrom)
    if (early > 0) this.#mergeLate(row, late, early)
    if (this.#heads.length(row) + late.length - early === 0) return
    const wanted = this.#allColumns(row)
    desk.reset(wanted.length)
    this.#heads.gather(row, wanted, desk)
    desk.merge(late, early, late.length, wanted)
    this.#lists.append(row, desk, 0, desk.length)
    this.#heads.clear(row)
  }

  /** Everything of a row goes to files and its memory is given back; its history stays. True where there was something. */
  retreat(row: number): boolean {
    const isThere = this.#heads.length(row) > 0 || this.#lists.hasOpen(row) || this.#late.has(row)
    if (!isThere) return false
    this.seal(row)
    this.#lists.close(row)
    this.#heads.release(row)
    return true
  }

  /** All samples of a row, as if it never had any. Returns how many. */
  forget(row: number): number {
    const dropped = this.dropBefore(row, Infinity)
    this.#heads.forget(row)
    return dropped
  }

  /** A row without samples: its memory is given back. */
  end(row: number): void {
    this.#heads.release(row)
  }

  /**
   * Lets go of chunks whose file has gone, of chunks and late samples that lie before `cutoff_ms` as a whole, and of the head of a series
   * that has nothing newer. Returns the number of samples dropped.
   */
  dropBefore(row: number, cutoff_ms: number): number {
    let dropped = this.#late.dropBefore(row, cutoff_ms) + this.#lists.prune(row, cutoff_ms)
    if (dropped > 0) this.#seenChunk = NONE
    if (this.newest_ms(row) < cutoff_ms) {
      dropped += this.#heads.length(row)
      this.#heads.release(row)
    }
    return dropped
  }

  save(writer: ByteWriter): void {
    this.#blocks.save(writer)
    this.#heads.save(writer)
    this.#lists.save(writer)
    this.#late.save(writer)
  }

  /** Into a fresh one, whose files were loaded. */
  load(reader: ByteReader, saved: SavedRows): void {
    this.#blocks.load(reader)
    this.#heads.load(reader, saved)
    this.#lists.load(reader, saved)
    const columns = (row: number): number => this.#heads.columns(row)
    this.#late.load(reader, columns, (row) => this.seal(row))
  }

  #allColumns(row: number): readonly number[] {
    return allColumns(this.#heads.columns(row))
  }

  #mergeLateOf(
    row: number,
    range: { from_ms: number; to_ms: number },
    wanted: readonly number[],
    buffer: SampleBuffer,
  ): void {
    if (!this.#late.has(row)) return
    const late = this.#lateRead
    this.#late.gather(row, late)
    const from = lowerBound(late.time_ms, late.length, range.from_ms)
    let to = from
    while (to < late.length && late.time_ms[to]! <= range.to_ms) to++
    buffer.merge(late, from, to, wanted)
  }

  /** Whether the stored sample of that time is this one; undefined when there is none, and `#next_ms` says when the next one is. */
  #isSame(row: number, sample: LooseSample): boolean | undefined {
    const { time_ms } = sample
    this.#next_ms = this.newest_ms(row)
    if (this.#late.has(row)) {
      this.#late.gather(row, this.#lateRead)
      const same = this.#isIn(this.#lateRead, sample)
      if (same !== undefined) return same
    }
    if (time_ms >= this.#heads.from_ms(row)) {
      this.#work.reset(this.#heads.columns(row))
      this.#heads.gather(row, this.#allColumns(row), this.#work)
      const same = this.#isIn(this.#work, sample)
      if (same !== undefined) return same
    }
    const { table } = this.#lists
    const chunk = this.#lists.at(row, time_ms)
    if (chunk === NONE) {
      this.#next_ms = Math.min(this.#next_ms, this.#heads.from_ms(row))
      return undefined
    }
    if (table.from_ms(chunk) > time_ms) return this.#isBefore(table.from_ms(chunk))
    if (table.to_ms(chunk) >= time_ms) {
      const seen = this.#chunkAt(row, chunk, time_ms)
      // One piece of a growing chunk does not tell what follows it.
      if (seen.length === 0 || seen.time_ms[seen.length - 1]! < time_ms) return this.#isBefore(time_ms)
      return this.#isIn(seen, sample)
    }
    const after = this.#lists.after(chunk)
    return this.#isBefore(after === NONE ? this.#heads.from_ms(row) : table.from_ms(after))
  }

  #isBefore(next_ms: number): undefined {
    if (next_ms < this.#next_ms) this.#next_ms = next_ms
  }

  #isIn(samples: SampleBuffer, sample: LooseSample): boolean | undefined {
    const index = lowerBound(samples.time_ms, samples.length, sample.time_ms)
    if (index === samples.length) return undefined
    const next_ms = samples.time_ms[index]!
    return next_ms === sample.time_ms ? sameSample(samples, index, sample) : this.#isBefore(next_ms)
  }

  /** A chunk that spans a time; of a growing one the piece that does. */
  #chunkAt(row: number, chunk: number, time_ms: number): SampleBuffer {
    if (this.#seenChunk === chunk) return this.#seen
    const isOpen = this.#lists.isOpen(chunk)
    const range = isOpen ? { from_ms: time_ms, to_ms: time_ms } : undefined
    this.#seen.reset(this.#heads.columns(row))
    this.#lists.decode(row, chunk, this.#allColumns(row), this.#seen, range)
    // A growing chunk is another one soon.
    this.#seenChunk = isOpen ? NONE : chunk
    return this.#seen
  }

  /** Late samples up to before `end` lie before the head: they go into the chunks that they belong to. */
  #mergeLate(row: number, late: SampleBuffer, end: number): void {
    const { table } = this.#lists
    let from = 0
    while (from < end) {
      const chunk = this.#chunkFor(row, late.time_ms[from]!)
      if (chunk === NONE) {
        this.#lists.append(row, late, from, end)
        return
      }
      const next = this.#lists.after(chunk)
      const end_ms = next === NONE ? Infinity : table.from_ms(next)
      let to = from + 1
      while (to < end && late.time_ms[to]! < end_ms) to++
      this.#mergeInto(row, chunk, { late, from, to })
      from = to
    }
  }

  /** The chunk for a late sample. One that grows goes to a file first where it is long: what ends it else is what comes behind it. */
  #chunkFor(row: number, time_ms: number): number {
    const chunk = this.#lists.at(row, time_ms)
    if (chunk === NONE || !this.#lists.isOpen(chunk) || this.#lists.table.count(chunk) < LONG_SAMPLES) return chunk
    this.#lists.close(row)
    return this.#lists.at(row, time_ms)
  }

  #mergeInto(row: number, chunk: number, { late, from, to }: { late: SampleBuffer; from: number; to: number }): void {
    const wanted = this.#allColumns(row)
    const isOpen = this.#lists.isOpen(chunk)
    const work = this.#work
    if (!isOpen) {
      work.reset(wanted.length)
      work.merge(late, from, to, wanted)
      this.#options.sealed(row, work)
    }
    work.reset(wanted.length)
    this.#lists.decode(row, chunk, wanted, work)
    work.merge(late, from, to, wanted)
    if (isOpen) this.#lists.rewrite(chunk, work, pieceSamples(wanted.length))
    else this.#lists.replace(row, chunk, work)
  }
}

function within(buffer: SampleBuffer, range: { from_ms: number; to_ms: number }): { from: number; to: number } {
  const to = lowerBound(buffer.time_ms, buffer.length, range.to_ms)
  return {
    from: lowerBound(buffer.time_ms, buffer.length, range.from_ms),
    to: to < buffer.length && buffer.time_ms[to] === range.to_ms ? to + 1 : to,
  }
}
