import { ServiceError } from '#core/errors.ts'

import { blockLength, unpackBlock } from '../snappy-block.ts'

/** What the Java library, and most after it, write before blocks: this, and two versions of four bytes. */
const FRAMED = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const HEAD = FRAMED.length + 8

const broken = (): ServiceError => new ServiceError('bad_data', 'the Snappy blocks are damaged')

/**
 * Snappy as it comes in Kafka: in snappy-java's frame, or as one bare block. Throws `ServiceError`: `bad_data`, or
 * `too_large` beyond `limit` bytes, which the blocks say themselves before any is unpacked.
 */
export function unpackSnappy(packed: Buffer, limit: number): Buffer {
  const blocks = packed.subarray(0, FRAMED.length).equals(FRAMED) ? framed(packed) : [packed]
  let length = 0
  for (const block of blocks) length += blockLength(block)
  if (length > limit) throw new ServiceError('too_large', `unpacked it has ${length} bytes, more than ${limit}`)
  const unpacked = blocks.map(unpackBlock)
  return unpacked.length === 1 ? unpacked[0]! : Buffer.concat(unpacked)
}

function framed(packed: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  for (let from = HEAD; from < packed.length;) {
    if (from + 4 > packed.length) throw broken()
    const end = from + 4 + packed.readUInt32BE(from)
    if (end > packed.length) throw broken()
    blocks.push(packed.subarray(from + 4, end))
    from = end
  }
  return blocks
}
