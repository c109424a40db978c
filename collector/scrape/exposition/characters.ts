export const TAB = 0x09
export const LF = 0x0a
export const SPACE = 0x20
export const QUOTE = 0x22
export const HASH = 0x23
export const COMMA = 0x2c
export const EQUALS = 0x3d
export const BACKSLASH = 0x5c
export const OPEN = 0x7b
export const CLOSE = 0x7d

const NAME_START = 1
const NAME = 2
const LABEL_START = 4
const LABEL = 8
const CLASSES = new Uint8Array(256)
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') {
  CLASSES[letter.charCodeAt(0)] = NAME_START | NAME | LABEL_START | LABEL
}
for (const digit of '0123456789') CLASSES[digit.charCodeAt(0)] = NAME | LABEL
CLASSES[0x3a] = NAME_START | NAME

/** The end of the metric name that begins at `at`; `at` where none does. */
export function nameEnd(bytes: Buffer, at: number, end: number): number {
  if (at >= end || (CLASSES[bytes[at]!]! & NAME_START) === 0) return at
  let to = at + 1
  while (to < end && (CLASSES[bytes[to]!]! & NAME) !== 0) to++
  return to
}

/** The end of the label name that begins at `at`; `at` where none does. */
export function labelEnd(bytes: Buffer, at: number, end: number): number {
  if (at >= end || (CLASSES[bytes[at]!]! & LABEL_START) === 0) return at
  let to = at + 1
  while (to < end && (CLASSES[bytes[to]!]! & LABEL) !== 0) to++
  return to
}

/** The first byte at or after `at` that is neither a space nor a tab. */
export function skipBlanks(bytes: Buffer, at: number, end: number): number {
  let to = at
  while (to < end && (bytes[to] === SPACE || bytes[to] === TAB)) to++
  return to
}

/** The line feed at or after `at`, `end` where there is none. */
export function lineEnd(bytes: Buffer, at: number, end: number): number {
  const found = bytes.indexOf(LF, at)
  return found < 0 || found > end ? end : found
}

/** The end of a word: the first space, tab or line feed at or after `at`. */
export function wordEnd(bytes: Buffer, at: number, end: number): number {
  let to = at
  while (to < end && bytes[to] !== SPACE && bytes[to] !== LF && bytes[to] !== TAB) to++
  return to
}
