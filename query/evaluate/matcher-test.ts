import type { Matcher } from '#core/ports/series-reader.ts'
import type { Labels } from '#core/series.ts'

import { compileRegex } from './regex.ts'

/** Whether labels satisfy a matcher whose pattern was checked before. */
export function matcherTest({ name, op, value }: Matcher): (labels: Labels) => boolean {
  if (op === '=') return (labels) => labels.get(name) === value
  if (op === '!=') return (labels) => labels.get(name) !== value
  const regex = compileRegex(value, Infinity)
  if (typeof regex === 'string') throw new Error(`BUG: ${regex}`)
  return (labels) => regex.testExact(labels.get(name)) === (op === '=~')
}
