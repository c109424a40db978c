import type { TimeRange } from '../ports/series-reader.ts'
import { BLOCK_WORDS, type Blocks } from './blocks.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { decodePiece, encodePiece, isOutside, pieceCount, pieceFrom_ms, type Samples } from './chunk-codec.ts'
import type { Age, ChunkFiles } from './chunk-files.ts'
import { ChunkTable, MEMORY, NONE } from './chunk-table.ts'
import { type ChunkPlace, eachPiece, joinChunks, type WholeChunk } from './joined-chunk.ts'
import { joiningOf, OLDEST } from './joining.ts'
import type { SavedRows } from './old-heads.ts'
import { Pieces } from './pieces.ts'
import { RowColumn } from './row-column.ts'
import type { SampleBuffer } from './sample-buffer.ts'
import { mergeShort } from './short-pieces.ts'

/** Rows close their chunks at so many different lengths, up to half as much again, so that not all do so at once. */
const STAGGER = 16
/** The age of chunks that were never joined. */
const YOUNG = 0
/** With less than this share of the memory left, chunks go to files sooner. */
const SCARCE = 1 / 4
/** Bytes of a growing chunk. */
const OPEN_BYTES = 1 << 15

export interface ChunkListsOptions {
  readonly blocks: Blocks
  readonly files: ChunkFiles
  /** Value columns of a row. */
  readonly columns: (row: number) => number
  /** Memory for growing chunks. Beyond it they go to files as soon as they have `least_samples`. */
  readonly open_bytes: number
  readonly least_samples: number
  /** A chunk takes about so many samples before it goes to a file. */
  readonly chunk_samples: number
  /** A chunk spans no more than this. */
  readonly span_ms: number
  /** Called with the samples of a chunk that goes to a file; what it leaves in the buffer is written. */
  readonly closed?: (row: number, samples: SampleBuffer) => void
  /** Called with the samples of short pieces that become one; not given: pieces stay as they came. */
  readonly merged?: (samples: SampleBuffer) => void
}

/** So many samples fit into a piece in memory, whatever they are. */
export function pieceSamples(columns: number): number {
  return Math.max(8, Math.min(512, Math.floor(BLOCK_WORDS / 2 / (columns + 1))))
}

const ONE: readonly number[] = [0]
let wide = ONE

/** Index list 0 … n − 1, for those who want every column. Rows of one width come together: their list is made once. */
export function allColumns(columns: number): readonly number[] {
  if (columns === 1) return ONE
  if (wide.length !== columns) wide = Array.from({ length: columns }, (_, i) => i)
  return wide
}

/**
 * The sealed samples of every row: a list of chunks in order of time. The last may be growing, as pieces in memory; the others are in
 * files, small ones joined from time to time, so that few facts are in memory. A chunk whose file has gone is dead: it is passed over, and leaves the list when it has come to its front.
 */
export class ChunkLists {
  readonly #options: ChunkListsOptions
  readonly #table = new ChunkTable()
  readonly #pieces: Pieces
  readonly #work
  readonly #first = new RowColumn(Int32Array, NONE)
  readonly #last = new RowColumn(Int32Array, NONE)
  #rows = 0

  constructor(options: ChunkListsOptions, work: SampleBuffer) {
    this.#options = options
    this.#pieces = new Pieces(options.blocks)
    this.#work = work
  }

  /** Of growing chunks. */
  get bytes(): number {
    return this.#pieces.bytes
  }

  get tableBytes(): number {
    return this.#first.bytes + this.#last.bytes + this.#table.bytes
  }

  get table(): ChunkTable {
    return this.#table
  }

  add(): void {
    this.#rows++
    this.#first.push(NONE)
    this.#last.push(NONE)
  }

  /** All rows of a page are gone, and have no chunks. */
  drop(page: number): void {
    this.#first.drop(page)
    this.#last.drop(page)
  }

  first(row: number): number {
    return this.#first.get(row)
  }

  /** Time of the oldest sample; Infinity where there is none. */
  oldest_ms(row: number): number {
    for (let chunk = this.#first.get(row); chunk !== NONE; chunk = this.#table.next(chunk)) {
      if (this.isAlive(chunk)) return this.#table.from_ms(chunk)
    }
    return Infinity
  }

  isAlive(chunk: number): boolean {
    const file = this.#table.file(chunk)
    return file === MEMORY || this.#options.files.has(file)
  }

  /** Whether the row has a growing chunk. */
  hasOpen(row: number): boolean {
    const last = this.#last.get(row)
    return last !== NONE && this.isOpen(last)
  }

  isOpen(chunk: number): boolean {
    return this.#table.file(chunk) === MEMORY
  }

  /** Appends samples as a piece of the growing chunk, or of a new one. */
  append(row: number, samples: Samples, from: number, to: number): void {
    const bytes = encodePiece({ samples, from, to })
    const { from_ms, to_ms } = spanOf(samples, from, to)
    const last = this.#last.get(row)
    if (this.hasOpen(row)) {
      if (this.#hasRoom(row, last, to - from, bytes.length, to_ms)) {
        const table = this.#table
        table.set(last, {
          from_ms: Math.min(from_ms, table.from_ms(last)),
          to_ms: Math.max(to_ms, table.to_ms(last)),
          count: table.count(last) + to - from,
          size: table.size(last) + bytes.length,
          file: MEMORY,
          at: this.#pieces.append(table.at(last), bytes),
        })
        this.#merge(row, last)
        return
      }
      // Closing encodes as well, in the same place.
      const kept = bytes.slice()
      this.close(row)
      this.#begin(row, kept, { from_ms, to_ms, count: to - from })
      return
    }
    this.#begin(row, bytes, { from_ms, to_ms, count: to - from })
  }

  /** The growing chunk goes to a file, joined into one piece. */
  close(row: number): void {
    if (!this.hasOpen(row)) return
    const chunk = this.#last.get(row)
    const columns = this.#options.columns(row)
    const work = this.#work
    work.reset(columns)
    this.decode(row, chunk, allColumns(columns), work)
    this.#options.closed?.(row, work)
    this.replace(row, chunk, work)
    this.#join(row)
  }

  /** Writes a chunk anew, to a file; as several where it is too large for one. */
  replace(row: number, chunk: number, samples: SampleBuffer): void {
    const table = this.#table
    this.#release(chunk)
    let last = chunk
    for (const [from, to] of cuts(samples.length, this.#options.chunk_samples * 2)) {
      const bytes = encodePiece({ samples, from, to })
      const span = spanOf(samples, from, to)
      const info = {
        ...span,
        count: to - from,
        size: bytes.length,
        ...this.#options.files.append(bytes, span.to_ms, YOUNG),
      }
      if (from === 0) table.set(chunk, info)
      else last = table.insert(info, last)
    }
    if (this.#last.get(row) === chunk) this.#last.set(row, last)
  }

  /** Writes a growing chunk anew, in memory. */
  rewrite(chunk: number, samples: SampleBuffer, limit: number): void {
    const table = this.#table
    this.#pieces.release(table.at(chunk))
    let at = 0
    let size = 0
    for (const [from, to] of cuts(samples.length, limit)) {
      const bytes = encodePiece({ samples, from, to })
      at = this.#pieces.append(at, bytes)
      size += bytes.length
    }
    table.set(chunk, { ...spanOf(samples, 0, samples.length), count: samples.length, size, file: MEMORY, at })
  }

  /** A piece that goes to a file as it is; newer than all of the row's. */
  appendClosed(row: number, bytes: Uint8Array, info: { from_ms: number; to_ms: number; count: number }): void {
    this.#insert(row, { ...info, size: bytes.length, ...this.#options.files.append(bytes, info.to_ms, YOUNG) })
  }

  /** Appends a chunk's samples to a buffer, the wanted columns; pieces outside of a range may be left out. What cannot be read is left out. */
  decode(row: number, chunk: number, wanted: readonly number[], buffer: SampleBuffer, range?: TimeRange): void {
    const table = this.#table
    const columns = this.#options.columns(row)
    const take = (bytes: Uint8Array, at: number): number => {
      const count = pieceCount(bytes, at)
      buffer.reserve(count)
      const target = { samples: buffer, wanted, columns, at: buffer.length, ...(range !== undefined && { range }) }
      const end = decodePiece(bytes, at, target)
      if (!isOutside(target, count)) buffer.length += count
      return end
    }
    const reaches = range && ((bytes: Uint8Array, at: number): boolean => pieceFrom_ms(bytes, at) <= range.from_ms)
    if (this.isOpen(chunk)) this.#pieces.each(table.at(chunk), take, reaches)
    else {
      const place = this.#place(chunk)
      if (place !== undefined) eachPiece(place, take, range)
    }
  }

  /** Appends the samples of every chunk that reaches into the range. */
  read(row: number, range: TimeRange, wanted: readonly number[], buffer: SampleBuffer): void {
    const table = this.#table
    for (let chunk = this.#first.get(row); chunk !== NONE; chunk = table.next(chunk)) {
      if (table.to_ms(chunk) < range.from_ms || table.from_ms(chunk) > range.to_ms) continue
      this.decode(row, chunk, wanted, buffer, range)
    }
  }

  /** About how many samples lie in the range: a chunk's as if it had them at equal distances. */
  estimate(row: number, { from_ms, to_ms }: TimeRange): number {
    const table = this.#table
    let samples = 0
    for (let chunk = this.#first.get(row); chunk !== NONE; chunk = table.next(chunk)) {
      const [first_ms, last_ms] = [table.from_ms(chunk), table.to_ms(chunk)]
      if (last_ms < from_ms || first_ms > to_ms) continue
      const inside_ms = Math.min(last_ms, to_ms) - Math.max(first_ms, from_ms)
      samples += last_ms === first_ms ? table.count(chunk) : (table.count(chunk) * inside_ms) / (last_ms - first_ms)
    }
    return samples
  }

  /** The last chunk that begins at or before this time, else the first; `NONE` where there is none. Dead ones are passed over. */
  at(row: number, time_ms: number): number {
    let found = NONE
    for (let chunk = this.#first.get(row); chunk !== NONE; chunk = this.#table.next(chunk)) {
      if (!this.isAlive(chunk)) continue
      if (found !== NONE && this.#table.from_ms(chunk) > time_ms) break
      found = chunk
    }
    return found
  }

  /** The first living chunk behind one; `NONE` at the end. */
  after(chunk: number): number {
    let next = this.#table.next(chunk)
    while (next !== NONE && !this.isAlive(next)) next = this.#table.next(next)
    return next
  }

  /** Lets go of chunks at the front that are dead or older. Returns the number of samples that went. */
  prune(row: number, cutoff_ms: number): number {
    const table = this.#table
    let dropped = 0
    let chunk = this.#first.get(row)
    while (chunk !== NONE && (table.to_ms(chunk) < cutoff_ms || !this.isAlive(chunk))) {
      this.#release(chunk)
      dropped += table.count(chunk)
      chunk = table.dropFirst(chunk)
    }
    this.#first.set(row, chunk)
    if (chunk === NONE) this.#last.set(row, NONE)
    return dropped
  }

  /** Moves what lies in files that are mostly garbage. */
  evacuate(row: number): void {
    const { files } = this.#options
    const table = this.#table
    for (let chunk = this.#first.get(row); chunk !== NONE; chunk = table.next(chunk)) {
      if (this.isOpen(chunk) || !files.isSparse(table.file(chunk))) continue
      const place = this.#place(chunk)
      // A copy: what is appended may move what is in memory.
      if (place !== undefined) this.#rehouse(chunk, place.bytes.slice(place.at, place.end), OLDEST)
    }
  }

  save(writer: ByteWriter): void {
    writer.u32(this.#rows)
    writer.f64(this.#pieces.bytes)
    this.#first.save(writer)
    this.#last.save(writer)
    this.#table.save(writer)
  }

  /** Into a fresh one, whose blocks and files were loaded. */
  load(reader: ByteReader, { whole }: Pick<SavedRows, 'whole'>): void {
    this.#rows = reader.u32()
    this.#pieces.restore(reader.f64())
    this.#first.load(reader, this.#rows, whole)
    this.#last.load(reader, this.#rows, whole)
    this.#table.load(reader)
  }

  /** Undefined where it cannot be read. */
  #place(chunk: number): ChunkPlace | undefined {
    const size = this.#table.size(chunk)
    const place = this.#options.files.read(this.#table.file(chunk), this.#table.at(chunk), size)
    return place && { bytes: place.bytes, at: place.at, end: place.at + size }
  }

  /** The bytes of a chunk are not needed any more. */
  #release(chunk: number): void {
    if (this.isOpen(chunk)) this.#pieces.release(this.#table.at(chunk))
    else this.#options.files.release(this.#table.file(chunk), this.#table.size(chunk))
  }

  /** Bytes that take the place of a chunk's. */
  #rehouse(chunk: number, bytes: Uint8Array, age: Age, more?: { to_ms: number; count: number }): void {
    const table = this.#table
    const info = { from_ms: table.from_ms(chunk), to_ms: table.to_ms(chunk), count: table.count(chunk), ...more }
    this.#release(chunk)
    table.set(chunk, { ...info, size: bytes.length, ...this.#options.files.append(bytes, info.to_ms, age) })
  }

  /** Neighbours in files become one, their pieces as they are; see `joiningOf`. */
  #join(row: number): void {
    const table = this.#table
    const { files, columns } = this.#options
    // What cannot be written stays in memory, garbage as well: the room is for what is new.
    if (files.isFailing) return
    const isJoinable = (chunk: number): boolean => files.isSound(table.file(chunk))
    const found = joiningOf(table, this.#first.get(row), isJoinable, this.#options)
    if (found === undefined) return
    const wholes: WholeChunk[] = []
    for (const chunk of found.chunks) {
      const place = this.#place(chunk)
      if (place === undefined) return
      wholes.push({ ...place, count: table.count(chunk), from_ms: table.from_ms(chunk), to_ms: table.to_ms(chunk) })
    }
    const bytes = joinChunks(wholes, columns(row), this.#work)
    const [first, ...others] = found.chunks as [number, ...number[]]
    const info = { to_ms: table.to_ms(first), count: table.count(first) }
    for (const chunk of others) {
      info.to_ms = Math.max(info.to_ms, table.to_ms(chunk))
      info.count += table.count(chunk)
      this.#release(chunk)
      if (chunk === this.#last.get(row)) this.#last.set(row, first)
      table.dropAfter(first)
    }
    this.#rehouse(first, bytes, found.age, info)
  }

  #hasRoom(row: number, chunk: number, count: number, size: number, to_ms: number): boolean {
    if (this.#table.count(chunk) + count > this.#limit(row)) return false
    if (this.#table.size(chunk) + size > OPEN_BYTES) return false
    return to_ms - this.#table.from_ms(chunk) <= this.#options.span_ms
  }

  /** So many samples a growing chunk of the row may have. */
  #limit(row: number): number {
    const { open_bytes, chunk_samples, least_samples } = this.#options
    const phase = (row % STAGGER) / STAGGER
    // The first of a row: rows that begin together have chunks of all ages from then on.
    const isFirst = this.#first.get(row) === this.#last.get(row)
    const usual = chunk_samples * (isFirst ? 1 / STAGGER + phase : 1 + phase / 2)
    const left = 1 - this.#pieces.bytes / open_bytes
    return left >= SCARCE ? usual : Math.min(usual, Math.max(least_samples, (usual * left) / SCARCE))
  }

  /** The newest pieces of a growing chunk become one where all are short. */
  #merge(row: number, chunk: number): void {
    const { columns, merged } = this.#options
    if (merged === undefined) return
    const table = this.#table
    const found = mergeShort(this.#pieces, table.at(chunk), {
      wanted: allColumns(columns(row)),
      work: this.#work,
      merged,
    })
    if (found === undefined) return
    table.set(chunk, {
      from_ms: table.from_ms(chunk),
      to_ms: table.to_ms(chunk),
      count: table.count(chunk) + found.count,
      size: table.size(chunk) + found.size,
      file: MEMORY,
      at: found.at,
    })
  }

  #begin(row: number, bytes: Uint8Array, info: { from_ms: number; to_ms: number; count: number }): void {
    this.#insert(row, { ...info, size: bytes.length, file: MEMORY, at: this.#pieces.append(0, bytes) })
    // As rollups of samples that are as far apart as they are, or where memory is short: nothing more is waited for.
    if (info.count >= Math.min(this.#options.chunk_samples, this.#limit(row))) this.close(row)
  }

  #insert(row: number, info: Parameters<ChunkTable['insert']>[0]): void {
    const chunk = this.#table.insert(info, this.#last.get(row))
    if (this.#first.get(row) === NONE) this.#first.set(row, chunk)
    this.#last.set(row, chunk)
  }
}

/** Rollups are not in order: what was late comes behind. */
function spanOf({ time_ms }: Samples, from: number, to: number): { from_ms: number; to_ms: number } {
  let [from_ms, to_ms] = [Infinity, -Infinity]
  for (let i = from; i < to; i++) {
    if (time_ms[i]! < from_ms) from_ms = time_ms[i]!
    if (time_ms[i]! > to_ms) to_ms = time_ms[i]!
  }
  return { from_ms, to_ms }
}

/** Cuts `length` samples into pieces of about equal length, none over `limit`. */
function cuts(length: number, limit: number): [number, number][] {
  const count = Math.ceil(length / limit)
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * length) / count),
    Math.floor(((i + 1) * length) / count),
  ])
}
