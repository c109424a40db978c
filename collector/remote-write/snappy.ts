import { ServiceError } from '#core/errors.ts'

const WORD = 4
/** Copies are made in whole words, which may run over the end. */
const SLACK = WORD
/** Longer literals are copied by the runtime. */
const LONG = 48
/** Lengths below stand in the tag itself. */
const SHORT = 60

function corrupt(): never {
  throw new ServiceError('bad_data', 'the body is not snappy, block format')
}

/** What a block says that it inflates to, and where that ends. */
function header(block: Uint8Array): { length: number; start: number } {
  let length = 0
  for (let at = 0; at < 5 && at < block.length; at++) {
    const byte = block[at]!
    length += (byte & 127) * 2 ** (7 * at)
    if (byte < 128) return length < 2 ** 32 ? { length, start: at + 1 } : corrupt()
  }
  return corrupt()
}

/** The length that a block says it has inflated; nobody has to believe it. Throws `ServiceError('bad_data')`. */
export function inflatedLength(block: Uint8Array): number {
  return header(block).length
}

/** The length of a long literal, in `bytes` bytes; beyond the end of the block there are zeros. */
function longLength(block: Uint8Array, at: number, bytes: number): number {
  let value = 1
  for (let i = 0; i < bytes; i++) value += (block[at + i] ?? 0) * 2 ** (8 * i)
  return value
}

/**
 * Inflates a block; ask `inflatedLength` first whether that may be. Throws `ServiceError('bad_data')`. The package `snappyjs`
 * does not look whether what comes out has the length that was told, and takes twice the time. Source: google/snappy,
 * format_description.txt.
 */
export function inflateBlock(from: Uint8Array): Uint8Array {
  const { length: whole, start } = header(from)
  const to = Buffer.allocUnsafeSlow(whole + SLACK)
  const fromView = new DataView(from.buffer, from.byteOffset, from.byteLength)
  const toView = new DataView(to.buffer, to.byteOffset, to.byteLength)
  const end = from.length
  let at = start
  let written = 0
  while (at < end) {
    const tag = from[at++]!
    const kind = tag & 3
    let length = (tag >>> 2) + 1
    if (kind === 0) {
      if (length > SHORT) {
        const bytes = length - SHORT
        length = longLength(from, at, bytes)
        at += bytes
      }
      if (length > end - at || length > whole - written) corrupt()
      if (length > LONG || at + length + WORD > end) to.set(from.subarray(at, at + length), written)
      else for (let i = 0; i < length; i += WORD) toView.setInt32(written + i, fromView.getInt32(at + i, true), true)
      at += length
      written += length
      continue
    }
    const bytes = kind === 3 ? 4 : kind
    if (bytes > end - at) corrupt()
    let offset = kind === 3 ? fromView.getUint32(at, true) : from[at]! | (from[at + 1]! << 8)
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4
      offset = (offset & 255) | ((tag >>> 5) << 8)
    }
    at += bytes
    if (offset === 0 || offset > written || length > whole - written) corrupt()
    const last = written + length
    // What is nearer than a word repeats what is just being written.
    if (offset < WORD) for (; written < last; written++) to[written] = to[written - offset]!
    else for (; written < last; written += WORD) toView.setInt32(written, toView.getInt32(written - offset, true), true)
    written = last
  }
  return written === whole ? to.subarray(0, whole) : corrupt()
}
