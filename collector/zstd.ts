import { promisify } from 'node:util'
import { zstdDecompress, zstdDecompressSync } from 'node:zlib'

import { ServiceError } from '#core/errors.ts'

export interface ZstdOptions {
  readonly maxOutputLength: number
  readonly chunkSize: number
}

/** What Node gives where it is asked for `info`. */
interface Unpacked {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

/** Each one costs a state of its own; writers that work in parallel make one a MiB or so. */
const FRAMES = 256
/** Memory is asked for in pieces of this size from the second frame on, or many short ones would ask for much. */
const NEXT_CHUNK = 2 ** 16

const aside = promisify(zstdDecompress)

/** Frames, one behind the other, while they are unpacked: Node unpacks the first and passes over the rest. */
class Frames {
  rest: Uint8Array
  readonly #options: ZstdOptions
  readonly #unpacked: Buffer[] = []
  #length = 0

  constructor(packed: Uint8Array, options: ZstdOptions) {
    this.rest = packed
    this.#options = options
  }

  get options(): ZstdOptions & { readonly info: true } {
    const { maxOutputLength, chunkSize } = this.#options
    return {
      info: true,
      maxOutputLength: Math.max(maxOutputLength - this.#length, 1),
      chunkSize: this.#unpacked.length === 0 ? chunkSize : Math.min(chunkSize, NEXT_CHUNK),
    }
  }

  /** True where another follows. */
  add(unpacked: unknown): boolean {
    const { buffer, engine } = unpacked as Unpacked
    this.rest = this.rest.subarray(engine.bytesWritten)
    this.#length += buffer.length
    if (this.#length > this.#options.maxOutputLength) {
      throw new ServiceError('too_large', `unpacked it has more than ${this.#options.maxOutputLength} bytes`)
    }
    if (this.#unpacked.push(buffer) > FRAMES) throw new ServiceError('bad_data', `it has more than ${FRAMES} frames`)
    return this.rest.length > 0
  }

  whole(): Buffer {
    return this.#unpacked.length === 1 ? this.#unpacked[0]! : Buffer.concat(this.#unpacked)
  }
}

/**
 * All frames unpacked (RFC 8878, 3.1). Throws as `zstdDecompressSync` does, and `ServiceError`: `too_large`, `bad_data` for too many frames.
 */
export function unpackZstd(packed: Uint8Array, options: ZstdOptions): Buffer {
  const frames = new Frames(packed, options)
  while (frames.add(zstdDecompressSync(frames.rest, frames.options)));
  return frames.whole()
}

/** As `unpackZstd`, on another thread. */
export async function unpackZstdAside(packed: Uint8Array, options: ZstdOptions): Promise<Buffer> {
  const frames = new Frames(packed, options)
  while (frames.add(await aside(frames.rest, frames.options)));
  return frames.whole()
}
