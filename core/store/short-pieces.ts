import { decodePiece, encodePiece, pieceCount } from './chunk-codec.ts'
import type { Pieces } from './pieces.ts'
import type { SampleBuffer } from './sample-buffer.ts'

/** So many pieces shorter than that become one: what each has beside its samples is more than those. */
const MERGED = 4
const SHORT = 6

/** What became of a chain: its address, and how many samples and bytes of pieces there are more than before. */
export interface Merged {
  readonly at: number
  readonly count: number
  readonly size: number
}

function isShort(bytes: Uint8Array, at: number): boolean {
  return pieceCount(bytes, at) < SHORT
}

/** The newest pieces of a chain become one where all are short; undefined where they are not. `merged` is shown their samples first. */
export function mergeShort(
  pieces: Pieces,
  chain: number,
  {
    wanted,
    work,
    merged,
  }: {
    /** Every column. */
    readonly wanted: readonly number[]
    readonly work: SampleBuffer
    readonly merged: (samples: SampleBuffer) => void
  },
): Merged | undefined {
  const columns = wanted.length
  work.reset(columns)
  let size = 0
  const found = pieces.newest(chain, MERGED, isShort, (bytes, at) => {
    const count = pieceCount(bytes, at)
    work.reserve(count)
    size += decodePiece(bytes, at, { samples: work, wanted, columns, at: work.length }) - at
    work.length += count
  })
  if (found < MERGED) return undefined
  const count = work.length
  merged(work)
  const bytes = encodePiece({ samples: work, from: 0, to: work.length })
  return {
    at: pieces.replaceNewest(chain, MERGED, bytes),
    count: work.length - count,
    size: bytes.length - size,
  }
}
