import { ByteReader, ByteWriter } from './bytes.ts'
import { grown } from './grow.ts'

/** Stands where a piece has its number of samples, which is never 0. */
const MARK = 0
/** Longer than this no chunk lasts: differences of times stay whole numbers that a varint takes. */
export const INDEX_SPAN_MS = 2 ** 50

/** Where the pieces of a chunk lie: times as whole ms around their samples, and their bytes. */
export class PieceIndex {
  #from_ms = new Float64Array(64)
  #to_ms = new Float64Array(64)
  #size = new Float64Array(64)
  length = 0

  from_ms(piece: number): number {
    return this.#from_ms[piece]!
  }

  to_ms(piece: number): number {
    return this.#to_ms[piece]!
  }

  /** Bytes. */
  size(piece: number): number {
    return this.#size[piece]!
  }

  add(from_ms: number, to_ms: number, size: number): void {
    const piece = this.length++
    this.#from_ms = grown(this.#from_ms, this.length)
    this.#to_ms = grown(this.#to_ms, this.length)
    this.#size = grown(this.#size, this.length)
    this.#from_ms[piece] = Math.floor(from_ms)
    this.#to_ms[piece] = Math.ceil(to_ms)
    this.#size[piece] = size
  }

  /**
   * What stands before the pieces: 0, their number, the first time as a double; then of each how far it begins behind the end of the one before,
   * how long it lasts, and its bytes, as varints.
   */
  encode(): Uint8Array {
    const writer = new ByteWriter(32 + this.length * 12)
    let before_ms = this.#from_ms[0]!
    writer.u8(MARK)
    writer.varint(this.length)
    writer.f64(before_ms)
    for (let piece = 0; piece < this.length; piece++) {
      const [from_ms, to_ms] = [this.#from_ms[piece]!, this.#to_ms[piece]!]
      writer.signed(from_ms - before_ms)
      writer.varint(to_ms - from_ms)
      writer.varint(this.#size[piece]!)
      before_ms = to_ms
    }
    return writer.view()
  }

  /** Reads the index that a chunk begins with; returns its length, 0 where there is none. The bytes must be ours. */
  decode(bytes: Uint8Array, at: number): number {
    this.length = 0
    if (bytes[at] !== MARK) return 0
    const index = bytes.subarray(at + 1)
    const reader = new ByteReader(index)
    const count = reader.varint()
    let before_ms = reader.f64()
    for (let piece = 0; piece < count; piece++) {
      const from_ms = before_ms + reader.signed()
      before_ms = from_ms + reader.varint()
      this.add(from_ms, before_ms, reader.varint())
    }
    return 1 + index.length - reader.left
  }
}
