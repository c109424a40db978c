import { BACKSLASH, CLOSE, COMMA, EQUALS, labelEnd, LF, nameEnd, OPEN, QUOTE, skipBlanks, SPACE } from './characters.ts'
import { malformed } from './malformed.ts'

/** What names a series on a page: `name{label="value"}`, or `{"name", label="value"}`. */
export interface Head {
  readonly name: string
  /** Unescaped, in the order of the page, names unique. */
  readonly pairs: readonly (readonly [string, string])[]
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8Text(bytes: Buffer, from: number, to: number): string {
  let seen = 0
  for (let i = from; i < to; i++) seen |= bytes[i]!
  // Most texts are ASCII, and that is read faster.
  if (seen < 0x80) return bytes.toString('latin1', from, to)
  try {
    return utf8.decode(bytes.subarray(from, to))
  } catch {
    return malformed('not UTF-8')
  }
}

/** `\\`, `\n`, `\"`; another backslash stands for itself. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(/\\([\\n"])/g, (_, escape: string) => (escape === 'n' ? '\n' : escape))
}

/** The end of a quoted text whose quote is at `at`: behind the closing one. `-1` where it has none on this line. */
export function quotedEnd(bytes: Buffer, at: number, end: number): number {
  for (let to = at + 1; to < end; to++) {
    if (bytes[to] === QUOTE) return to + 1
    if (bytes[to] === BACKSLASH) to++
    if (bytes[to] === LF) break
  }
  return -1
}

/**
 * The end of the head that begins at `at`, without blanks behind it. Only as far as needed to cut it out: `readHead` says
 * whether it is well-formed. `blanks`: whether they may stand between a name and its labels.
 */
export function headEnd(bytes: Buffer, at: number, end: number, blanks: boolean): number {
  const name = nameEnd(bytes, at, end)
  const open = blanks ? skipBlanks(bytes, name, end) : name
  if (open >= end || bytes[open] !== OPEN) {
    if (name === at) malformed('a name is expected')
    return name
  }
  for (let to = open + 1; to < end; to++) {
    const byte = bytes[to]
    if (byte === CLOSE) return to + 1
    if (byte === LF) break
    if (byte !== QUOTE) continue
    to = quotedEnd(bytes, to, end) - 1
    if (to < 0) break
  }
  return malformed('the labels of a series do not end')
}

/** Reads the labels between braces, and the name where it stands there. */
class LabelReader {
  readonly #bytes: Buffer
  readonly #end: number
  readonly #blanks: boolean
  #at: number
  name: string
  readonly pairs: (readonly [string, string])[] = []
  readonly #names = new Set<string>()

  constructor(bytes: Buffer, at: number, end: number, { name, blanks }: { name: string; blanks: boolean }) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
    this.#blanks = blanks
    this.name = name
  }

  /** From behind the opening brace; gives where it ended, behind the closing one. */
  read(): number {
    if (this.#next() === CLOSE) return this.#at + 1
    for (;;) {
      this.#entry()
      const separator = this.#next()
      this.#at++
      if (separator === CLOSE) return this.#at
      if (separator !== COMMA) malformed('a comma or a brace is expected between labels')
      // Prometheus' own text lets a comma stand behind the last label.
      if (this.#blanks && this.#next() === CLOSE) return this.#at + 1
    }
  }

  /** The next byte that means something. */
  #next(): number {
    if (this.#blanks) this.#at = skipBlanks(this.#bytes, this.#at, this.#end)
    return this.#at < this.#end ? this.#bytes[this.#at]! : LF
  }

  #entry(): void {
    const quoted = this.#next() === QUOTE
    const name = quoted ? this.#quoted() : this.#labelName()
    if (this.#next() === EQUALS) {
      this.#at++
      if (this.#next() !== QUOTE) malformed('the value of a label stands in double quotes')
      const value = this.#quoted()
      if (this.#names.has(name)) malformed(`label ${JSON.stringify(name)} stands there twice`)
      if (name === '') malformed('a label has no name')
      this.#names.add(name)
      this.pairs.push([name, value])
      return
    }
    if (!quoted) malformed('a label has no value')
    if (this.name !== '' || name === '') malformed('a series has one name')
    this.name = name
  }

  #labelName(): string {
    const to = labelEnd(this.#bytes, this.#at, this.#end)
    if (to === this.#at) malformed('the name of a label is expected')
    const name = utf8Text(this.#bytes, this.#at, to)
    this.#at = to
    return name
  }

  #quoted(): string {
    const to = quotedEnd(this.#bytes, this.#at, this.#end)
    if (to < 0) malformed('a quote is not closed')
    const text = unescaped(utf8Text(this.#bytes, this.#at + 1, to - 1))
    this.#at = to
    return text
  }
}

/** Reads `{…}` from its opening brace, as of an exemplar. `blanks`: whether they may stand between words. */
export function readLabels(bytes: Buffer, at: number, end: number): { pairs: Head['pairs']; end: number } {
  const reader = new LabelReader(bytes, at + 1, end, { name: '', blanks: false })
  const to = reader.read()
  if (reader.name !== '') malformed('an exemplar has no name')
  return { pairs: reader.pairs, end: to }
}

/** What the head in `[from, to)` says. */
export function readHead(bytes: Buffer, from: number, to: number, blanks: boolean): Head {
  const nameTo = nameEnd(bytes, from, to)
  const name = utf8Text(bytes, from, nameTo)
  if (nameTo === to) return { name, pairs: [] }
  const open = blanks ? skipBlanks(bytes, nameTo, to) : nameTo
  const reader = new LabelReader(bytes, open + 1, to, { name, blanks })
  if (reader.read() !== to) malformed('something stands behind the labels')
  if (reader.name === '') malformed('a series has no name')
  return { name: reader.name, pairs: reader.pairs }
}

export const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === 0x09
