import { ServiceError } from '#core/errors.ts'

const MAGIC = 0x184d2204
/** Frames that say nothing begin with one of sixteen numbers: this, and four bits more. */
const SKIPPED = 0x184d2a5
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY = 0x01
const STORED = 0x80000000
/** Shorter runs are copied by a loop: the call costs more than they do. */
const LONG = 24

/** Unpacked here and copied out: writers announce blocks of 4 MiB for what is a fifth of it, and memory that is not used is collected too. */
const SCRATCH = Buffer.allocUnsafeSlow(4 * 2 ** 20)

const broken = (): ServiceError => new ServiceError('bad_data', 'the LZ4 frame is damaged')

/**
 * LZ4 frames, one behind the other, unpacked (lz4_Frame_format.md, lz4_Block_format.md of the reference implementation). Checksums are
 * not verified: whoever packed them has his own over the whole. Throws `ServiceError`: `bad_data`, or `too_large` beyond `limit` bytes.
 */
export function unpackLz4(packed: Buffer, limit: number): Buffer {
  const frames = framesOf(packed)
  const most = Math.min(
    limit,
    frames.reduce((sum, frame) => sum + frame.most, 0),
  )
  const target = most > SCRATCH.length ? Buffer.allocUnsafeSlow(most) : SCRATCH.subarray(0, most)
  let length = 0
  for (const frame of frames) {
    length = unpackFrame(packed, frame, target, length)
    if (length < 0) throw tooLarge(target.length < limit, limit)
  }
  return most > SCRATCH.length ? target.subarray(0, length) : ownOf(target.subarray(0, length))
}

interface Frame {
  /** Where its first block begins. */
  readonly from: number
  /** Bytes behind each block that are none of it. */
  readonly behind: number
  /** Bytes that it may have unpacked: no block is longer than it says, nor than 255 times what it was packed into. */
  readonly most: number
  /** Where the next frame begins. */
  readonly next: number
}

function framesOf(packed: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at < packed.length || frames.length === 0; at = frames.at(-1)!.next) frames.push(frameAt(packed, at))
  return frames
}

function frameAt(packed: Buffer, at: number): Frame {
  if (packed.length - at < 7) throw broken()
  const magic = packed.readUInt32LE(at)
  if (magic >>> 4 === SKIPPED) {
    if (packed.length - at < 8) throw broken()
    return { from: packed.length, behind: 0, most: 0, next: at + 8 + packed.readUInt32LE(at + 4) }
  }
  if (magic !== MAGIC) throw broken()
  const flags = packed[at + 4]!
  const blockSize = 1 << (8 + 2 * ((packed[at + 5]! >> 4) & 7))
  const from = at + 7 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8) + ((flags & DICTIONARY) === 0 ? 0 : 4)
  const behind = (flags & BLOCK_CHECKSUM) === 0 ? 0 : 4
  let most = 0
  let next = from
  for (let head = headAt(packed, next); head !== 0; head = headAt(packed, next)) {
    const size = head & ~STORED
    if (size > packed.length - next - 4) throw broken()
    most += Math.min(blockSize, head >= STORED ? size : 255 * size)
    next += 4 + size + behind
  }
  return { from, behind, most, next: next + 4 + ((flags & CONTENT_CHECKSUM) === 0 ? 0 : 4) }
}

/** Of a block: its length, and whether it is packed. Of the end of a frame: 0. */
function headAt(packed: Buffer, at: number): number {
  if (at + 4 > packed.length) throw broken()
  return packed.readUInt32LE(at)
}

/** The new length of what is in `target`; -1 where it has no room. */
function unpackFrame(source: Buffer, { from, behind, most }: Frame, target: Buffer, before: number): number {
  let length = before
  if (most === 0) return length
  for (let at = from, head = headAt(source, at); head !== 0 && length >= 0; head = headAt(source, at)) {
    const size = head & ~STORED
    const block = { source, from: at + 4, end: at + 4 + size }
    length = head >= STORED ? stored(block, target, length) : unpackBlock(block, target, length)
    at += 4 + size + behind
  }
  return length
}

function ownOf(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}

function tooLarge(roomLeft: boolean, limit: number): ServiceError {
  return roomLeft ? broken() : new ServiceError('too_large', `unpacked it has more than ${limit} bytes`)
}

interface Block {
  readonly source: Buffer
  readonly from: number
  readonly end: number
}

/** As `unpackFrame`. */
function stored({ source, from, end }: Block, target: Buffer, length: number): number {
  if (length + end - from > target.length) return -1
  target.set(source.subarray(from, end), length)
  return length + end - from
}

/** As `unpackFrame`. Comparisons are the wrong way round so that NaN, which a cut length gives, is out of bounds. */
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
