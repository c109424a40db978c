import { sharedColumn } from './grow.ts'

/** What `at` answers behind the last of a chain. */
export const NOTHING = -1

const FIRST_SLOTS = 64

/** The 32 bits of a hash so mixed that each bit depends on all. Source: the finalizer of MurmurHash3. */
export function mixed(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * Numbers found by hash: open addressing with linear probing, 8 bytes a slot (hash, number + 1). It knows no keys; the caller
 * walks the slots of a hash and compares:
 *
 *     for (let slot = slots.first(hash); (id = slots.at(slot)) !== NOTHING; slot = slots.next(slot))
 *       if (slots.hashAt(slot) === hash && same(id)) return id
 */
export class HashSlots {
  #slots = sharedColumn(FIRST_SLOTS * 2)
  #mask = FIRST_SLOTS - 1
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#slots.byteLength
  }

  first(hash: number): number {
    return hash & this.#mask
  }

  next(slot: number): number {
    return (slot + 1) & this.#mask
  }

  /** The number in the slot, `NOTHING` where the chain ends. */
  at(slot: number): number {
    return this.#slots[slot * 2 + 1]! - 1
  }

  hashAt(slot: number): number {
    return this.#slots[slot * 2]!
  }

  /** Room for so many, so that adding them moves nothing. */
  reserve(size: number): void {
    let slots = this.#mask + 1
    while (size * 4 > slots * 3) slots *= 2
    if (slots > this.#mask + 1) this.#resize(slots)
  }

  /** `hash`: 32 bits, unsigned. A number that is there already must not be added again. */
  add(hash: number, id: number): void {
    this.reserve(this.#size + 1)
    this.#place(hash, id + 1)
    this.#size++
  }

  /** Moves those behind it up, so that no chain is cut. */
  remove(hash: number, id: number): void {
    const slots = this.#slots
    const mask = this.#mask
    let hole = hash & mask
    while (slots[hole * 2 + 1] !== id + 1) {
      if (slots[hole * 2 + 1] === 0) return
      hole = (hole + 1) & mask
    }
    let slot = hole
    for (;;) {
      slot = (slot + 1) & mask
      if (slots[slot * 2 + 1] === 0) break
      const home = slots[slot * 2]! & mask
      // It may fill the hole unless its home lies behind the hole, seen from the hole.
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      slots[hole * 2] = slots[slot * 2]!
      slots[hole * 2 + 1] = slots[slot * 2 + 1]!
      hole = slot
    }
    slots[hole * 2] = 0
    slots[hole * 2 + 1] = 0
    this.#size--
    if (this.#mask >= FIRST_SLOTS && this.#size * 8 < this.#mask) this.#resize((this.#mask + 1) / 2)
  }

  #place(hash: number, stored: number): void {
    const slots = this.#slots
    let slot = hash & this.#mask
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask
    slots[slot * 2] = hash
    slots[slot * 2 + 1] = stored
  }

  #resize(count: number): void {
    const old = this.#slots
    this.#slots = sharedColumn(count * 2)
    this.#mask = count - 1
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) this.#place(old[i]!, old[i + 1]!)
  }
}
