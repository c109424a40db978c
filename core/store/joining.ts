import { type ChunkTable, NONE } from './chunk-table.ts'
import { INDEX_SPAN_MS } from './piece-index.ts'

/** So many chunks of a size become one. */
const JOINED = 8
/** A size is below so many times the samples of a chunk that was never joined; the last has no end. */
const SIZES: readonly number[] = [4, 4 * JOINED]
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

/** Neighbours that become one chunk; final: which hardly anything will be joined to any more. */
export interface Joining {
  readonly chunks: readonly number[]
  readonly isFinal: boolean
}

function sizeOf(count: number, chunk_samples: number): number {
  let size = 0
  while (size < SIZES.length && count >= SIZES[size]! * chunk_samples) size++
  return size
}

/**
 * The first chunks of a list in files that become one: eight of a size, or fewer behind which comes what they can never be joined with, since it is
 * larger or there is too much of it. So a list has a few chunks of each size, and large ones as old as they get. Source: O'Neil et al., "The
 * log-structured merge-tree", 1996, with sizes as "tiers".
 */
export function joiningOf(
  table: ChunkTable,
  first: number,
  isJoinable: (chunk: number) => boolean,
  { chunk_samples, span_ms }: JoiningOptions,
): Joining | undefined {
  let run: number[] = []
  let [size, bytes, count, from_ms] = [0, 0, 0, 0]
  for (let chunk = first; chunk !== NONE; chunk = table.next(chunk)) {
    if (!isJoinable(chunk)) {
      run = []
      continue
    }
    const own = sizeOf(table.count(chunk), chunk_samples)
    const isFull =
      bytes + table.size(chunk) > JOINED_BYTES ||
      count + table.count(chunk) > JOINED_SAMPLES ||
      table.to_ms(chunk) - from_ms > Math.min(span_ms, INDEX_SPAN_MS)
    if (run.length > 0 && own === size && !isFull) {
      run.push(chunk)
      bytes += table.size(chunk)
      count += table.count(chunk)
      if (run.length === JOINED) return { chunks: run, isFinal: size > 0 }
      continue
    }
    // Smaller ones that follow may grow to its size.
    if (run.length > 1 && own >= size) return { chunks: run, isFinal: true }
    run = [chunk]
    size = own
    bytes = table.size(chunk)
    count = table.count(chunk)
    from_ms = table.from_ms(chunk)
  }
  return undefined
}
