const MASKS = Int32Array.from({ length: 33 }, (_, bits) => (bits === 32 ? -1 : 2 ** bits - 1))

/** Packs numbers of 1 to 32 bits, highest bit first, into big-endian bytes. */
export class BitWriter {
  #words = new Uint32Array(1024)
  #used = 0
  #open = 0
  #free = 32

  clear(): void {
    this.#used = 0
    this.#open = 0
    this.#free = 32
  }

  put(value: number, bits: number): void {
    if (bits <= this.#free) {
      this.#free -= bits
      this.#open |= bits === 32 ? value : (value & MASKS[bits]!) << this.#free
      if (this.#free === 0) this.#flush()
    } else {
      const rest = bits - this.#free
      this.#open |= (value >>> rest) & MASKS[this.#free]!
      this.#flush()
      this.#open = value << (32 - rest)
      this.#free = 32 - rest
    }
  }

  /** Bytes that the bits written so far need. */
  get length(): number {
    return this.#used * 4 + Math.ceil((32 - this.#free) / 8)
  }

  /** Writes the bytes to `out` from `at`. */
  copyTo(out: Uint8Array, at: number): void {
    const length = this.length
    for (let i = 0; i < length; i++) {
      const word = i >>> 2 < this.#used ? this.#words[i >>> 2]! : this.#open
      out[at + i] = word >>> (24 - (i & 3) * 8)
    }
  }

  #flush(): void {
    if (this.#used === this.#words.length) {
      const larger = new Uint32Array(this.#used * 2)
      larger.set(this.#words)
      this.#words = larger
    }
    this.#words[this.#used++] = this.#open
    this.#open = 0
    this.#free = 32
  }
}

/** The 32 bits at a bit position, of what `BitWriter` and its like packed. Behind the end come zeros. */
export function bitsAt(bytes: Uint8Array, start: number, bit: number): number {
  const at = start + (bit >>> 3)
  const skip = bit & 7
  // A single look behind the end, and the compiler makes every look ready for what is not there: decoding takes a third longer.
  if (at + 4 >= bytes.length) return lastBits(bytes, at, skip)
  const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  return skip === 0 ? word : (word << skip) | (bytes[at + 4]! >>> (8 - skip))
}

function lastBits(bytes: Uint8Array, at: number, skip: number): number {
  const byte = (i: number): number => bytes[at + i] ?? 0
  const word = (byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)
  return skip === 0 ? word : (word << skip) | (byte(4) >>> (8 - skip))
}
