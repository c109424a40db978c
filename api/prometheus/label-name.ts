/** `U__my_2e_label` → `my.label`; undefined where the escaping is broken. Prometheus' "values" escaping. */
function unescaped(name: string): string | undefined {
  let text = ''
  for (let at = 3; at < name.length; at++) {
    if (name[at] !== '_') {
      text += name[at]
      continue
    }
    const end = name.indexOf('_', at + 1)
    if (end === -1) return undefined
    const code = name.slice(at + 1, end)
    if (code === '') text += '_'
    else if (/^[0-9a-fA-F]{1,6}$/.test(code) && Number.parseInt(code, 16) <= 0x10_ff_ff) {
      text += String.fromCodePoint(Number.parseInt(code, 16))
    } else return undefined
    at = end
  }
  return text
}

/** The label that a path segment names: any UTF-8, as it is or behind `U__`. */
export function labelNameOf(segment: string): string {
  return (segment.startsWith('U__') ? unescaped(segment) : undefined) || segment
}
