import type { Matcher } from './ports/series-reader.ts'

/** A matcher as PromQL, its name in the form that every version and server reads where it allows that. */
export function matcherText({ name, op, value }: Matcher): string {
  return `${/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)}${op}${JSON.stringify(value)}`
}

/** Matchers as PromQL: `{__name__="up",job="shop"}`. */
export function selectorText(matchers: readonly Matcher[]): string {
  return `{${matchers.map(matcherText).join(',')}}`
}
