import { hash } from 'node:crypto'

import type { Labels } from '#core/series.ts'

/** Words of an identity. */
export const IDENTITY = 4

/** 128 bits of SHA-256 over the rule's key, the metric and the labels: who a row is, whatever id its series has. */
export function identityOf(key: string, metric: string, labels: Labels): Uint32Array {
  const bytes = hash('sha256', `${key}\u0003${metric}\u0002${labels.key}`, 'buffer')
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + IDENTITY * 4))
}

const NONE = 0
const GONE = 0xffff_ffff
const FIRST = 64

/** Finds rows by identity: open addressing over their identities, which lie in a column of `IDENTITY` words a row. */
export class RowIndex {
  /** Row + 1. */
  #slots = new Uint32Array(FIRST)
  /** Slots that hold or held a row. */
  #taken = 0
  #live = 0

  get bytes(): number {
    return this.#slots.byteLength
  }

  find(identities: Uint32Array, wanted: Uint32Array): number | undefined {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = wanted[0]! & mask; slots[at] !== NONE; at = (at + 1) & mask) {
      if (slots[at] === GONE) continue
      const row = slots[at]! - 1
      if (same(identities, row * IDENTITY, wanted)) return row
    }
    return undefined
  }

  /** Adds a row whose identity stands in its column and is not here yet. */
  add(identities: Uint32Array, row: number): void {
    if ((this.#taken + 1) * 4 > this.#slots.length * 3) this.#grow(identities)
    this.#put(identities, row)
    this.#live++
  }

  remove(identities: Uint32Array, row: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = identities[row * IDENTITY]! & mask; slots[at] !== NONE; at = (at + 1) & mask) {
      if (slots[at] !== row + 1) continue
      slots[at] = GONE
      this.#live--
      return
    }
  }

  clear(): void {
    this.#slots = new Uint32Array(FIRST)
    this.#taken = 0
    this.#live = 0
  }

  #put(identities: Uint32Array, row: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = identities[row * IDENTITY]! & mask
    while (slots[at] !== NONE) at = (at + 1) & mask
    slots[at] = row + 1
    this.#taken++
  }

  #grow(identities: Uint32Array): void {
    const before = this.#slots
    let size = FIRST
    while (size < (this.#live + 1) * 2) size *= 2
    this.#slots = new Uint32Array(size)
    this.#taken = 0
    for (const slot of before) if (slot !== NONE && slot !== GONE) this.#put(identities, slot - 1)
  }
}

function same(identities: Uint32Array, at: number, wanted: Uint32Array): boolean {
  for (let i = 0; i < IDENTITY; i++) if (identities[at + i] !== wanted[i]) return false
  return true
}
