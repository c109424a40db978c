import { uncompress, uncompressSync } from 'snappy'

import { ServiceError } from '#core/errors.ts'

const damaged = (cause?: unknown): ServiceError =>
  new ServiceError('bad_data', 'the bytes are no Snappy block, or a damaged one', { cause })

/** The length that a block says it has unpacked, a varint of up to 32 bits at its begin. Throws `ServiceError('bad_data')`. */
export function blockLength(block: Uint8Array): number {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) break
    length += (byte & 127) * 2 ** (7 * i)
    if (byte < 128) return length
  }
  throw damaged()
}

/**
 * Unpacks a block of Snappy; ask `blockLength` first whether that may be. Throws `ServiceError('bad_data')`. Copying out costs less than
 * the memory that would otherwise stay with the native side until it is collected. Source: google/snappy, format_description.txt.
 */
export function unpackBlock(block: Uint8Array): Buffer {
  try {
    const bytes = Buffer.from(block.buffer, block.byteOffset, block.length)
    return uncompressSync(bytes, { copyOutputData: true }) as Buffer
  } catch (error) {
    throw damaged(error)
  }
}

/** The same on another thread: a block of 64 MB takes a tenth of a second. */
export async function unpackBlockAside(block: Uint8Array): Promise<Buffer> {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length)
  const unpacked = await uncompress(bytes, { copyOutputData: true }).catch((error: unknown) => {
    throw damaged(error)
  })
  return unpacked as Buffer
}
