import { writeSeconds, writeValue } from './number-bytes.ts'

/** Bytes that a point takes at most. */
const POINT_BYTES = 80

/** Points up to their values, one behind the other, with the comma before each but the first; and where each ends. */
interface Begins {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
}

function beginsOf(time_ms: Float64Array): Begins {
  const json = new JsonBytes()
  const ends = new Uint32Array(time_ms.length)
  for (let i = 0; i < time_ms.length; i++) {
    if (i > 0) json.text(',')
    json.begin(time_ms[i]!)
    ends[i] = json.bytes.length
  }
  return { bytes: json.bytes, ends }
}

/** JSON text as UTF-8, written where it stays: numbers become digits without a string in between. */
export class JsonBytes {
  #bytes = Buffer.allocUnsafe(1 << 16)
  #length = 0
  /** The times of the last points, and how they begin where they came twice: those of series over one grid are the same array. */
  #times: Float64Array = new Float64Array(0)
  #begins: Begins | undefined

  get length(): number {
    return this.#length
  }

  /** What was written so far; what follows is written anew. */
  take(): Uint8Array<ArrayBuffer> {
    const { bytes } = this
    // The next is about as long.
    this.#bytes = Buffer.allocUnsafe(Math.ceil(this.#length * 1.1) + POINT_BYTES)
    this.#length = 0
    return bytes
  }

  /** A view of what was written. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Text that is JSON already. */
  text(text: string): void {
    const { length } = text
    this.#reserve(length * 3)
    const bytes = this.#bytes
    let at = this.#length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) {
        this.#length += bytes.write(text, this.#length, 'utf8')
        return
      }
      bytes[at++] = code
    }
    this.#length = at
  }

  /** `[seconds,"value"]`, both as Prometheus writes them. */
  point(time_ms: number, value: number): void {
    this.begin(time_ms)
    this.#length = ended(this.#bytes, writeValue(this.#bytes, this.#length, value))
  }

  /** Points, a comma between two. */
  points(time_ms: Float64Array, value: Float64Array): void {
    if (time_ms !== this.#times) {
      this.#times = time_ms
      this.#begins = undefined
      for (let i = 0; i < time_ms.length; i++) {
        if (i > 0) this.text(',')
        this.point(time_ms[i]!, value[i]!)
      }
      return
    }
    const { bytes: begins, ends } = (this.#begins ??= beginsOf(time_ms))
    this.#reserve(POINT_BYTES * time_ms.length)
    const bytes = this.#bytes
    let at = this.#length
    let from = 0
    for (let i = 0; i < time_ms.length; i++) {
      for (const end = ends[i]!; from < end; from++) bytes[at++] = begins[from]!
      at = ended(bytes, writeValue(bytes, at, value[i]!))
    }
    this.#length = at
  }

  /** A point up to its value. */
  begin(time_ms: number): void {
    this.#reserve(POINT_BYTES)
    const bytes = this.#bytes
    bytes[this.#length++] = 91
    let at = writeSeconds(bytes, this.#length, time_ms)
    bytes[at++] = 44
    bytes[at++] = 34
    this.#length = at
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** Behind the value of a point. */
function ended(bytes: Uint8Array, at: number): number {
  bytes[at] = 34
  bytes[at + 1] = 93
  return at + 2
}
