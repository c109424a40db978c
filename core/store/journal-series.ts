import type { Snapshot } from '../component.ts'
import { ServiceError } from '../errors.ts'
import type { SeriesWriter } from '../ports/series-writer.ts'
import type { SeriesDefinition, SeriesId } from '../series.ts'
import { ByteReader } from './bytes.ts'
import { grown } from './grow.ts'
import { ID_MASK, ID_SHIFT, IdPages } from './id-pages.ts'
import { joined, PartWriter } from './part-writer.ts'
import { widthOf } from './store-snapshot.ts'

const VERSION = 1
/** In the place of an id: the series is gone, or the record that defined the number is lost. */
const LOST = 0xffff_ffff
/** In the place of an id: limits refuse the series now. */
const REFUSED = 0xffff_fffe

/**
 * The numbers that stand for series in a journal. A number is given at the first mention of a series, in the record that also
 * holds its definition, and stays over segments (a new one need not define everything again) and over restarts, which may
 * give other ids. The checkpoint holds the table; the journal behind it goes on from there. Series come and go: when too
 * many numbers were given, a new epoch begins, in which every series is new.
 */
export class JournalSeries implements Snapshot {
  readonly name = 'journal_series'
  readonly #writer: SeriesWriter
  /** By number: the id, `LOST` or `REFUSED`; and how wide a sample is, 0 where that is not known. */
  #ids = new Uint32Array(256)
  #widths = new Uint32Array(256)
  #length = 0
  #epoch = 0
  /** By id: one more than the number, 0 for none. */
  readonly #numbers = new IdPages()
  /** Numbers below this one are defined by a record that was written. */
  #defined = 0
  readonly #leftOut: { lost: number; refused: number }
  #generation: number | undefined
  /** While a journal is read: definitions of series that have ended, by number. They may come again after they are gone. */
  readonly #ended = new Map<number, SeriesDefinition>()
  /** That of a segment with numbers of its own. */
  #other: JournalSeries | undefined

  constructor(writer: SeriesWriter, parent?: JournalSeries) {
    this.#writer = writer
    this.#leftOut = parent === undefined ? { lost: 0, refused: 0 } : parent.#leftOut
    if (parent === undefined) writer.onRemoved?.((ids) => this.#removed(ids))
  }

  /** The same store, with no number given: for segments that have numbers of their own. Samples left out count here. */
  fresh(): JournalSeries {
    this.#other = new JournalSeries(this.#writer, this)
    return this.#other
  }

  /** Which numbers these are: of another epoch they mean other series. */
  get epoch(): number {
    return this.#epoch
  }

  /** Forgets all numbers. */
  begin(epoch: number): void {
    this.#epoch = epoch
    this.#length = 0
    this.#defined = 0
    this.#numbers.clear()
    this.#ended.clear()
  }

  /** Numbers given so far. */
  get length(): number {
    return this.#length
  }

  /** The first number that is yet to be defined: those from here to `length` are new. */
  get defined(): number {
    return this.#defined
  }

  /** Samples read so far whose series is not known, because the record that defined it was damaged. */
  get lost(): number {
    return this.#leftOut.lost
  }

  /** Samples read so far whose series the limits of today refuse. */
  get refused(): number {
    return this.#leftOut.refused
  }

  /** The numbers of `ids`, from `at` on in `into`; those without one get the next. `width` of their samples, where it is the same for all. */
  number(ids: Uint32Array, into: Uint32Array, at: number, width?: number): void {
    const { pages } = this.#numbers
    // Most are on the page of the one before. The inner loop calls nothing, so that it is compiled to what it says.
    for (let i = 0; i < ids.length;) {
      const first = ids[i]!
      const at_page = first >>> ID_SHIFT
      const page = pages[at_page]
      if (page === undefined || page[first & ID_MASK] === 0) {
        into[at + i++] = this.#add(first, width) - 1
        continue
      }
      for (; i < ids.length; i++) {
        const id = ids[i]!
        const next = page[id & ID_MASK]!
        if (next === 0 || id >>> ID_SHIFT !== at_page) break
        into[at + i] = next - 1
      }
    }
  }

  /** The definition of a number that was given to an id. */
  definition(number: number): SeriesDefinition {
    return this.#writer.definition(this.#ids[number]!)
  }

  /** The record is written: what it defined is defined. */
  commit(): void {
    this.#defined = this.#length
  }

  /** The record is not written: what it would have defined is new again. */
  rollback(): void {
    for (let number = this.#defined; number < this.#length; number++) this.#numbers.set(this.#ids[number]!, 0)
    this.#length = this.#defined
  }

  /**
   * Definitions that were read: the first has the number `first` of the epoch. Numbers left out by that are lost. Throws
   * `ServiceError('bad_data')` for a number that cannot be.
   */
  define(epoch: number, first: number, definitions: readonly SeriesDefinition[]): void {
    if (epoch !== this.#epoch) this.begin(epoch)
    if (first + definitions.length >= REFUSED) throw new ServiceError('bad_data', `there is no series ${first}`)
    if (definitions.length === 0) return
    this.#grow(first + definitions.length)
    for (let number = this.#length; number < first; number++) {
      this.#ids[number] = LOST
      this.#widths[number] = 0
    }
    for (const [i, definition] of definitions.entries())
      this.#set(first + i, this.#resolve(definition), widthOf(definition))
    this.#length = Math.max(this.#length, first + definitions.length)
    this.#defined = this.#length
  }

  /** To be called before each request that is read, as who decodes one asks what has ended since the last. */
  follow(): void {
    const { generation } = this.#writer
    if (generation === this.#generation) return
    this.#generation = generation
    for (let number = 0; number < this.#length; number++) {
      const id = this.#ids[number]!
      if (id >= REFUSED) continue
      if (this.#writer.isLive?.(id) !== false) this.#ended.delete(number)
      else if (!this.#ended.has(number)) this.#ended.set(number, this.#writer.definition(id))
    }
  }

  /** The journal is read. */
  followed(): void {
    this.#ended.clear()
    this.#generation = undefined
    this.#other = undefined
  }

  /** The id of a number that was read, undefined where there is none, which is counted. */
  id(number: number): SeriesId | undefined {
    if (this.#ended.size > 0) this.#ask(number)
    const id = number < this.#length ? this.#ids[number]! : LOST
    if (id < REFUSED) return id
    if (id === LOST) this.#leftOut.lost++
    else this.#leftOut.refused++
    return undefined
  }

  /** Values of a sample: 1 for a float, sum, count and buckets for a histogram; 0 where it is not known. */
  width(number: number): number {
    return number < this.#length ? this.#widths[number]! : 0
  }

  save(): Uint8Array {
    return joined(this.parts())
  }

  /** Format 1: epoch, then the columns of ids and widths. */
  parts(): readonly Uint8Array[] {
    const writer = new PartWriter(64)
    writer.u8(VERSION)
    writer.varint(this.#epoch)
    writer.varint(this.#length)
    writer.column(this.#ids.subarray(0, this.#length))
    writer.column(this.#widths.subarray(0, this.#length))
    return writer.take()
  }

  /** To be loaded with the store whose ids these are. */
  load(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes)
    const version = reader.u8()
    if (version !== VERSION) {
      throw new ServiceError('bad_data', `the journal's series have format ${version}; this version reads ${VERSION}`)
    }
    this.begin(reader.varint())
    const length = reader.count(8)
    this.#ids = new Uint32Array(Math.max(length, 256))
    this.#widths = new Uint32Array(Math.max(length, 256))
    reader.into(this.#ids, length)
    reader.into(this.#widths, length)
    this.#length = length
    this.#defined = length
    for (let number = 0; number < length; number++) this.#point(this.#ids[number]!, number + 1)
  }

  /** One that has ended is resolved as who decoded the request did it: it stays, or is made again. */
  #ask(number: number): void {
    const definition = this.#ended.get(number)
    if (definition !== undefined) this.#set(number, this.#resolve(definition), widthOf(definition))
  }

  #removed(ids: readonly SeriesId[]): void {
    for (const id of ids) {
      const next = this.#numbers.get(id)
      if (next === 0) continue
      this.#numbers.set(id, 0)
      this.#ids[next - 1] = LOST
    }
    if (this.#other !== undefined) this.#other.#removed(ids)
  }

  #add(id: SeriesId, width?: number): number {
    const number = this.#length
    this.#grow(number + 1)
    this.#set(number, id, width ?? widthOf(this.#writer.definition(id)))
    this.#length = number + 1
    return number + 1
  }

  #set(number: number, id: number, width: number): void {
    const before = number < this.#length ? this.#ids[number]! : LOST
    if (before < REFUSED && this.#numbers.get(before) === number + 1) this.#numbers.set(before, 0)
    this.#ids[number] = id
    this.#widths[number] = width
    this.#point(id, number + 1)
  }

  #point(id: number, next: number): void {
    if (id >= REFUSED) return
    this.#numbers.set(id, next)
  }

  #grow(length: number): void {
    this.#ids = grown(this.#ids, length)
    this.#widths = grown(this.#widths, length)
  }

  #resolve(definition: SeriesDefinition): number {
    try {
      return this.#writer.resolve(definition)
    } catch (error) {
      if (error instanceof ServiceError) return REFUSED
      throw error
    }
  }
}
