/** Alternatives that an expression is spelled out to. */
const ALTERNATIVES_MAX = 1024
const GAPS_MAX = 16
const DEPTH_MAX = 32

/** Literals with anything between them: `gaps[i]` is the least number of characters between `parts[i]` and the next. */
export interface Glob {
  readonly parts: readonly string[]
  readonly gaps: readonly number[]
}

const PUNCTUATION = /[!-/:-@[-`{-~]/
const META = /[\\.*+?()[\]{}|^$]/

/**
 * An expression as the globs that it is the union of; undefined where only an engine can tell. Known are literals, escaped
 * punctuation, `.*`, `.+`, groups, alternatives, and `^` and `$` where they say nothing new.
 */
export function globsOf(expression: string): readonly Glob[] | undefined {
  if (!expression.isWellFormed()) return undefined
  const reader = new ShapeReader(expression)
  const globs = reader.alternatives()
  if (globs === undefined || !reader.done) return undefined
  // A character beyond the first 65 536 has two units: only of one gap it is plain what "at least one" is.
  return globs.every(({ gaps }) => gaps.every((least) => least <= 1)) ? globs : undefined
}

/** What every match begins with, where the expression shows it; '' elsewhere. */
export function prefixOf(expression: string): string {
  if (!expression.isWellFormed() || expression.includes('|') || expression.includes('\\Q')) return ''
  let prefix = ''
  let i = expression.startsWith('^') ? 1 : 0
  for (; i < expression.length; i++) {
    if (expression[i] === '\\' && PUNCTUATION.test(expression[i + 1] ?? '')) prefix += expression[++i]!
    else if (META.test(expression[i]!)) break
    else prefix += expression[i]!
  }
  // What may be there any number of times need not be there.
  const optional = '*?{'.includes(expression[i] ?? ' ')
  return optional ? Array.from(prefix).slice(0, -1).join('') : prefix
}

export function matchesGlob({ parts, gaps }: Glob, value: string): boolean {
  const first = parts[0]!
  if (parts.length === 1) return value === first
  if (!value.startsWith(first)) return false
  let at = first.length
  // What stands earliest leaves most to the others.
  for (let i = 1; i < parts.length - 1; i++) {
    const found = value.indexOf(parts[i]!, at + gaps[i - 1]!)
    if (found === -1) return false
    at = found + parts[i]!.length
  }
  const last = parts.at(-1)!
  return value.length - last.length >= at + gaps.at(-1)! && value.endsWith(last)
}

const EMPTY: Glob = { parts: [''], gaps: [] }

class ShapeReader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.#at === this.#text.length
  }

  /** Up to the end of the group that is open. */
  alternatives(): Glob[] | undefined {
    const found: Glob[] = []
    for (;;) {
      const some = this.#sequence()
      if (some === undefined || found.length + some.length > ALTERNATIVES_MAX) return undefined
      found.push(...some)
      if (this.#here !== '|') return found
      this.#at++
    }
  }

  get #here(): string {
    return this.#text[this.#at] ?? ''
  }

  #sequence(): Glob[] | undefined {
    let globs: Glob[] = [EMPTY]
    if (this.#depth === 0 && this.#here === '^') this.#at++
    for (;;) {
      if (this.#here === '' || this.#here === '|') return globs
      if (this.#here === ')') return this.#depth > 0 ? globs : undefined
      if (this.#here === '$') return this.#depth === 0 && this.#isLast() ? globs : undefined
      const next = this.#item()
      if (next === undefined || globs.length * next.length > ALTERNATIVES_MAX) return undefined
      globs = globs.flatMap((glob) => next.map((other) => joined(glob, other)))
      if (globs.some(({ gaps }) => gaps.length > GAPS_MAX)) return undefined
    }
  }

  /** Whether the alternative ends behind this character; goes there. */
  #isLast(): boolean {
    this.#at++
    return this.#here === '' || this.#here === '|'
  }

  #item(): readonly Glob[] | undefined {
    const found = this.#here === '(' ? this.#group() : this.#here === '.' ? this.#gap() : this.#literals()
    return '*+?{'.includes(this.#text[this.#at] ?? ' ') ? undefined : found
  }

  #literals(): readonly Glob[] | undefined {
    let text = ''
    for (;;) {
      let character = this.#here
      if (character === '\\') {
        character = this.#text[this.#at + 1] ?? ''
        if (!PUNCTUATION.test(character)) return undefined
        this.#at += 2
      } else if (character === '' || META.test(character)) {
        return text === '' ? undefined : [{ parts: [text], gaps: [] }]
      } else this.#at++
      text += character
    }
  }

  #group(): readonly Glob[] | undefined {
    this.#at++
    if (this.#here === '?') {
      if (this.#text[this.#at + 1] !== ':') return undefined
      this.#at += 2
    }
    if (++this.#depth > DEPTH_MAX) return undefined
    const globs = this.alternatives()
    this.#depth--
    if (globs === undefined || this.#here !== ')') return undefined
    this.#at++
    return globs
  }

  #gap(): readonly Glob[] | undefined {
    this.#at++
    const least = ['*', '+'].indexOf(this.#here)
    if (least === -1) return undefined
    this.#at++
    // Of the whole text, the lazy one matches as much as the greedy.
    if (this.#here === '?') this.#at++
    return [{ parts: ['', ''], gaps: [least] }]
  }
}

/** One behind the other; of two gaps that meet, one. */
function joined(a: Glob, b: Glob): Glob {
  const middle = a.parts.at(-1)! + b.parts[0]!
  const before = a.parts.slice(0, -1)
  const behind = b.parts.slice(1)
  if (middle !== '' || before.length === 0 || behind.length === 0) {
    return { parts: [...before, middle, ...behind], gaps: [...a.gaps, ...b.gaps] }
  }
  const gap = a.gaps.at(-1)! + b.gaps[0]!
  return { parts: [...before, ...behind], gaps: [...a.gaps.slice(0, -1), gap, ...b.gaps.slice(1)] }
}
