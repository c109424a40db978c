import { constants, createInflateRaw, type InflateRaw } from 'node:zlib'

import { checksum } from '#core/checksum.ts'

/** Of Node's own, not documented: where it is not, the documented way is taken. */
interface Insides {
  readonly _handle?: {
    writeSync?(
      flush: number,
      input: Uint8Array,
      inputAt: number,
      inputLength: number,
      output: Uint8Array,
      outputAt: number,
      outputLength: number,
    ): void
    reset?(): void
  }
  /** What is left of output and input. */
  readonly _writeState?: Uint32Array
}

/** Before and behind what is deflated: mark, method, flags, time, system; checksum and length (RFC 1952). */
const HEAD = 10
const TAIL = 8
/** The mark of gzip, deflate as its method, no flags: nothing more stands in the head. */
const PLAIN = 0x00_08_8b_1f

/**
 * Inflates short gzip bodies with one state for all. To make one anew for each, as `gunzipSync` does, takes half as long again as to
 * inflate 40 KB; and zlib's own checksum takes as long as to inflate.
 */
export class KeptGunzip {
  #inflate: (InflateRaw & Insides) | undefined

  /**
   * A body of exactly `length` bytes inflated, in memory of its own; undefined where that is not what comes of it, or where it has more than one
   * member or a head with names: then `gunzipSync` tells it.
   */
  inflate(body: Uint8Array, length: number): Buffer | undefined {
    const { _handle: handle, _writeState: left } = (this.#inflate ??= begun())
    if (handle?.writeSync === undefined || handle.reset === undefined || left === undefined) return undefined
    if (body.length <= HEAD + TAIL) return undefined
    const ends = new DataView(body.buffer, body.byteOffset, body.length)
    if (ends.getUint32(0, true) !== PLAIN || ends.getUint32(body.length - 4, true) !== length) return undefined
    // One byte more, so that the end is seen.
    const output = Buffer.allocUnsafeSlow(length + 1)
    handle.reset()
    handle.writeSync(constants.Z_FINISH, body, HEAD, body.length - HEAD - TAIL, output, 0, length + 1)
    const failed = this.#inflate.destroyed
    if (failed) this.#inflate = undefined
    const inflated = output.subarray(0, length)
    const isWhole = !failed && left[0] === 1 && left[1] === 0
    if (isWhole && checksum(inflated) === ends.getUint32(body.length - TAIL, true)) return inflated
    output.buffer.transfer(0)
    return undefined
  }
}

function begun(): InflateRaw & Insides {
  const inflate: InflateRaw & Insides = createInflateRaw()
  // An error destroys it, and is told again by who asks next.
  inflate.on('error', () => {})
  return inflate
}
