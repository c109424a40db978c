import type { SeriesDefinition, SeriesId } from '#core/series.ts'
import { grown } from '#core/store/grow.ts'

import { RollCall } from '../normal/roll-call.ts'
import { AliasTable } from '../wire/alias-table.ts'

/** Nobody has asked the store for it yet. */
export const UNRESOLVED = -1

/** A histogram row of a label set: it has one for each shape. */
export interface Row extends Pick<SeriesDefinition, 'kind' | 'bounds'> {
  readonly id: SeriesId
}

/** Rows that are remembered of one label set; the store knows them all. */
const ROWS = 16
/** Fewer entries of series that have ended are not worth learning the others again. */
const ENDED_MIN = 10_000
/** What a remembered row costs, roughly. */
const ROW_BYTES = 400

/**
 * Ids found before, by the bytes that a label set comes as: labels as they stand in version 1, numbers of symbols in version 2. What
 * is in it never changes an answer.
 */
export class SeriesBook {
  readonly #seed: number
  #symbols: AliasTable
  #keys: AliasTable
  #ids = new Int32Array(1024)
  #rows = new Map<number, Row[]>()
  /** Entries of series that have ended since all was cleared. */
  #ended = 0
  readonly #roll: RollCall

  /** `seed`: unknown to senders. */
  constructor(seed: number, now_ms: () => number) {
    this.#seed = seed
    this.#roll = new RollCall(now_ms)
    this.#symbols = new AliasTable(seed)
    this.#keys = new AliasTable(seed)
  }

  get bytes(): number {
    return this.#symbols.bytes + this.#keys.bytes + this.#keys.length * 4 + this.#rows.size * ROW_BYTES
  }

  get symbols(): AliasTable {
    return this.#symbols
  }

  clear(): void {
    this.#symbols = new AliasTable(this.#seed)
    this.#keys = new AliasTable(this.#seed)
    this.#rows = new Map()
    this.#ended = 0
    this.#roll.clear()
  }

  /** Forgets series that have ended: what comes of them is resolved again. Where most have, all is learned again. */
  forgetEnded(isLive: (id: SeriesId) => boolean): void {
    const ids = this.#ids
    for (let i = 0; i < this.#keys.length; i++) {
      if (ids[i]! < 0 || isLive(ids[i]!)) continue
      ids[i] = UNRESOLVED
      this.#ended++
    }
    if (this.#ended > ENDED_MIN && this.#ended * 2 > this.#keys.length) return this.clear()
    for (const [number, rows] of this.#rows) {
      const live = rows.filter(({ id }) => isLive(id))
      if (live.length === 0) this.#rows.delete(number)
      else this.#rows.set(number, live)
    }
  }

  /** Where most is of label sets that are not sent any more, all is learned again. Between two requests. */
  forgetGone(): void {
    if (this.#roll.mostAreGone(this.#keys.length)) this.clear()
  }

  /** The number of a key, made when new; -1 where it is too long to be kept. Keys of different versions are different. */
  number(key: DataView, start: number, end: number, version: number): number {
    const known = this.#keys.find(key, start, end, version)
    if (known >= 0) {
      this.#roll.came(known)
      return known
    }
    const fresh = this.#keys.add(key, start, end, version)
    if (fresh < 0) return fresh
    this.#ids = grown(this.#ids, fresh + 1)
    this.#ids[fresh] = UNRESOLVED
    return fresh
  }

  /** Or `UNRESOLVED`. */
  id(number: number): SeriesId {
    return number < 0 ? UNRESOLVED : this.#ids[number]!
  }

  learn(number: number, id: SeriesId): void {
    if (number >= 0) this.#ids[number] = id
  }

  /** The row of that shape; without a shape the one used last. */
  row(number: number, shape?: Pick<Row, 'kind' | 'bounds'>): Row | undefined {
    const rows = this.#rows.get(number)
    if (shape === undefined || rows === undefined) return rows?.at(-1)
    const at = rows.findLastIndex(({ kind, bounds }) => kind === shape.kind && sameNumbers(bounds, shape.bounds))
    const row = rows[at]
    if (row !== undefined && at < rows.length - 1) rows.push(...rows.splice(at, 1))
    return row
  }

  learnRow(number: number, row: Row): void {
    if (number < 0) return
    const rows = this.#rows.get(number)
    if (rows === undefined) this.#rows.set(number, [row])
    else if (rows.push(row) > ROWS) rows.shift()
  }
}

function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
