import type { Age } from './chunk-files.ts'
import { type ChunkTable, NONE } from './chunk-table.ts'
import { INDEX_SPAN_MS } from './piece-index.ts'

/** So many chunks of a size become one of the next. */
const JOINED = 4
/** The size of a chunk that was never joined ends at so many times the usual one. */
const USUAL = 2
/** The largest size. What is joined of such hardly ever is again. */
const LARGE = 3
/** The age of chunks that stay as they are. */
export const OLDEST: Age = LARGE + 1
/** No chunk is joined beyond this: whoever reads a little of it reads all its bytes. */
const JOINED_BYTES = 2 ** 15
/** What the table counts to. */
const JOINED_SAMPLES = 2 ** 16 - 1

export interface JoiningOptions {
  /** Samples of a chunk that was never joined, about. */
  readonly chunk_samples: number
  /** A chunk spans no more than this. */
  readonly span_ms: number
}

/** Neighbours that become one chunk. */
export interface Joining {
  readonly chunks: readonly number[]
  /** Of that chunk. */
  readonly age: Age
}

/** 0 is for chunks that memory was too short for, 1 for usual ones; each is four times the one before. */
function sizeOf(count: number, chunk_samples: number): number {
  let size = 0
  for (let end = (chunk_samples * USUAL) / JOINED; count >= end && size <= LARGE; end *= JOINED) size++
  return size
}

/** Neighbours as they would be joined. */
class Run {
  readonly #table: ChunkTable
  readonly #span_ms: number
  chunks: number[] = []
  #bytes = 0
  #samples = 0
  #from_ms = 0

  constructor(table: ChunkTable, span_ms: number) {
    this.#table = table
    this.#span_ms = Math.min(span_ms, INDEX_SPAN_MS)
  }

  hasRoom(chunk: number): boolean {
    const table = this.#table
    if (this.#bytes + table.size(chunk) > JOINED_BYTES || this.#samples + table.count(chunk) > JOINED_SAMPLES)
      return false
    return table.to_ms(chunk) - this.#from_ms <= this.#span_ms
  }

  begin(chunk: number): void {
    this.chunks.length = 0
    this.#bytes = this.#samples = 0
    this.#from_ms = this.#table.from_ms(chunk)
    this.add(chunk)
  }

  add(chunk: number): void {
    this.chunks.push(chunk)
    this.#bytes += this.#table.size(chunk)
    this.#samples += this.#table.count(chunk)
  }
}

/**
 * The first chunks of a list that become one: four of a size; fewer where they cannot become more, since there is too much of the next; and
 * with a larger one that follows on smaller ones, which would stay small. So a list has at most three of a size, and large ones as old as
 * they get. Source: O'Neil et al., "The log-structured merge-tree", 1996; sizes are its components.
 */
export function joiningOf(
  table: ChunkTable,
  first: number,
  isJoinable: (chunk: number) => boolean,
  { chunk_samples, span_ms }: JoiningOptions,
): Joining | undefined {
  const run = new Run(table, span_ms)
  let size = -1
  for (let chunk = first; chunk !== NONE; chunk = table.next(chunk)) {
    const own = isJoinable(chunk) ? sizeOf(table.count(chunk), chunk_samples) : -1
    const hasRoom = run.chunks.length > 0 && own >= size && run.hasRoom(chunk)
    if (hasRoom) {
      run.add(chunk)
      if (own > size || run.chunks.length === JOINED) return { chunks: run.chunks, age: size + 1 }
    } else if (run.chunks.length > 1 && own >= size) return { chunks: run.chunks, age: OLDEST }
    else if (own < 0) run.chunks.length = 0
    else {
      run.begin(chunk)
      size = own
    }
  }
  return undefined
}
