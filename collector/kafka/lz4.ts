import { ServiceError } from '#core/errors.ts'

const MAGIC = 0x184d2204
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const DICTIONARY = 0x01
const STORED = 0x80000000
/** Shorter runs are copied by a loop: the call costs more than they do. */
const LONG = 24

/** Unpacked here and copied out: writers announce blocks of 4 MiB for what is a fifth of it, and memory that is not used is collected too. */
const SCRATCH = Buffer.allocUnsafeSlow(4 * 2 ** 20)

const broken = (): ServiceError => new ServiceError('bad_data', 'the LZ4 frame is damaged')

/**
 * One LZ4 frame, unpacked (lz4_Frame_format.md, lz4_Block_format.md of the reference implementation). Checksums are not
 * verified: Kafka's own stands over the whole. Throws `ServiceError`: `bad_data`, or `too_large` beyond `limit` bytes.
 */
export function unpackLz4(packed: Buffer, limit: number): Buffer {
  if (packed.length < 7 || packed.readUInt32LE(0) !== MAGIC) throw broken()
  const flags = packed[4]!
  const blockSize = 1 << (8 + 2 * ((packed[5]! >> 4) & 7))
  let from = 7 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8) + ((flags & DICTIONARY) === 0 ? 0 : 4)
  const behind = (flags & BLOCK_CHECKSUM) === 0 ? 0 : 4
  const most = Math.min(limit, mostOf({ source: packed, from, end: packed.length }, blockSize, behind))
  const target = most > SCRATCH.length ? Buffer.allocUnsafeSlow(most) : SCRATCH.subarray(0, most)
  let length = 0
  for (;;) {
    if (from + 4 > packed.length) throw broken()
    const head = packed.readUInt32LE(from)
    if (head === 0) return most > SCRATCH.length ? target.subarray(0, length) : ownOf(target.subarray(0, length))
    from += 4
    const size = head & ~STORED
    if (size > packed.length - from) throw broken()
    const block = { source: packed, from, end: from + size }
    length = head >= STORED ? stored(block, target, length) : unpackBlock(block, target, length)
    if (length < 0) throw tooLarge(target.length < limit, limit)
    from += size + behind
  }
}

function ownOf(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}

function tooLarge(roomLeft: boolean, limit: number): ServiceError {
  return roomLeft ? broken() : new ServiceError('too_large', `unpacked it has more than ${limit} bytes`)
}

/** No block is longer than `blockSize`, nor than 255 times what it was packed into: of what is not cheated, little too much. */
function mostOf({ source, from, end }: Block, blockSize: number, behind: number): number {
  let most = 0
  for (let at = from; at + 4 <= end;) {
    const head = source.readUInt32LE(at)
    const size = head & ~STORED
    if (head === 0) break
    most += Math.min(blockSize, head >= STORED ? size : 255 * size)
    at += 4 + size + behind
  }
  return most
}

interface Block {
  readonly source: Buffer
  readonly from: number
  readonly end: number
}

/** The new length of what is in `target`; -1 where it has no room. */
function stored({ source, from, end }: Block, target: Buffer, length: number): number {
  if (length + end - from > target.length) return -1
  target.set(source.subarray(from, end), length)
  return length + end - from
}

/** As `stored`. Comparisons are the wrong way round so that NaN, which a cut length gives, is out of bounds. */
function unpackBlock({ source, from, end }: Block, target: Buffer, length: number): number {
  let i = from
  let at = length
  while (i < end) {
    const token = source[i++]!
    let literals = token >>> 4
    for (let more = literals === 15 ? 255 : 0; more === 255; literals += more) more = source[i++]!
    if (!(i + literals <= end)) throw broken()
    if (at + literals > target.length) return -1
    if (literals > LONG) target.set(source.subarray(i, i + literals), at)
    else for (let k = 0; k < literals; k++) target[at + k] = source[i + k]!
    at += literals
    i += literals
    // The last sequence has no match.
    if (i >= end) break
    const distance = source[i]! | (source[i + 1]! << 8)
    i += 2
    let match = token & 15
    for (let more = match === 15 ? 255 : 0; more === 255; match += more) more = source[i++]!
    match += 4
    let copied = at - distance
    if (!(i <= end) || distance === 0 || copied < 0 || Number.isNaN(match)) throw broken()
    const stop = at + match
    if (stop > target.length) return -1
    if (match > LONG && distance >= match) target.copyWithin(at, copied, copied + match)
    else while (at < stop) target[at++] = target[copied++]!
    at = stop
  }
  return at
}
