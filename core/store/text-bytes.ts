/** How a text is written: one byte a character; UTF-8; or UTF-8 with lone surrogates, three bytes each. */
export const ASCII = 0
export const UTF_8 = 1
export const WTF_8 = 2
export type Form = typeof ASCII | typeof UTF_8 | typeof WTF_8

const HASH_START = 0x811c9dc5
const HASH_PRIME = 0x01000193

const encoder = new TextEncoder()

/** FNV-1a over bytes, 32 bits, not mixed; `seed` is what comes before. */
export function hashOfBytes(bytes: Uint8Array, from: number, to: number, seed = HASH_START): number {
  let hash = seed
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, HASH_PRIME)
  return hash
}

/** The form of bytes that `TextBytes` wrote. */
export function formOf(bytes: Uint8Array, from: number, to: number): Form {
  let form: Form = ASCII
  for (let i = from; i < to; i++) {
    if (bytes[i]! < 0x80) continue
    form = UTF_8
    // Surrogates are ED A0 … ED BF; UTF-8 proper has none.
    if (bytes[i] === 0xed && i + 1 < to && bytes[i + 1]! >= 0xa0) return WTF_8
  }
  return form
}

/** One text as bytes, for as long as no other is written: any string has exactly one form, and equal strings equal bytes. */
export class TextBytes {
  bytes: Uint8Array = new Uint8Array(1024)
  length = 0
  form: Form = ASCII

  /** Returns the hash of the bytes, as `hashOfBytes`. */
  write(text: string, seed = HASH_START): number {
    const { length } = text
    if (length * 3 > this.bytes.length) this.bytes = new Uint8Array(length * 6)
    const { bytes } = this
    let hash = seed
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) {
        this.#writeWide(text)
        return hashOfBytes(this.bytes, 0, this.length, seed)
      }
      bytes[i] = code
      hash = Math.imul(hash ^ code, HASH_PRIME)
    }
    this.length = length
    this.form = ASCII
    return hash
  }

  sameAs(bytes: Uint8Array, at: number, length: number): boolean {
    if (length !== this.length) return false
    for (let i = 0; i < length; i++) if (bytes[at + i] !== this.bytes[i]) return false
    return true
  }

  #writeWide(text: string): void {
    if (text.isWellFormed()) {
      this.form = UTF_8
      this.length = encoder.encodeInto(text, this.bytes).written
      return
    }
    this.form = WTF_8
    this.length = 0
    for (const character of text) {
      const code = character.codePointAt(0)!
      if (code >= 0xd800 && code <= 0xdfff) {
        this.bytes[this.length++] = 0xed
        this.bytes[this.length++] = 0x80 | ((code >> 6) & 0x3f)
        this.bytes[this.length++] = 0x80 | (code & 0x3f)
      } else this.length += encoder.encodeInto(character, this.bytes.subarray(this.length)).written
    }
  }
}

/** The text of bytes that `TextBytes` wrote. */
export function textOf(bytes: Buffer, from: number, to: number, form: Form): string {
  if (form === ASCII) return bytes.toString('latin1', from, to)
  if (form === UTF_8) return bytes.toString('utf8', from, to)
  let text = ''
  let start = from
  for (let i = from; i + 2 < to; i++) {
    if (bytes[i] !== 0xed || bytes[i + 1]! < 0xa0) continue
    const code = 0xd000 | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f)
    text += bytes.toString('utf8', start, i) + String.fromCharCode(code)
    start = i + 3
  }
  return text + bytes.toString('utf8', start, to)
}
