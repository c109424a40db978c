import { ServiceError } from '#core/errors.ts'

import { blockLength, unpackBlock } from '../snappy-block.ts'

/** What a stream begins with. */
const HEAD = Buffer.from([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59])
const [PACKED, PLAIN, FIRST_SKIPPABLE] = [0x00, 0x01, 0x80]
/** Type and length of a chunk; then, of data, a checksum. */
const [CHUNK_HEAD, CHECKSUM] = [4, 4]
/** What one chunk may have unpacked. */
const CHUNK_MOST = 65_536

const damaged = (): ServiceError => new ServiceError('bad_data', 'the bytes are no stream of Snappy, or a damaged one')

interface Chunk {
  readonly bytes: Buffer
  /** Unpacked. */
  readonly length: number
  readonly packed: boolean
}

/** Chunks with data. Checksums are not looked at: what carries the stream has its own. */
function chunksOf(stream: Buffer): Chunk[] {
  if (!stream.subarray(0, HEAD.length).equals(HEAD)) throw damaged()
  const chunks: Chunk[] = []
  for (let from = HEAD.length; from < stream.length;) {
    const end = from + CHUNK_HEAD > stream.length ? Infinity : from + CHUNK_HEAD + stream.readUIntLE(from + 1, 3)
    if (end > stream.length) throw damaged()
    const type = stream[from]!
    const bytes = stream.subarray(from + CHUNK_HEAD + CHECKSUM, end)
    if (type === PACKED || type === PLAIN) {
      const length = type === PACKED ? blockLength(bytes) : bytes.length
      if (length > CHUNK_MOST) throw damaged()
      chunks.push({ bytes, length, packed: type === PACKED })
    } else if (type < FIRST_SKIPPABLE) throw damaged()
    from = end
  }
  return chunks
}

const sum = (chunks: readonly Chunk[]): number => chunks.reduce((total, { length }) => total + length, 0)

/** Bytes of a stream when unpacked. Throws `ServiceError('bad_data')`. */
export function streamLength(stream: Buffer): number {
  return sum(chunksOf(stream))
}

/**
 * Unpacks a stream of Snappy; ask `streamLength` first whether that may be. Throws `ServiceError('bad_data')`. Source: google/snappy,
 * framing_format.txt.
 */
export function unpackStream(stream: Buffer): Buffer {
  const chunks = chunksOf(stream)
  const unpacked = Buffer.allocUnsafeSlow(sum(chunks))
  let at = 0
  for (const { bytes, packed } of chunks) at += (packed ? unpackBlock(bytes) : bytes).copy(unpacked, at)
  return unpacked
}
