import type { Matcher } from 're2js'

/** The group that `text` names at `at`, behind a `$`: its end and its name. Undefined where none is named. */
function reference(text: string, at: number): { name: string; end: number } | undefined {
  const found = /^(?:\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/u.exec(text.slice(at))
  return found === null ? undefined : { name: found[1] ?? found[2]!, end: at + found[0].length }
}

function groupOf(matcher: Matcher, name: string): string {
  // A number that begins with 0 is a name for Go.
  if (/^(?:0|[1-9]\d*)$/.test(name)) {
    const group = Number(name)
    return group <= matcher.groupCount() ? (matcher.group(group) ?? '') : ''
  }
  return Object.hasOwn(matcher.namedGroups, name) ? (matcher.group(name) ?? '') : ''
}

/**
 * A template with the groups of a match: `$1`, `${1}`, `$name`, `$$`; a name is as long as it can be, and a group that is not
 * there is empty. Source: `Regexp.Expand` of Go.
 */
export function expand(template: string, matcher: Matcher): string {
  let text = ''
  for (let at = 0; at < template.length;) {
    const dollar = template.indexOf('$', at)
    if (dollar < 0) return text + template.slice(at)
    text += template.slice(at, dollar)
    const named = reference(template, dollar + 1)
    if (named !== undefined) {
      text += groupOf(matcher, named.name)
      at = named.end
    } else {
      text += '$'
      at = dollar + (template[dollar + 1] === '$' ? 2 : 1)
    }
  }
  return text
}
