import { slabOf, wordOf } from './arena.ts'
import { type Blocks, roomFor } from './blocks.ts'

/** Before the bytes of a piece: the address of the one before it (0: none), and its length. */
const HEAD_BYTES = 8

function wordsOf(length: number): number {
  return Math.ceil((HEAD_BYTES + length) / 8)
}

type TakePiece = (bytes: Uint8Array, at: number) => void

/** Bytes in memory as chains of blocks, the newest first: a chunk that still grows. */
export class Pieces {
  readonly #blocks: Blocks
  /** Of the chain that is gone through. */
  readonly #addresses: number[] = []
  #bytes = 0

  constructor(blocks: Blocks) {
    this.#blocks = blocks
  }

  /** Of all chains, with their heads. */
  get bytes(): number {
    return this.#bytes
  }

  /** Puts bytes at the end of a chain (0: a new one); returns its address. */
  append(chain: number, bytes: Uint8Array): number {
    const address = this.#blocks.allocate(wordsOf(bytes.length))
    const word = wordOf(address)
    const { u32, u8 } = this.#blocks.arena
    u32[slabOf(address)]![word * 2] = chain
    u32[slabOf(address)]![word * 2 + 1] = bytes.length
    u8[slabOf(address)]!.set(bytes, word * 8 + HEAD_BYTES)
    this.#bytes += roomFor(wordsOf(bytes.length)) * 8
    return address
  }

  /** Gives a chain's memory back. */
  release(chain: number): void {
    for (let address = chain; address !== 0;) {
      const next = this.#blocks.arena.u32[slabOf(address)]![wordOf(address) * 2]!
      this.#give(address)
      address = next
    }
  }

  /** Calls with the place of each of the newest pieces, the oldest of them first, while all of them `may`. Returns how many there were. */
  newest(chain: number, count: number, may: (bytes: Uint8Array, at: number) => boolean, take: TakePiece): number {
    const { u32, u8 } = this.#blocks.arena
    const addresses = this.#addresses
    let found = 0
    for (let address = chain; address !== 0 && found < count; address = u32[slabOf(address)]![wordOf(address) * 2]!) {
      if (!may(u8[slabOf(address)]!, wordOf(address) * 8 + HEAD_BYTES)) break
      addresses[found++] = address
    }
    if (found < count) return found
    for (let i = found - 1; i >= 0; i--) take(u8[slabOf(addresses[i]!)]!, wordOf(addresses[i]!) * 8 + HEAD_BYTES)
    return found
  }

  /** Puts bytes in the place of the newest pieces of a chain; returns its address. */
  replaceNewest(chain: number, count: number, bytes: Uint8Array): number {
    let rest = chain
    for (let i = 0; i < count; i++) {
      const address = rest
      rest = this.#blocks.arena.u32[slabOf(address)]![wordOf(address) * 2]!
      this.#give(address)
    }
    return this.append(rest, bytes)
  }

  /** Calls with the place of each piece, the oldest first; those before a piece that `reaches` far enough back are left out. */
  each(chain: number, take: TakePiece, reaches?: (bytes: Uint8Array, at: number) => boolean): void {
    const { u32, u8 } = this.#blocks.arena
    const addresses = this.#addresses
    let count = 0
    for (let address = chain; address !== 0; address = u32[slabOf(address)]![wordOf(address) * 2]!) {
      addresses[count++] = address
      if (reaches?.(u8[slabOf(address)]!, wordOf(address) * 8 + HEAD_BYTES) === true) break
    }
    while (count > 0) {
      const address = addresses[--count]!
      take(u8[slabOf(address)]!, wordOf(address) * 8 + HEAD_BYTES)
    }
  }

  restore(bytes: number): void {
    this.#bytes = bytes
  }

  #give(address: number): void {
    const length = this.#blocks.arena.u32[slabOf(address)]![wordOf(address) * 2 + 1]!
    this.#blocks.release(address, wordsOf(length))
    this.#bytes -= roomFor(wordsOf(length)) * 8
  }
}
