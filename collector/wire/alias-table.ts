import { grown } from '#core/store/grow.ts'

const PAGE_BYTES = 2 ** 20
/** A longer key is not remembered: it is looked at anew each time. */
const LONGEST_KEY = 2 ** 16
/** What an alias costs beside the bytes of its key: its hash, its entry, and its share of the slots. */
const ENTRY_BYTES = 40
/** What bytes cost by which no other key was kept before: their share of the slots. */
const KEPT_BYTES = 8

const C1 = 0xcc9e2d51 | 0
const C2 = 0x1b873593 | 0
const C3 = 0x85ebca77 | 0
const C4 = 0xc2b2ae3d | 0
const NONE = -1

/** An entry, as words of 32 bits: they are asked for together, here and by the kernel, which knows them in this order. */
const CONTEXT = 0
const SIZE = 1
/** Where the key lies: the number of its page, then the place in it in 20 bits. */
const START = 2
/** What followed an alias when it was last seen; itself where nothing did. */
const NEXT = 3
const WORDS = 4
const FIRST_WORDS = 2 ** 10

/** Where keys and entries of a table lie. What stands in new room means nothing. */
export interface KeyMemory {
  readonly pages: readonly DataView[]
  readonly entries: Int32Array
  /** Called, once somebody has set it, when one of the two is another. */
  moved: () => void
  /** One more page, of so many bytes. */
  addPage(bytes: number): void
  /** Room for so many words of entries; those that there are stay. */
  growEntries(words: number): void
}

class OwnMemory implements KeyMemory {
  readonly pages: DataView[] = []
  entries: Int32Array = new Int32Array(0)
  moved = (): void => {}

  addPage(bytes: number): void {
    this.pages.push(new DataView(new ArrayBuffer(bytes)))
  }

  growEntries(words: number): void {
    const larger = new Int32Array(words)
    larger.set(this.entries)
    this.entries = larger
    this.moved()
  }
}

/** Four lanes of 32 bits, mixed at the end as MurmurHash3 does (Appleby, 2011). */
function hashOf(view: DataView, start: number, end: number, seed: number): number {
  let a = seed
  let b = seed ^ 0x9e3779b9
  let c = 0x27d4eb2f
  let d = 0x165667b1
  let at = start
  for (; at + 16 <= end; at += 16) {
    a = Math.imul(a ^ view.getInt32(at, true), C1)
    a = (a << 15) | (a >>> 17)
    b = Math.imul(b ^ view.getInt32(at + 4, true), C2)
    b = (b << 13) | (b >>> 19)
    c = Math.imul(c ^ view.getInt32(at + 8, true), C3)
    c = (c << 11) | (c >>> 21)
    d = Math.imul(d ^ view.getInt32(at + 12, true), C4)
    d = (d << 17) | (d >>> 15)
  }
  for (; at + 4 <= end; at += 4) {
    a = Math.imul(a ^ view.getInt32(at, true), C1)
    a = (a << 15) | (a >>> 17)
  }
  for (; at < end; at++) {
    b = Math.imul(b ^ view.getUint8(at), C2)
    b ^= b >>> 15
  }
  a = (a + Math.imul(c, 5) + b + Math.imul(d, 9)) ^ (end - start)
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b)
  a = Math.imul(a ^ (a >>> 13), C4)
  return a ^ (a >>> 16)
}

/** Where the search for bytes of this hash begins in a context: the same bytes come in many. */
function inContext(hash: number, context: number): number {
  const mixed = Math.imul(hash ^ Math.imul(context, C1), C3)
  return mixed ^ (mixed >>> 15)
}

/** Eight bytes at a time, the last eight as they end: they may overlap those before. No integer is made of them, only compared. */
function sameBytes(view: DataView, start: number, other: DataView, from: number, length: number): boolean {
  if (length < 8) {
    for (let i = 0; i < length; i++) if (view.getUint8(start + i) !== other.getUint8(from + i)) return false
    return true
  }
  const last = length - 8
  let i = 0
  for (; i < last - 8; i += 16) {
    if (view.getBigInt64(start + i, true) !== other.getBigInt64(from + i, true)) return false
    if (view.getBigInt64(start + i + 8, true) !== other.getBigInt64(from + i + 8, true)) return false
  }
  if (i < last && view.getBigInt64(start + i, true) !== other.getBigInt64(from + i, true)) return false
  return view.getBigInt64(start + last, true) === other.getBigInt64(from + last, true)
}

/**
 * Byte strings, each in a context (an integer of the caller's), as small integers from 0: their aliases. Senders repeat
 * themselves in order, so the string that followed the last one before is tried first; then a hash. Equality is always seen by the bytes
 * themselves. Those are kept once, whatever number of contexts they come in: services that run many times have the same attributes.
 */
export class AliasTable {
  readonly #seed: number
  readonly #memory: KeyMemory
  #pages: readonly DataView[]
  #used = PAGE_BYTES
  #length = 0
  /** Alias + 1 by hash; 0 is empty. */
  #slots = new Int32Array(1024)
  /** Of the bytes alone. */
  #hash = new Int32Array(256)
  #entries: Int32Array
  #last = NONE
  #keyBytes = 0
  /** The first alias of some bytes + 1, by hash of the bytes alone; 0 is empty. */
  #firsts = new Int32Array(256)
  #distinct = 0

  /** `seed`: unknown to senders, so that nobody can choose strings that collide. */
  constructor(seed = 0, memory: KeyMemory = new OwnMemory()) {
    this.#seed = seed | 0
    this.#memory = memory
    this.#pages = memory.pages
    this.#entries = memory.entries
    memory.moved = () => {
      this.#pages = memory.pages
      this.#entries = memory.entries
    }
  }

  get length(): number {
    return this.#length
  }

  /** Held by keys, columns and slots, roughly. */
  get bytes(): number {
    return this.#keyBytes + this.#distinct * KEPT_BYTES + this.#length * ENTRY_BYTES
  }

  /** The alias that came last; -1 before one did. */
  get last(): number {
    return this.#last
  }

  /**
   * The alias that is expected next, where its key is what stands at `start`; -1 otherwise. `sizeOf` tells where it ends, so
   * that the end of a known value need not be looked for. Keys must be such that none begins with another.
   */
  expect(view: DataView, start: number, limit: number, context: number): number {
    const guess = this.guess(view, start, limit, context)
    if (guess >= 0) this.#last = guess
    return guess
  }

  /** The same where keys may begin with others: the caller sees whether it ends there, and says so by `met`. */
  guess(view: DataView, start: number, limit: number, context: number): number {
    if (this.#last < 0) return NONE
    const guess = this.#nextOf(this.#last)
    const end = start + this.sizeOf(guess)
    return end <= limit && this.#is(guess, view, start, end, context) ? guess : NONE
  }

  /** What was guessed is what stands there. */
  met(alias: number): void {
    this.#last = alias
  }

  sizeOf(alias: number): number {
    return this.#entries[alias * WORDS + SIZE]!
  }

  /** The alias of `[start, end)` in the context; -1 where it was never added. */
  find(view: DataView, start: number, end: number, context: number): number {
    const last = this.#last
    if (last >= 0) {
      const guess = this.#nextOf(last)
      if (this.#is(guess, view, start, end, context)) {
        this.#last = guess
        return guess
      }
    }
    const hash = hashOf(view, start, end, this.#seed)
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = inContext(hash, context) & mask; ; slot = (slot + 1) & mask) {
      const alias = slots[slot]! - 1
      if (alias < 0) return NONE
      if (this.#hash[alias] === hash && this.#is(alias, view, start, end, context)) {
        this.#follow(alias)
        return alias
      }
    }
  }

  /** A string that `find` did not know. -1 where it is too long to be kept. */
  add(view: DataView, start: number, end: number, context: number): number {
    const size = end - start
    if (size > LONGEST_KEY) return NONE
    if ((this.#length + 1) * 5 > this.#slots.length * 3) this.#rehash()
    const alias = this.#length++
    this.#grow()
    this.#hash[alias] = hashOf(view, start, end, this.#seed)
    const entry = alias * WORDS
    this.#entries[entry + CONTEXT] = context
    this.#entries[entry + SIZE] = size
    this.#entries[entry + START] = this.#kept(view, start, size, alias)
    this.#entries[entry + NEXT] = alias
    this.#place(alias)
    this.#follow(alias)
    return alias
  }

  /** Where the key of an alias lies. */
  keyOf(alias: number): { readonly view: DataView; readonly start: number; readonly end: number } {
    const at = this.#startOf(alias)
    const start = at & (PAGE_BYTES - 1)
    return { view: this.#pages[at >>> 20]!, start, end: start + this.sizeOf(alias) }
  }

  contextOf(alias: number): number {
    return this.#entries[alias * WORDS + CONTEXT]!
  }

  #nextOf(alias: number): number {
    return this.#entries[alias * WORDS + NEXT]!
  }

  #startOf(alias: number): number {
    return this.#entries[alias * WORDS + START]!
  }

  #is(alias: number, view: DataView, start: number, end: number, context: number): boolean {
    const entries = this.#entries
    const entry = alias * WORDS
    if (entries[entry + CONTEXT] !== context || entries[entry + SIZE] !== end - start) return false
    const at = entries[entry + START]!
    return sameBytes(view, start, this.#pages[at >>> 20]!, at & (PAGE_BYTES - 1), end - start)
  }

  #follow(alias: number): void {
    if (this.#last >= 0) this.#entries[this.#last * WORDS + NEXT] = alias
    this.#last = alias
  }

  #place(alias: number): void {
    const mask = this.#slots.length - 1
    let slot = inContext(this.#hash[alias]!, this.contextOf(alias)) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = alias + 1
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let alias = 0; alias < this.#length; alias++) this.#place(alias)
  }

  #grow(): void {
    this.#hash = grown(this.#hash, this.#length)
    const words = this.#length * WORDS
    if (words <= this.#entries.length) return
    this.#memory.growEntries(Math.max(words, this.#entries.length * 2, FIRST_WORDS))
  }

  /** Where the bytes lie: those of the first alias that has the same, or a copy. */
  #kept(view: DataView, start: number, size: number, alias: number): number {
    if ((this.#distinct + 1) * 5 > this.#firsts.length * 3) this.#rehashFirsts()
    const firsts = this.#firsts
    const mask = firsts.length - 1
    const hash = this.#hash[alias]!
    let slot = hash & mask
    for (; firsts[slot] !== 0; slot = (slot + 1) & mask) {
      const first = firsts[slot]! - 1
      if (this.#hash[first] !== hash || this.sizeOf(first) !== size) continue
      const at = this.#startOf(first)
      if (sameBytes(view, start, this.#pages[at >>> 20]!, at & (PAGE_BYTES - 1), size)) return at
    }
    firsts[slot] = alias + 1
    this.#distinct++
    return this.#keep(view, start, size)
  }

  #rehashFirsts(): void {
    const before = this.#firsts
    const firsts = (this.#firsts = new Int32Array(before.length * 2))
    const mask = firsts.length - 1
    for (const first of before) {
      if (first === 0) continue
      let slot = this.#hash[first - 1]! & mask
      while (firsts[slot] !== 0) slot = (slot + 1) & mask
      firsts[slot] = first
    }
  }

  #keep(view: DataView, start: number, size: number): number {
    if (this.#pages.length === 0 || this.#used + size > PAGE_BYTES) {
      this.#memory.addPage(PAGE_BYTES)
      this.#used = 0
    }
    const page = this.#pages.length - 1
    const at = this.#used
    const from = new Uint8Array(view.buffer, view.byteOffset + start, size)
    const { buffer, byteOffset } = this.#pages[page]!
    new Uint8Array(buffer, byteOffset, PAGE_BYTES).set(from, at)
    // Words, so that comparing reads whole ones.
    this.#used += (size + 3) & ~3
    this.#keyBytes += size
    return page * PAGE_BYTES + at
  }
}
