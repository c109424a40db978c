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

/** Reads what `BitWriter` packed. Behind the end come zeros. */
export class BitReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #word = 0
  #left = 0

  reset(bytes: Uint8Array, at: number): void {
    this.#bytes = bytes
    this.#at = at
    this.#left = 0
  }

  /** The next 1 to 32 bits, unsigned. */
  get(bits: number): number {
    if (this.#left === 0) this.#fill()
    if (bits <= this.#left) {
      this.#left -= bits
      return ((this.#word >>> this.#left) & MASKS[bits]!) >>> 0
    }
    const rest = bits - this.#left
    const high = this.#word & MASKS[this.#left]!
    this.#fill()
    this.#left = 32 - rest
    return ((high << rest) | (this.#word >>> this.#left)) >>> 0
  }

  #fill(): void {
    const bytes = this.#bytes
    const at = this.#at
    this.#word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    this.#at = at + 4
    this.#left = 32
  }
}
