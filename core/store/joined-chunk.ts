import type { TimeRange } from '../ports/series-reader.ts'
import { decodePiece, pieceCount } from './chunk-codec.ts'
import { PieceIndex } from './piece-index.ts'
import type { SampleBuffer } from './sample-buffer.ts'

/** A chunk of more bytes begins with an index: of shorter ones to look at every piece costs little. */
const INDEXED_BYTES = 2 ** 10
const NO_COLUMNS: readonly number[] = []

/** Where a chunk lies: bytes `[at, end)`. */
export interface ChunkPlace {
  readonly bytes: Uint8Array
  readonly at: number
  readonly end: number
}

/** What is known of it: its samples, and the times of its oldest and newest. */
export interface WholeChunk extends ChunkPlace {
  readonly count: number
  readonly from_ms: number
  readonly to_ms: number
}

const own = new PieceIndex()
const source = new PieceIndex()

/** Calls with the place of each piece, which returns where it ends; pieces outside of the range may be left out. */
export function eachPiece(
  { bytes, at, end }: ChunkPlace,
  take: (bytes: Uint8Array, at: number) => number,
  range?: TimeRange,
): void {
  let next = at + source.decode(bytes, at)
  const indexed = source.length
  if (indexed === 0 || range === undefined) while (next < end) next = take(bytes, next)
  for (let piece = 0; next < end; piece++) {
    if (source.to_ms(piece) >= range!.from_ms && source.from_ms(piece) <= range!.to_ms) take(bytes, next)
    next += source.size(piece)
  }
}

/** The pieces of chunks of so many value columns as one chunk: a copy. `work` is used for their times. */
export function joinChunks(chunks: readonly WholeChunk[], columns: number, work: SampleBuffer): Uint8Array {
  const total = chunks.reduce((sum, { at, end }) => sum + end - at, 0)
  own.length = 0
  const parts: Uint8Array[] = []
  for (const chunk of chunks) {
    const start = chunk.at + source.decode(chunk.bytes, chunk.at)
    if (total > INDEXED_BYTES) addPieces(chunk, start, columns, work)
    parts.push(chunk.bytes.subarray(start, chunk.end))
  }
  return Buffer.concat(own.length > 0 ? [own.encode(), ...parts] : parts)
}

/** Adds the pieces of a chunk, whose own index was just read, to that of all. */
function addPieces(chunk: WholeChunk, start: number, columns: number, work: SampleBuffer): void {
  const { bytes, end } = chunk
  for (let piece = 0; piece < source.length; piece++) {
    own.add(source.from_ms(piece), source.to_ms(piece), source.size(piece))
  }
  if (source.length > 0) return
  if (pieceCount(bytes, start) === chunk.count) {
    own.add(chunk.from_ms, chunk.to_ms, end - start)
    return
  }
  for (let next = start; next < end;) {
    const count = pieceCount(bytes, next)
    work.reset(0)
    work.reserve(count)
    const after = decodePiece(bytes, next, { samples: work, wanted: NO_COLUMNS, columns, at: 0 })
    const [first_ms, last_ms] = [work.time_ms[0]!, work.time_ms[count - 1]!]
    own.add(Math.min(first_ms, last_ms), Math.max(first_ms, last_ms), after - next)
    next = after
  }
}
