import { grownShared, sharedColumn } from './grow.ts'
import { HashSlots, mixed, NOTHING } from './hash-slots.ts'
import { LabelNames, NONE } from './label-names.ts'
import { type Form, formOf, hashOfBytes, TextBytes, textOf } from './text-bytes.ts'
import { slabOf, wordOf, type WordBlocks } from './word-blocks.ts'

/** Strings of pairs that were asked for last; series share most of theirs. */
const CACHED = 2 ** 14

const FORM_BITS = 2
const FORM_MASK = 3
const NAME_SEED = 0x9e3779b1

type Pair = readonly [name: string, value: string]

/**
 * The label pairs of all series, each once, as numbers: a label set is a list of them. The value's bytes lie in an arena,
 * found by hash and compared; pairs of one name are linked. A number is given again after `remove`.
 */
export class LabelPairs {
  readonly names = new LabelNames()
  readonly #blocks: WordBlocks
  readonly #slots = new HashSlots()
  readonly #text = new TextBytes()
  #length = 0
  #free: number[] = []
  #name = sharedColumn(64)
  #address = sharedColumn(64)
  /** Bytes, shifted, and form. */
  #size = sharedColumn(64)
  #next = sharedColumn(64)
  #previous = sharedColumn(64)
  /** The slabs, as what can decode text. */
  readonly #buffers: Buffer[] = []
  readonly #cachedFor = new Int32Array(CACHED).fill(NONE)
  readonly #cached: Pair[] = []

  constructor(blocks: WordBlocks) {
    this.#blocks = blocks
  }

  /** Numbers are below this. */
  get length(): number {
    return this.#length
  }

  /** Pairs there are. */
  get count(): number {
    return this.#slots.size
  }

  /** Bytes held, without those of the arena and the names. */
  get bytes(): number {
    return this.#slots.bytes + this.#name.byteLength * 5
  }

  /** Room for so many in all. */
  reserve(count: number): void {
    this.#slots.reserve(count)
    this.#grow(count)
  }

  find(name: number, value: string): number {
    if (name === NONE) return NONE
    return this.#find(name, mixed(this.#text.write(value, Math.imul(name, NAME_SEED))))
  }

  /** `value`: at most a third of `BLOCK_BYTES_MAX` characters. */
  intern(name: number, value: string): number {
    const hash = mixed(this.#text.write(value, Math.imul(name, NAME_SEED)))
    const known = this.#find(name, hash)
    if (known !== NONE) return known
    const { bytes, length, form } = this.#text
    return this.#add(name, hash, { bytes, from: 0, length, form })
  }

  /** The same for bytes that a table wrote before. */
  internBytes(name: number, bytes: Uint8Array, from: number, length: number): number {
    const hash = mixed(hashOfBytes(bytes, from, from + length, Math.imul(name, NAME_SEED)))
    return this.#add(name, hash, { bytes, from, length, form: formOf(bytes, from, from + length) })
  }

  nameOf(pair: number): number {
    return this.#name[pair]!
  }

  /** All pairs of a name, in no order. */
  of(name: number): Uint32Array {
    const all = new Uint32Array(name === NONE ? 0 : this.names.pairs(name))
    let pair = all.length === 0 ? NONE : this.names.first(name)
    for (let i = 0; i < all.length; i++) {
      all[i] = pair
      pair = this.#next[pair]! - 1
    }
    return all
  }

  value(pair: number): string {
    const address = this.#address[pair]!
    const size = this.#size[pair]!
    if (size === 0) return ''
    const at = wordOf(address) * 8
    const slab = slabOf(address)
    const bytes = (this.#buffers[slab] ??= Buffer.from(this.#blocks.slab(address).u8.buffer))
    return textOf(bytes, at, at + (size >>> FORM_BITS), (size & FORM_MASK) as Form)
  }

  /** Name and value; the same object for as long as it is remembered. */
  texts(pair: number): Pair {
    const slot = pair & (CACHED - 1)
    if (this.#cachedFor[slot] === pair) return this.#cached[slot]!
    const texts: Pair = [this.names.text(this.#name[pair]!), this.value(pair)]
    this.#cachedFor[slot] = pair
    this.#cached[slot] = texts
    return texts
  }

  startsWith(pair: number, start: TextBytes): boolean {
    if (this.size(pair) < start.length) return false
    const address = this.#address[pair]!
    return start.sameAs(this.#blocks.slab(address).u8, wordOf(address) * 8, start.length)
  }

  /** Bytes of the value. */
  size(pair: number): number {
    return this.#size[pair]! >>> FORM_BITS
  }

  /** Copies the bytes of the value; returns the place behind them. */
  copy(pair: number, into: Uint8Array, at: number): number {
    const size = this.size(pair)
    const address = this.#address[pair]!
    const { u8 } = this.#blocks.slab(address)
    const from = wordOf(address) * 8
    for (let i = 0; i < size; i++) into[at + i] = u8[from + i]!
    return at + size
  }

  remove(pair: number): void {
    const name = this.#name[pair]!
    const address = this.#address[pair]!
    const length = this.size(pair)
    const at = wordOf(address) * 8
    const { u8 } = this.#blocks.slab(address)
    this.#slots.remove(mixed(hashOfBytes(u8, at, at + length, Math.imul(name, NAME_SEED))), pair)
    this.#blocks.give(address, wordsFor(length))
    const slot = pair & (CACHED - 1)
    if (this.#cachedFor[slot] === pair) this.#cachedFor[slot] = NONE
    this.#unlink(pair, name)
    this.#free.push(pair)
  }

  #find(name: number, hash: number): number {
    const slots = this.#slots
    let pair: number
    for (let slot = slots.first(hash); (pair = slots.at(slot)) !== NOTHING; slot = slots.next(slot)) {
      if (slots.hashAt(slot) === hash && this.#name[pair] === name && this.#same(pair)) return pair
    }
    return NONE
  }

  #same(pair: number): boolean {
    const address = this.#address[pair]!
    return this.#text.sameAs(this.#blocks.slab(address).u8, wordOf(address) * 8, this.size(pair))
  }

  #add(
    name: number,
    hash: number,
    { bytes, from, length, form }: { bytes: Uint8Array; from: number; length: number; form: Form },
  ): number {
    const pair = this.#free.pop() ?? this.#length++
    this.#grow(this.#length)
    const address = this.#blocks.take(wordsFor(length))
    const { u8 } = this.#blocks.slab(address)
    const at = wordOf(address) * 8
    for (let i = 0; i < length; i++) u8[at + i] = bytes[from + i]!
    this.#name[pair] = name
    this.#address[pair] = address
    this.#size[pair] = (length << FORM_BITS) | form
    const first = this.names.first(name)
    this.#next[pair] = first + 1
    this.#previous[pair] = 0
    if (first !== NONE) this.#previous[first] = pair + 1
    this.names.link(name, pair)
    this.#slots.add(hash, pair)
    return pair
  }

  #unlink(pair: number, name: number): void {
    const next = this.#next[pair]!
    const previous = this.#previous[pair]!
    if (next !== 0) this.#previous[next - 1] = previous
    if (previous !== 0) this.#next[previous - 1] = next
    this.names.unlink(name, previous === 0 ? next - 1 : this.names.first(name))
  }

  #grow(length: number): void {
    if (length <= this.#name.length) return
    this.#name = grownShared(this.#name, length)
    this.#address = grownShared(this.#address, length)
    this.#size = grownShared(this.#size, length)
    this.#next = grownShared(this.#next, length)
    this.#previous = grownShared(this.#previous, length)
  }
}

/** A block cannot be empty. */
function wordsFor(length: number): number {
  return Math.max(1, (length + 7) >>> 3)
}
