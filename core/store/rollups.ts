import type { TimeRange } from '../ports/series-reader.ts'
import { Blocks } from './blocks.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import type { ChunkFiles } from './chunk-files.ts'
import { allColumns, ChunkLists } from './chunk-lists.ts'
import { NONE } from './chunk-table.ts'
import type { SavedRows } from './old-heads.ts'
import { compact, ROLLUP_COLUMNS, RollupBuffer } from './rollup.ts'
import { SampleBuffer } from './sample-buffer.ts'
import type { SampleTable } from './sample-table.ts'

export const FINE_MS = 300_000
export const COARSE_MS = 3_600_000
/** Buckets of a chunk that goes to a file: a third of a day, four days. */
const CHUNK_BUCKETS = 96
/** A coarse chunk has so many at least, however little memory there is. */
const LEAST_COARSE = 8
/** Of the memory for growing chunks. Fine ones come as long pieces, which a file takes as well; coarse ones a few buckets at a time. */
const FINE_SHARE = 1 / 3
const EVERY = allColumns(ROLLUP_COLUMNS)
const VALUE = [0]

export interface RollupsOptions {
  readonly files: ChunkFiles
  readonly samples: SampleTable
  /** Memory for growing chunks. */
  readonly open_bytes: number
  /** A chunk spans no more than this. */
  readonly span_ms: number
}

/**
 * Summaries of every float series by 5 min and by hour. The fine ones are made when samples are sealed for good, the coarse ones when the
 * fine are; what is not sealed yet is summed when it is read. Both are kept in parts that add up, so late samples only add one more.
 */
export class Rollups {
  readonly #samples: SampleTable
  readonly #blocks = new Blocks()
  readonly #fine: ChunkLists
  readonly #coarse: ChunkLists
  readonly #parts = new RollupBuffer()
  readonly #coarseParts = new RollupBuffer()
  readonly #raw = new SampleBuffer()

  constructor({ files, samples, open_bytes, span_ms }: RollupsOptions) {
    this.#samples = samples
    const common = {
      blocks: this.#blocks,
      files,
      columns: () => ROLLUP_COLUMNS,
      open_bytes: open_bytes * FINE_SHARE,
      chunk_samples: CHUNK_BUCKETS,
      least_samples: 0,
      span_ms,
    }
    const work = new SampleBuffer()
    const coarse = {
      ...common,
      open_bytes: open_bytes * (1 - FINE_SHARE),
      least_samples: LEAST_COARSE,
      closed: (_: number, parts: SampleBuffer) => compact(parts),
      merged: compact,
    }
    this.#coarse = new ChunkLists(coarse, work)
    const fine = { ...common, closed: (row: number, parts: SampleBuffer) => this.#fineClosed(row, parts) }
    this.#fine = new ChunkLists(fine, new SampleBuffer())
  }

  /** Of growing chunks. */
  get bytes(): number {
    return this.#fine.bytes + this.#coarse.bytes
  }

  get allocated(): number {
    return this.#blocks.arena.bytes
  }

  get tableBytes(): number {
    return this.#fine.tableBytes + this.#coarse.tableBytes
  }

  /** A new series. */
  add(): void {
    this.#fine.add()
    this.#coarse.add()
  }

  /** All rows of a page are gone. */
  drop(page: number): void {
    this.#fine.drop(page)
    this.#coarse.drop(page)
  }

  /** Samples of a float series that are sealed for good. */
  sealed(row: number, samples: SampleBuffer): void {
    this.#parts.clear()
    this.#parts.addSamples(samples, 0, samples.length, FINE_MS)
    if (this.#parts.length > 0) this.#fine.append(row, this.#parts, 0, this.#parts.length)
  }

  /** Of what is sealed; Infinity where there is none. */
  oldest_ms(row: number): number {
    return Math.min(this.#fine.oldest_ms(row), this.#coarse.oldest_ms(row))
  }

  /** Buckets that begin in the range, one part each, in order of time. A view, valid until the next call. */
  read(row: number, range: TimeRange, resolution_ms: typeof FINE_MS | typeof COARSE_MS): RollupBuffer {
    const parts = this.#parts
    parts.clear()
    const isFine = resolution_ms === FINE_MS
    if (isFine) this.#fine.read(row, range, EVERY, parts)
    else {
      this.#coarse.read(row, range, EVERY, parts)
      this.#addGrowing(row, parts)
    }
    const all = { from_ms: -Infinity, to_ms: Infinity }
    const { from, to } = this.#samples.readUnsealed(row, all, VALUE, this.#raw)
    parts.addSamples(this.#raw, from, to, resolution_ms)
    compact(parts)
    return parts
  }

  /** Everything of a series goes to files. */
  retreat(row: number): void {
    this.#fine.close(row)
    this.#coarse.close(row)
  }

  /** Moves what lies in files that are mostly garbage. */
  evacuate(row: number): void {
    this.#fine.evacuate(row)
    this.#coarse.evacuate(row)
  }

  /** Lets go of what lies in files that have gone, and of what is older. */
  dropBefore(row: number, cutoff_ms: number): void {
    this.#fine.prune(row, cutoff_ms)
    this.#coarse.prune(row, cutoff_ms)
  }

  save(writer: ByteWriter): void {
    this.#blocks.save(writer)
    this.#fine.save(writer)
    this.#coarse.save(writer)
  }

  /** Into a fresh one, whose files were loaded. */
  load(reader: ByteReader, saved: SavedRows): void {
    this.#blocks.load(reader)
    this.#fine.load(reader, saved)
    this.#coarse.load(reader, saved)
  }

  #fineClosed(row: number, parts: SampleBuffer): void {
    compact(parts)
    this.#coarseParts.clear()
    this.#coarseParts.addParts(parts, 0, parts.length, COARSE_MS)
    this.#coarse.append(row, this.#coarseParts, 0, this.#coarseParts.length)
  }

  /** Fine parts that are in no coarse one yet. */
  #addGrowing(row: number, parts: RollupBuffer): void {
    const lists = this.#fine
    for (let chunk = lists.first(row); chunk !== NONE; chunk = lists.table.next(chunk)) {
      if (!lists.isOpen(chunk)) continue
      this.#coarseParts.clear()
      lists.decode(row, chunk, EVERY, this.#coarseParts)
      parts.addParts(this.#coarseParts, 0, this.#coarseParts.length, COARSE_MS)
    }
  }
}
