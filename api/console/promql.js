/** Small pieces of PromQL that the console writes and reads. */

/** @param {string} value */
export function quote(value) {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

/**
 * A name as it stands in braces and groupings.
 * @param {string} name of a label
 */
export function labelName(name) {
  return /^[a-zA-Z_]\w*$/.test(name) ? name : quote(name)
}

/**
 * `name{a="b"}`; a name that PromQL cannot write bare goes into the braces.
 * @param {string} metric '' for none
 * @param {Readonly<Record<string, string>>} labels
 */
export function selector(metric, labels) {
  const bare = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(metric)
  const pairs = Object.entries(labels)
    .filter(([name]) => name !== '__name__')
    .map(([name, value]) => `${labelName(name)}=${quote(value)}`)
  if (metric !== '' && !bare) pairs.unshift(quote(metric))
  if (pairs.length === 0) return bare ? metric : '{}'
  return `${bare ? metric : ''}{${pairs.join(', ')}}`
}

/**
 * Of an expression the series with these labels: of many that it has only this one is sent.
 * @param {string} expr may end with a comment
 * @param {Readonly<Record<string, string>>} labels
 */
export function only(expr, labels) {
  const pairs = Object.entries(labels).filter(([name]) => name !== '__name__')
  if (pairs.length === 0) return expr
  const one = pairs.reduce(
    (inner, [name, value]) =>
      `label_replace(${inner}, ${quote(name)}, ${quote(value.replaceAll('$', '$$$$'))}, "", "")`,
    'vector(1)',
  )
  return `(${expr}\n) and on (${pairs.map(([name]) => labelName(name)).join(', ')}) ${one}`
}

/**
 * Whether an expression is one plain selector, so that the metric with its labels is the value that was judged.
 * @param {string} expr
 */
export function isSelector(expr) {
  return /^\s*[a-zA-Z_:]?[\w:]*\s*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?\s*$/.test(expr) && expr.trim() !== ''
}

/**
 * Whether every one of `wanted` is a label of `labels`.
 * @param {Readonly<Record<string, string>>} labels
 * @param {Readonly<Record<string, string>>} wanted
 */
export function carries(labels, wanted) {
  return Object.entries(wanted).every(([name, value]) => name === '__name__' || (labels[name] ?? '') === value)
}

/**
 * Where an error of the query lies, from `1:5: parse error: …`; null when it does not say.
 * @param {string} message
 * @returns {{ line: number, column: number, text: string } | null} from 1
 */
export function positionOf(message) {
  const found = /(?:^|\s|")(\d+):(\d+):\s*(.*)$/s.exec(message)
  if (found === null) return null
  return { line: Number(found[1]), column: Number(found[2]), text: found[3] ?? '' }
}

/**
 * A step that gives about `points` points, at least one second, whole and round.
 * @param {number} range_ms
 * @param {number} [points]
 */
export function stepFor(range_ms, points = 240) {
  const raw = range_ms / points / 1000
  const round = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400]
  return (round.find((step) => step >= raw) ?? 86_400) * 1000
}

/**
 * A Prometheus duration: `90s` from 90000; '' is refused.
 * @param {string} text
 * @returns {number} milliseconds, NaN when it is none
 */
export function durationOf(text) {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
  if (!/^(\d+(ms|[smhdw]))+$/.test(text)) return Number.NaN
  return [...text.matchAll(/(\d+)(ms|[smhdw])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[/** @type {keyof typeof units} */ (unit)],
    0,
  )
}
