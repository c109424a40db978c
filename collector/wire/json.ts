import { ServiceError } from '#core/errors.ts'

import { type Allowance, unlimited } from './allowance.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })
/** From here on the keys of one object are looked up, not compared one by one. */
const MANY_KEYS = 16
export const MAX_DEPTH = 300

export interface JsonLimits {
  readonly depth: number
  /** In so many lists and objects it stands, which count for its depth. */
  readonly around: number
  /** Each object and each list counts. */
  readonly allowance: Allowance
}

function refuse(message: string): never {
  throw new ServiceError('bad_data', message)
}

export function keyStandsTwice(key: string): never {
  return refuse(`malformed JSON: the key ${JSON.stringify(key.slice(0, 100))} stands twice in one object`)
}

/** The index behind the string that begins at `at`. */
function behindString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 34) return i + 1
    if (code === 92) i++
  }
  return text.length
}

/** The key itself: two ways of writing one (`a`, `\u0061`) are the same key. */
function keyOf(text: string, from: number, to: number): string {
  const raw = text.slice(from + 1, to - 1)
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return refuse('malformed JSON: a key with a bad escape')
  }
}

/** The keys of the objects that are open, one behind another. */
class Keys {
  readonly #keys: string[] = []
  readonly #starts: number[] = []
  readonly #sets: (Set<string> | undefined)[] = []

  open(): void {
    this.#starts.push(this.#keys.length)
    this.#sets.push(undefined)
  }

  close(): void {
    const start = this.#starts.pop()
    this.#sets.pop()
    if (start !== undefined) this.#keys.length = start
  }

  add(key: string): void {
    const depth = this.#starts.length - 1
    const start = this.#starts[depth]!
    const { length } = this.#keys
    let set = this.#sets[depth]
    if (set === undefined && length - start >= MANY_KEYS) {
      set = new Set(this.#keys.slice(start))
      this.#sets[depth] = set
    }
    if (set?.has(key) ?? this.#keys.indexOf(key, start) >= start) keyStandsTwice(key)
    set?.add(key)
    this.#keys.push(key)
  }
}

/**
 * Refuses what `JSON.parse` would let pass: a key that stands twice in an object (the last would win silently), and nesting
 * that would end in the stack. It does not judge the rest of the grammar: `JSON.parse` does, afterwards.
 */
function check(text: string, { depth, around, allowance }: JsonLimits): void {
  const keys = new Keys()
  /** True for an object, false for an array. */
  const open: boolean[] = []
  let keyNext = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 34) {
      const end = behindString(text, i)
      if (keyNext) keys.add(keyOf(text, i, end))
      keyNext = false
      i = end - 1
    } else if (code === 44) {
      keyNext = open.at(-1) === true
    } else if (code === 123 || code === 91) {
      allowance.take()
      if (around + open.length === depth) refuse(`malformed JSON: nested more than ${depth} deep`)
      keyNext = code === 123
      open.push(keyNext)
      if (keyNext) keys.open()
    } else if (code === 125 || code === 93) {
      keyNext = false
      if (open.pop() === true) keys.close()
    }
  }
}

/**
 * A JSON text from outside. Throws `ServiceError`: `bad_data`, naming a key that stands twice, `too_large` (beyond the allowance). `__proto__`
 * is a key like others.
 */
export function parseJson(
  source: Uint8Array | string,
  { depth = MAX_DEPTH, around = 0, allowance = unlimited }: Partial<JsonLimits> = {},
): unknown {
  let text: string
  try {
    text = typeof source === 'string' ? source : utf8.decode(source)
  } catch {
    return refuse('malformed JSON: not UTF-8')
  }
  check(text, { depth, around, allowance })
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    return refuse(`malformed JSON: ${(error as Error).message.slice(0, 200)}`)
  }
}
