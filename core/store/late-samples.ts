import { ServiceError } from '../errors.ts'
import { slabOf, wordOf } from './arena.ts'
import { BLOCK_WORDS, Blocks } from './blocks.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { type LooseSample, lowerBound, SampleBuffer } from './sample-buffer.ts'

/** A row is full at so many, or at some less, so that rows which come together are not sealed together. */
const FULL_SAMPLES = 32
const STAGGER = 16
/** So many a row were saved by versions that let more come together. */
const SAVED_SAMPLES = 120
/** A row begins small, its second block is as large as any: most rows never have more, and blocks that are outgrown soon are of little use. */
const FIRST_SAMPLES = 4
/** Of the block of a wide row: it is full sooner. */
const WIDE_WORDS = BLOCK_WORDS / 4
/** Words of a sample beside its values: its time, and whether it is stale. */
const HEAD_WORDS = 2

/** Where the samples of a row lie: in a block, in order of time. */
interface Run {
  readonly columns: number
  address: number
  capacity: number
  length: number
  /** No sample of the row lies between the last one here and this time. */
  free_ms: number
}

/**
 * Samples that came behind the newest of their series. They wait here in order of time, are merged into what is read,
 * and go into chunks when the head is sealed: so columns that others read are only ever added to. After a clock was set back every
 * series has some: they are as small as those in heads.
 */
export class LateSamples {
  readonly #most_bytes: number
  #blocks = new Blocks()
  readonly #runs = new Map<number, Run>()
  readonly #read = new SampleBuffer()

  /** Memory for all: beyond it no row has to be full. */
  constructor(most_bytes: number) {
    this.#most_bytes = most_bytes
  }

  get bytes(): number {
    return this.#blocks.bytes
  }

  /** What the process holds for them. */
  get allocated(): number {
    return this.#blocks.arena.bytes
  }

  has(row: number): boolean {
    return this.#runs.has(row)
  }

  /** Infinity where there is none. */
  oldest_ms(row: number): number {
    const run = this.#runs.get(row)
    return run === undefined ? Infinity : this.#time(run, 0)
  }

  /** Puts all of a row into a buffer, every column. */
  gather(row: number, buffer: SampleBuffer): void {
    const run = this.#runs.get(row)
    buffer.reset(run?.columns ?? 0)
    if (run === undefined) return
    const { columns, length } = run
    const words = this.#words(run)
    const begin = wordOf(run.address)
    buffer.reserve(length)
    for (let i = 0; i < length; i++) {
      const at = begin + i * (HEAD_WORDS + columns)
      buffer.time_ms[i] = words[at]!
      buffer.stale[i] = words[at + 1]!
      for (let column = 0; column < columns; column++) buffer.columns[column]![i] = words[at + HEAD_WORDS + column]!
    }
    buffer.length = length
  }

  /** Where a sample of that time comes behind all of the row that are here: up to when nothing else is stored, as far as is known. */
  free_ms(row: number, time_ms: number): number | undefined {
    const run = this.#runs.get(row)
    if (run === undefined || time_ms <= this.#time(run, run.length - 1)) return undefined
    return time_ms < run.free_ms ? run.free_ms : undefined
  }

  /**
   * Keeps a sample, in place of one of the same time. `free_ms`: nothing else of the row is stored from its time to there. True when the
   * row, or all together, has what it may have.
   */
  add(row: number, sample: LooseSample, free_ms: number): boolean {
    const columns = sample.values.length
    let run = this.#runs.get(row)
    if (run === undefined) {
      const capacity = Math.min(FIRST_SAMPLES, fullSamples(columns))
      const address = this.#blocks.allocate(capacity * (HEAD_WORDS + columns))
      run = { columns, address, capacity, length: 0, free_ms }
      this.#runs.set(row, run)
    }
    this.#put(run, sample, free_ms)
    const most = fullSamples(columns)
    return run.length >= most - (row % Math.min(STAGGER, most)) || this.bytes > this.#most_bytes
  }

  /** Lets go of all of a row. */
  drop(row: number): void {
    const run = this.#runs.get(row)
    if (run === undefined) return
    this.#release(run)
    this.#runs.delete(row)
    if (this.#runs.size === 0) this.#blocks = new Blocks()
  }

  /** Lets go of what is older; returns how many. */
  dropBefore(row: number, cutoff_ms: number): number {
    const run = this.#runs.get(row)
    if (run === undefined || this.#time(run, 0) >= cutoff_ms) return 0
    this.gather(row, this.#read)
    const { time_ms, length } = this.#read
    const dropped = lowerBound(time_ms, length, cutoff_ms)
    if (dropped === length) {
      this.drop(row)
      return dropped
    }
    const stride = HEAD_WORDS + run.columns
    const at = wordOf(run.address)
    this.#words(run).copyWithin(at, at + dropped * stride, at + length * stride)
    run.length -= dropped
    return dropped
  }

  save(writer: ByteWriter): void {
    writer.varint(this.#runs.size)
    for (const row of this.#runs.keys()) {
      this.gather(row, this.#read)
      const { length, time_ms, columns, stale } = this.#read
      writer.varint(row)
      writer.varint(length)
      for (let i = 0; i < length; i++) {
        writer.f64(time_ms[i]!)
        writer.column(Float64Array.from(columns, (column) => column[i]!))
        writer.u8(stale[i]!)
      }
    }
  }

  /**
   * `columns`: value columns of a row. `full`: a row has what it may have; it is empty afterwards. Throws `ServiceError('bad_data')` for more than
   * a row ever had.
   */
  load(reader: ByteReader, columns: (row: number) => number, full: (row: number) => void): void {
    for (let left = reader.count(2); left > 0; left--) {
      const row = reader.varint()
      const count = reader.count(9)
      if (count >= SAVED_SAMPLES) throw new ServiceError('bad_data', `series ${row} has too many late samples`)
      for (let i = 0; i < count; i++) {
        const sample = { time_ms: reader.f64(), values: reader.floats(columns(row)), stale: reader.u8() }
        if (this.add(row, sample, sample.time_ms)) full(row)
      }
    }
  }

  #put(run: Run, { time_ms, values, stale }: LooseSample, free_ms: number): void {
    let index = run.length
    while (index > 0 && this.#time(run, index - 1) >= time_ms) index--
    const isThere = index < run.length && this.#time(run, index) === time_ms
    if (index === run.length) run.free_ms = free_ms
    if (!isThere && run.length === run.capacity) this.#widen(run)
    const words = this.#words(run)
    const stride = HEAD_WORDS + run.columns
    const begin = wordOf(run.address)
    const at = begin + index * stride
    if (!isThere) {
      words.copyWithin(at + stride, at, begin + run.length * stride)
      run.length++
    }
    words[at] = time_ms
    words[at + 1] = stale
    words.set(values, at + HEAD_WORDS)
  }

  #widen(run: Run): void {
    const capacity = fullSamples(run.columns)
    const stride = HEAD_WORDS + run.columns
    const address = this.#blocks.allocate(capacity * stride)
    const from = wordOf(run.address)
    const samples = this.#words(run).subarray(from, from + run.length * stride)
    this.#blocks.arena.f64[slabOf(address)]!.set(samples, wordOf(address))
    this.#release(run)
    run.address = address
    run.capacity = capacity
  }

  #release({ address, capacity, columns }: Run): void {
    this.#blocks.release(address, capacity * (HEAD_WORDS + columns))
  }

  #words(run: Run): Float64Array {
    return this.#blocks.arena.f64[slabOf(run.address)]!
  }

  #time(run: Run, index: number): number {
    return this.#words(run)[wordOf(run.address) + index * (HEAD_WORDS + run.columns)]!
  }
}

/** The most of a row. */
function fullSamples(columns: number): number {
  return Math.max(1, Math.min(FULL_SAMPLES, Math.floor(WIDE_WORDS / (HEAD_WORDS + columns))))
}
