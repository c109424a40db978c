import { RE2JS } from 're2js'

import { messageOf, ServiceError } from '../errors.ts'
import type { Matcher } from '../ports/series-reader.ts'

/** Compiled expressions that are kept; the one unused for longest goes first. */
const CACHE_SIZE = 256
const LITERALS = /^[\w|/\- :,@%&=<>~"';!]*$/

/** A matcher that can be asked. */
export interface Test {
  readonly name: string
  /** The only values that match, where they can be listed. */
  readonly values: readonly string[] | undefined
  /** True where an absent label matches. */
  readonly empty: boolean
  matches(value: string): boolean
}

interface Pattern {
  readonly values: readonly string[] | undefined
  matches(value: string): boolean
}

function compile(expression: string): Pattern {
  if (expression === '.*') return { values: undefined, matches: () => true }
  if (expression === '.+') return { values: undefined, matches: (value) => value !== '' }
  if (LITERALS.test(expression)) {
    const values = [...new Set(expression.split('|'))]
    const set = new Set(values)
    return { values, matches: (value) => set.has(value) }
  }
  try {
    const pattern = RE2JS.compile(expression, RE2JS.DOTALL)
    return { values: undefined, matches: (value) => pattern.testExact(value) }
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
    if (op === '=') return { name, values: [value], empty: value === '', matches: (other) => other === value }
    if (op === '!=') return { name, values: undefined, empty: value !== '', matches: (other) => other !== value }
    const pattern = this.#pattern(value)
    const empty = pattern.matches('')
    if (op === '=~') return { name, values: pattern.values, empty, matches: (other) => pattern.matches(other) }
    return { name, values: undefined, empty: !empty, matches: (other) => !pattern.matches(other) }
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
