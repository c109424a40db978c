import { RE2JS } from 're2js'

import { messageOf, ServiceError } from '../errors.ts'
import type { Matcher } from '../ports/series-reader.ts'
import { globsOf, matchesGlob, prefixOf } from './regex-shape.ts'

/** Compiled expressions that are kept; the one unused for longest goes first. */
const CACHE_SIZE = 256
/** With more of them the engine, which looks at all at once, is faster. */
const GLOBS_MAX = 32

/** A matcher that can be asked. */
export interface Test {
  readonly name: string
  /** The only values that match, where they can be listed. */
  readonly values: readonly string[] | undefined
  /** The only values that do not match, where they can be listed. */
  readonly excluded: readonly string[] | undefined
  /** What every value that matches begins with; '' where nothing is known. */
  readonly prefix: string
  /** True where an absent label matches. */
  readonly empty: boolean
  matches(value: string): boolean
}

/** What is known of an expression. */
interface Pattern {
  readonly values: readonly string[] | undefined
  readonly prefix: string
  matches(value: string): boolean
}

function compile(expression: string): Pattern {
  if (expression === '.*') return { values: undefined, prefix: '', matches: () => true }
  const globs = globsOf(expression)
  if (globs?.every(({ gaps }) => gaps.length === 0) === true) {
    const values = new Set(globs.map(({ parts }) => parts[0]!))
    return { values: [...values], prefix: '', matches: (value) => values.has(value) }
  }
  if (globs !== undefined && globs.length <= GLOBS_MAX) {
    const [first, ...rest] = globs
    if (rest.length === 0) {
      return { values: undefined, prefix: first!.parts[0]!, matches: (value) => matchesGlob(first!, value) }
    }
    return { values: undefined, prefix: '', matches: (value) => globs.some((glob) => matchesGlob(glob, value)) }
  }
  try {
    const pattern = RE2JS.compile(expression, RE2JS.DOTALL)
    return { values: undefined, prefix: prefixOf(expression), matches: (value) => pattern.testExact(value) }
  } catch (error) {
    throw new ServiceError('bad_data', `not a regular expression (RE2): ${JSON.stringify(expression)}`, {
      cause: messageOf(error),
    })
  }
}

/** Turns matchers into tests. Expressions are RE2, anchored at both ends, `.` matches a newline. */
export class Matching {
  readonly #patterns = new Map<string, Pattern>()

  /** Throws `ServiceError('bad_data')` for an expression that RE2 does not know. */
  test(matcher: Matcher): Test {
    const { name, op, value } = matcher
    if (op === '=') {
      const empty = value === ''
      return { name, values: [value], excluded: undefined, prefix: '', empty, matches: (other) => other === value }
    }
    if (op === '!=') {
      const empty = value !== ''
      return { name, values: undefined, excluded: [value], prefix: '', empty, matches: (other) => other !== value }
    }
    const pattern = this.#pattern(value)
    const empty = pattern.matches('')
    if (op === '=~') return { name, excluded: undefined, empty, ...pattern }
    const matches = (other: string): boolean => !pattern.matches(other)
    return { name, values: undefined, excluded: pattern.values, prefix: '', empty: !empty, matches }
  }

  #pattern(expression: string): Pattern {
    const pattern = this.#patterns.get(expression) ?? compile(expression)
    this.#patterns.delete(expression)
    this.#patterns.set(expression, pattern)
    if (this.#patterns.size > CACHE_SIZE) {
      for (const oldest of this.#patterns.keys()) {
        this.#patterns.delete(oldest)
        break
      }
    }
    return pattern
  }
}
