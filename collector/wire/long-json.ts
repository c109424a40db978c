import { isUtf8 } from 'node:buffer'

import { ServiceError } from '#core/errors.ts'
import type { Steps } from '#core/steps.ts'

import { unlimited } from './allowance.ts'
import { giveUp, JsonScanner, Unusual } from './json-scanner.ts'
import { keyStandsTwice, type JsonLimits, MAX_DEPTH, parseJson } from './json.ts'

/** Bytes that are parsed at once. */
const PIECE = 2 ** 16
const QUOTE = 34
const COLON = 58
const OPEN = 123
const OPEN_LIST = 91
const BYTE_ORDER_MARK = Buffer.from('\uFEFF')

type LongLimits = Omit<JsonLimits, 'around'>

/** A long text, taken apart into values that are short, and items of a list that are short together. */
class LongJson {
  readonly #scanner: JsonScanner
  readonly #text: Buffer
  readonly #limits: LongLimits
  readonly #piece: number

  constructor(bytes: Uint8Array, limits: LongLimits, piece: number) {
    this.#scanner = new JsonScanner(bytes)
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = limits
    this.#piece = piece
  }

  *parsing(): Steps<unknown> {
    const scanner = this.#scanner
    try {
      const value = yield* this.#value(0)
      if (scanner.peek() === undefined) return value
    } catch (error) {
      if (!(error instanceof Unusual)) throw error
    }
    throw new ServiceError('bad_data', `malformed JSON at byte ${scanner.at} or in what begins there`)
  }

  /** The value that stands next, in so many lists and objects. */
  *#value(depth: number): Steps<unknown> {
    const scanner = this.#scanner
    const first = scanner.peek()
    const from = scanner.at
    if (scanner.skipWithin(this.#piece)) return this.#parsed(from, depth)
    if (first !== OPEN && first !== OPEN_LIST) {
      scanner.skip()
      return this.#parsed(from, depth)
    }
    const { allowance, depth: most } = this.#limits
    allowance.take()
    if (depth === most) throw new ServiceError('bad_data', `malformed JSON: nested more than ${most} deep`)
    return first === OPEN ? yield* this.#object(depth + 1) : yield* this.#list(depth + 1)
  }

  *#object(depth: number): Steps<unknown> {
    const scanner = this.#scanner
    const entries = new Map<string, unknown>()
    let rested = scanner.at
    if (!scanner.open()) return {}
    do {
      if (scanner.peek() !== QUOTE) giveUp()
      const from = scanner.at
      scanner.skip()
      const key = this.#parsed(from, depth) as string
      scanner.take(COLON)
      if (entries.has(key)) keyStandsTwice(key)
      entries.set(key, yield* this.#value(depth))
      if (scanner.at - rested < this.#piece) continue
      rested = scanner.at
      yield
    } while (scanner.more())
    return Object.fromEntries(entries)
  }

  *#list(depth: number): Steps<unknown[]> {
    const scanner = this.#scanner
    const list: unknown[] = []
    if (!scanner.openList()) return list
    // Where items stand that are parsed together.
    let from = -1
    let to = 0
    do {
      scanner.peek()
      if (from < 0) from = to = scanner.at
      if (scanner.skipWithin(from + this.#piece - scanner.at)) to = scanner.at
      else {
        this.#take(from, to, depth, list)
        yield
        list.push(yield* this.#value(depth))
        from = -1
      }
    } while (scanner.moreItems())
    if (from >= 0) this.#take(from, to, depth, list)
    return list
  }

  /** Items of a list, none where they end as they begin. */
  #take(from: number, to: number, depth: number, list: unknown[]): void {
    if (from === to) return
    // The list that is put around them is none of the sender's.
    this.#limits.allowance.take(-1)
    const items = this.#read(from, depth - 1, `[${this.#text.toString('utf8', from, to)}]`)
    for (const item of items as unknown[]) list.push(item)
  }

  /** What stands from there to where the scanner is. */
  #parsed(from: number, depth: number): unknown {
    return this.#read(from, depth, this.#text.toString('utf8', from, this.#scanner.at))
  }

  #read(from: number, depth: number, text: string): unknown {
    try {
      return parseJson(text, { ...this.#limits, around: depth })
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'bad_data') throw error
      throw new ServiceError('bad_data', `${error.message} (in what begins at byte ${from})`)
    }
  }
}

/** `parseJson` in steps, whatever the shape: to the same value, with the same limits. `piece`: bytes that are parsed in one step. */
export function* parsingJson(
  source: Uint8Array,
  { depth = MAX_DEPTH, allowance = unlimited }: Partial<LongLimits> = {},
  piece = PIECE,
): Steps<unknown> {
  if (source.length <= piece || !isUtf8(source)) return parseJson(source, { depth, allowance })
  const marked = BYTE_ORDER_MARK.equals(source.subarray(0, BYTE_ORDER_MARK.length))
  const bytes = marked ? source.subarray(BYTE_ORDER_MARK.length) : source
  return yield* new LongJson(bytes, { depth, allowance }, piece).parsing()
}
