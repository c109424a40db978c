import { promisify } from 'node:util'
import { gunzip, gunzipSync, inflate, inflateSync } from 'node:zlib'

import { ServiceError } from '#core/errors.ts'

import { unpackLz4 } from '../kafka/lz4.ts'
import { blockLength, unpackBlock, unpackBlockAside } from '../snappy-block.ts'
import { unpackZstd, unpackZstdAside } from '../zstd.ts'
import { streamLength, unpackStream } from './snappy-stream.ts'

export interface InflateOptions {
  readonly maxOutputLength: number
  readonly chunkSize: number
}

/** Both throw an error that `isTooLong` where the result would have more than `maxOutputLength`, and another where there is none. */
export interface Encoding {
  readonly now: (body: Uint8Array, options: InflateOptions) => Buffer
  /** On another thread where that is slow. */
  readonly later: (body: Uint8Array, options: InflateOptions) => Promise<Buffer>
  /** How long the result is, as far as it can be told; it may be a lie. */
  readonly expected: (body: Uint8Array) => number
}

const TOO_LONG = 'ERR_BUFFER_TOO_LARGE'

export function isTooLong(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === TOO_LONG || code === 'too_large'
}

/** Of a gzip file the last four bytes are its length, modulo 2^32 (RFC 1952). */
const TRAILER = 4

function gzipLength(body: Uint8Array): number {
  if (body.length < TRAILER) return 0
  return new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(body.length - TRAILER, true)
}

const unknownLength = ({ length }: Uint8Array): number => length * 16
const deflate: Encoding = { now: inflateSync, later: promisify(inflate), expected: unknownLength }

const buffer = (body: Uint8Array): Buffer => Buffer.from(body.buffer, body.byteOffset, body.length)

/** One that says before how long its result is. */
function announced(
  lengthOf: (body: Buffer) => number,
  unpack: (body: Buffer) => Buffer,
  unpackLater = async (body: Buffer): Promise<Buffer> => unpack(body),
): Encoding {
  const admitted = (body: Uint8Array, { maxOutputLength }: InflateOptions): Buffer => {
    const bytes = buffer(body)
    if (lengthOf(bytes) > maxOutputLength) throw new ServiceError('too_large', 'more than it may have')
    return bytes
  }
  const now: Encoding['now'] = (body, options) => unpack(admitted(body, options))
  const later: Encoding['later'] = async (body, options) => unpackLater(admitted(body, options))
  const expected = (body: Uint8Array): number => {
    try {
      return lengthOf(buffer(body))
    } catch {
      // Unpacking says what is wrong.
      return 0
    }
  }
  return { now, later, expected }
}

const lz4: Encoding['now'] = (body, { maxOutputLength }) => unpackLz4(buffer(body), maxOutputLength)

/** By `Content-Encoding`: what the Collector can be told to send. */
export const ENCODINGS: ReadonlyMap<string, Encoding> = new Map<string, Encoding>([
  ['gzip', { now: gunzipSync, later: promisify(gunzip), expected: gzipLength }],
  ['zstd', { now: unpackZstd, later: unpackZstdAside, expected: unknownLength }],
  ['deflate', deflate],
  ['zlib', deflate],
  ['snappy', announced(blockLength, unpackBlock, unpackBlockAside)],
  ['x-snappy-framed', announced(streamLength, unpackStream)],
  ['lz4', { now: lz4, later: async (body, options) => lz4(body, options), expected: unknownLength }],
])
