import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'

import kafkajs from 'kafkajs'

import { messageOf, ServiceError } from '#core/errors.ts'

import { unpackZstd, unpackZstdAside } from '../zstd.ts'
import { unpackLz4 } from './lz4.ts'
import { mendRecordBatches } from './record-batches.ts'
import { unpackSnappy } from './snappy.ts'
import { standIn } from './stand-in.ts'
import { gzipSize, zstdSize } from './unpacked-size.ts'

// A CommonJS module whose names Node cannot see.
const { CompressionCodecs, CompressionTypes } = kafkajs
const gunzipAside = promisify(gunzip)

/** Less than this is unpacked at once: the way to another thread and back costs more. */
const SMALL = 16 * 2 ** 10
/** Telemetry shrinks to a twentieth, and every piece of this size costs a turn of the loop. */
const PIECE = { ratio: 24, max: 2 ** 20 }
/** Who says more of himself than this is not believed. */
const RATIO_MAX = 200

type Unpack = (packed: Buffer, limit: number) => Buffer | Promise<Buffer>

/** In one piece where it is known how large it will be: all else is copied together, and the copies are work for the collector. */
const options = (packed: Buffer, limit: number, size: number | undefined) => ({
  chunkSize: Math.max(
    SMALL,
    size === undefined || size > packed.length * RATIO_MAX
      ? Math.min(PIECE.max, packed.length * PIECE.ratio)
      : Math.min(size + 1, limit),
  ),
  maxOutputLength: limit,
})

/** Between two batches everybody else gets his turn. */
const inTurn =
  (unpack: (packed: Buffer, limit: number) => Buffer): Unpack =>
  async (packed, limit) => {
    if (packed.length >= SMALL) await new Promise((resolve) => setImmediate(resolve))
    return unpack(packed, limit)
  }

const UNPACK: readonly (readonly [type: number, name: string, unpack: Unpack])[] = [
  [
    CompressionTypes.GZIP,
    'gzip',
    (packed, limit) =>
      (packed.length < SMALL ? gunzipSync : gunzipAside)(packed, options(packed, limit, gzipSize(packed))),
  ],
  [CompressionTypes.Snappy, 'snappy', inTurn(unpackSnappy)],
  [CompressionTypes.LZ4, 'lz4', inTurn(unpackLz4)],
  [
    CompressionTypes.ZSTD,
    'zstd',
    (packed, limit) =>
      (packed.length < SMALL ? unpackZstd : unpackZstdAside)(packed, options(packed, limit, zstdSize(packed))),
  ],
]

interface Codec {
  compress(encoder: unknown): Promise<Buffer>
}

/** We only read; whoever writes with the same library goes on as before. */
const ORIGINALS = new Map(UNPACK.map(([type]) => [type, CompressionCodecs[type as keyof typeof CompressionCodecs]]))

/** What a record costs in memory beside its bytes: small ones count as if they had so many. */
const RECORD_BYTES = 256

export interface UnpackLimits {
  /** Bytes that one batch of records may have. */
  readonly batch: number
  /** Bytes of all batches after which no other of the same answer is read: it is fetched again, with the next one. */
  readonly answer: number
}

/**
 * What batches are unpacked with. The library's own gzip takes three times as long, knows no limit, and it has no other;
 * a batch that cannot be unpacked would stop it for good. So records stand in for it, each of which says why (`refusal`):
 * `too_large` or `bad_data`.
 */
export class Codecs {
  readonly #limits: UnpackLimits
  readonly #refusals = new WeakMap<ArrayBufferLike, ServiceError>()
  #read = 0

  /** The library has one table for all clients of a process: the newest has its way. */
  constructor(limits: UnpackLimits) {
    this.#limits = limits
    mendRecordBatches((records) => this.#judged(records))
    for (const [type, name, unpack] of UNPACK) {
      CompressionCodecs[type as keyof typeof CompressionCodecs] = () => ({
        compress: (encoder: unknown) => (ORIGINALS.get(type) as () => Codec)().compress(encoder),
        decompress: (packed: Buffer) => this.#unpack(name, unpack, packed),
      })
    }
  }

  /** Another answer of the broker comes. */
  begin(): void {
    this.#read = 0
  }

  /** Why this is no record, or none that is taken; undefined where it is one. */
  refusal(value: Uint8Array | null): ServiceError | undefined {
    if (value === null) return undefined
    if (value.length > this.#limits.batch) return tooLarge(value.length, this.#limits.batch)
    return this.#refusals.get(value.buffer)
  }

  #judged(records: number): 'read' | 'later' | Buffer {
    if (this.#read >= this.#limits.answer) return 'later'
    const bytes = records * RECORD_BYTES
    if (bytes <= this.#limits.batch) {
      this.#read += bytes
      return 'read'
    }
    const value = Buffer.allocUnsafeSlow(1)
    const most = Math.floor(this.#limits.batch / RECORD_BYTES)
    this.#refusals.set(value.buffer, new ServiceError('too_large', `it has ${records} records, more than ${most}`))
    return value
  }

  async #unpack(name: string, unpack: Unpack, packed: Buffer): Promise<Buffer> {
    try {
      const unpacked = await unpack(packed, this.#limits.batch)
      this.#read += unpacked.length
      return unpacked
    } catch (error) {
      const records = standIn(packed)
      this.#refusals.set(records.buffer, refusalOf(name, error, this.#limits.batch))
      return records
    }
  }
}

function tooLarge(length: number, limit: number): ServiceError {
  return new ServiceError('too_large', `it has ${length} bytes, more than ${limit}`)
}

function refusalOf(name: string, error: unknown, limit: number): ServiceError {
  if (error instanceof ServiceError) return error
  const hasNoRoom = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
  if (hasNoRoom) return new ServiceError('too_large', `unpacked it has more than ${limit} bytes`)
  return new ServiceError('bad_data', `a batch cannot be unpacked as ${name}: ${messageOf(error)}`, { cause: error })
}
