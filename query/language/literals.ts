const UNITS_MS: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
}
const DURATION = /^(?:\d+(?:ms|[ywdhms]))+$/

const DECIMAL = /^(?:\d+(?:_?\d)*\.?(?:\d+(?:_?\d)*)?|\.\d+(?:_?\d)*)(?:e[+-]?\d+(?:_?\d)*)?$/i

/** `1h30m` in ms; undefined for anything else. */
export function durationOf(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined
  let sum = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[ywdhms])/g)) sum += Number(count) * UNITS_MS[unit!]!
  return sum
}

/** A PromQL number: decimal, hex, octal with a leading 0 (as Go reads it), `Inf`, `NaN`, or a duration in seconds. */
export function numberOf(text: string): number | undefined {
  const [, sign, digits] = /^([+-]?)\s*(.*)$/s.exec(text)!
  const magnitude = unsigned(digits!)
  return magnitude !== undefined && sign === '-' ? -magnitude : magnitude
}

function unsigned(text: string): number | undefined {
  const lower = text.toLowerCase()
  if (lower === 'inf') return Infinity
  if (lower === 'nan') return NaN
  if (/^0x[\da-f]+$/.test(lower)) return Number(lower)
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8)
  if (DECIMAL.test(text)) return Number(text.replaceAll('_', ''))
  const duration = durationOf(text)
  return duration === undefined ? undefined : duration / 1000
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}
const NUMERIC_ESCAPE = /^(?:x([\da-fA-F]{2})|([0-7]{3})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/

/** Where a string literal is broken: an offset into it, and what is wrong. */
export interface BrokenString {
  readonly at: number
  readonly message: string
}

/**
 * The value of a quoted string with Go's escapes. Bytes that are no UTF-8 (`\xff`) become lone surrogates U+DC80 to
 * U+DCFF, so that the text is not well-formed and prints as it was written (`quoted`).
 */
export function stringOf(literal: string): string | BrokenString {
  const quote = literal[0]!
  if (literal.length < 2 || !literal.endsWith(quote)) return { at: 0, message: 'unterminated quoted string' }
  if (quote === '`') return literal.slice(1, -1)
  const bytes: number[] = []
  let at = 1
  while (at < literal.length - 1) {
    const char = String.fromCodePoint(literal.codePointAt(at)!)
    if (char === '\n') return { at: 0, message: 'unterminated quoted string' }
    if (char !== '\\') {
      bytes.push(...Buffer.from(char))
      at += char.length
      continue
    }
    const escape = readEscape(literal.slice(at + 1, -1), quote)
    if (escape === undefined) {
      return { at: 0, message: badEscape(literal.slice(at + 1, -1)) }
    }
    bytes.push(...escape.bytes)
    at += 1 + escape.length
  }
  return decodeLoosely(Uint8Array.from(bytes))
}

/** `U+007A 'z'`. */
function codeOf(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} '${char}'`
}

/** What Go's lexer says of an escape: the first digit that is none, or that there is no such escape. */
function badEscape(rest: string): string {
  const numeric = /^(?:x[\da-f]?|u[\da-f]{0,3}|U[\da-f]{0,7}|[0-7]{1,2})/i.exec(rest)
  const stray = numeric === null ? undefined : rest[numeric[0].length]
  if (stray !== undefined) return `illegal character ${codeOf(stray)} in escape sequence`
  return `unknown escape sequence ${codeOf(rest[0] ?? '')}`
}

function readEscape(rest: string, quote: string): { bytes: Iterable<number>; length: number } | undefined {
  const simple = SIMPLE_ESCAPES[rest[0] ?? '']
  // Go knows the other kind of quote only in its own kind of literal.
  if (simple !== undefined) {
    if ((rest[0] === '"' || rest[0] === "'") && rest[0] !== quote) return undefined
    return { bytes: Buffer.from(simple), length: 1 }
  }
  const numeric = NUMERIC_ESCAPE.exec(rest)
  if (numeric === null) return undefined
  const [whole, hex, octal, short, long] = numeric
  const code = Number.parseInt(hex ?? octal ?? short ?? long!, octal === undefined ? 16 : 8)
  if (short === undefined && long === undefined)
    return code > 0xff ? undefined : { bytes: [code], length: whole.length }
  if (code > 0x10_ff_ff || (code >= 0xd8_00 && code < 0xe0_00)) return undefined
  return { bytes: Buffer.from(String.fromCodePoint(code)), length: whole.length }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeLoosely(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return decodeBytewise(bytes)
  }
}

function decodeBytewise(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at]!
    const length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    try {
      text += strict.decode(bytes.subarray(at, at + length))
      at += length
    } catch {
      text += String.fromCharCode(0xdc_00 + byte)
      at += 1
    }
  }
  return text
}

/** A string in double quotes as Go writes it (`%q`): printable text as it is, control and stray bytes escaped. */
export function quoted(text: string): string {
  let out = '"'
  for (const char of text) {
    const code = char.codePointAt(0)!
    if (char === '"' || char === '\\') out += `\\${char}`
    else if (code >= 0xdc_80 && code <= 0xdc_ff) out += `\\x${(code - 0xdc_00).toString(16)}`
    else if (code >= 0x20 && code !== 0x7f) out += char
    else out += CONTROL_ESCAPES[char] ?? `\\x${code.toString(16).padStart(2, '0')}`
  }
  return `${out}"`
}

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}
