import type { Matcher } from '#core/ports/series-reader.ts'
import { METRIC_NAME } from '#core/series.ts'

/** The metric names that matchers may find; undefined where that is any. */
export function namesOf(matchers: readonly Matcher[]): readonly string[] | undefined {
  const named = matchers.filter(({ name }) => name === METRIC_NAME)
  const equal = named.find(({ op, value }) => op === '=' && value !== '')
  if (equal !== undefined) return [equal.value]
  const either = named.find(({ op, value }) => op === '=~' && /^[\w:|]+$/.test(value))
  return either?.value.split('|')
}

/** A text that a regular expression finds as it is. */
export function quoted(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`)
}
