import { RE2JS } from 're2js'

/**
 * A regex of a matcher or of `label_replace`: RE2 (linear in its input), `.` matches a newline. PromQL anchors at both
 * ends: use `testExact` or `matcher(…).matches()`. Returns what is wrong as text.
 */
export function compileRegex(pattern: string, maxLength: number): RE2JS | string {
  if (pattern.length > maxLength) return `regular expression is longer than ${maxLength} characters`
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch (error) {
    // Without the flag that we put in front of it.
    return (error instanceof Error ? error.message : String(error)).replace('`(?s)', '`')
  }
}
