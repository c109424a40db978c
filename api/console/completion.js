/**
 * What may be completed at the cursor of a PromQL text.
 * @typedef {object} Place
 * @property {'metric' | 'label' | 'value' | 'none'} kind
 * @property {string} prefix what is written already
 * @property {number} from where the prefix begins
 * @property {string} metric the metric whose braces these are, '' when unknown
 * @property {string} label of a value
 */

/** @type {Place} */
const NOWHERE = { kind: 'none', prefix: '', from: 0, metric: '', label: '' }

/**
 * The text up to the cursor, walked once: whether it stands in a string, in braces, and after which name.
 * @param {string} text
 */
function walk(text) {
  let brace = -1
  let string = -1
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (string >= 0) {
      if (char === '\\') i++
      else if (char === text[string]) string = -1
    } else if (char === '"' || char === "'") string = i
    else if (char === '{') brace = i
    else if (char === '}') brace = -1
  }
  return { brace, string }
}

/**
 * @param {string} text
 * @param {number} cursor
 * @returns {Place}
 */
export function placeAt(text, cursor) {
  const before = text.slice(0, cursor)
  const { brace, string } = walk(before)
  const metric = brace >= 0 ? (/([a-zA-Z_:][\w:]*)\s*$/.exec(before.slice(0, brace))?.[1] ?? '') : ''
  if (string >= 0) {
    const label = /([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*$/.exec(before.slice(0, string))?.[1]
    if (brace < 0 || label === undefined) return NOWHERE
    return { kind: 'value', prefix: before.slice(string + 1), from: string + 1, metric, label }
  }
  const word = /[a-zA-Z_:][\w:]*$/.exec(before)?.[0] ?? ''
  const from = cursor - word.length
  if (brace >= 0) {
    if (!/[{,]\s*$/.test(before.slice(0, from))) return NOWHERE
    return { kind: 'label', prefix: word, from, metric, label: '' }
  }
  const behind = before.slice(0, from)
  if (/[0-9.[]$/.test(behind)) return NOWHERE
  if (/\b(by|without|on|ignoring)\s*\([^)]*$/.test(behind))
    return { kind: 'label', prefix: word, from, metric: '', label: '' }
  return word === '' ? NOWHERE : { kind: 'metric', prefix: word, from, metric: '', label: '' }
}

/**
 * The candidates that fit: those that begin with the prefix first, then those that contain it.
 * @param {readonly string[]} candidates
 * @param {string} prefix
 * @param {number} [max]
 */
export function fitting(candidates, prefix, max = 12) {
  const small = prefix.toLowerCase()
  const rank = (/** @type {string} */ name) => (name.toLowerCase().startsWith(small) ? 0 : 1)
  return candidates
    .filter((name) => name !== prefix && name.toLowerCase().includes(small))
    .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .slice(0, max)
}

/**
 * The text with the choice in place of the prefix, and where the cursor goes.
 * @param {string} text
 * @param {Place} place
 * @param {string} choice
 */
export function complete(text, place, choice) {
  const end = place.from + place.prefix.length
  const rest = text.slice(end)
  const tail = place.kind === 'label' && place.metric !== '' && !/^\s*[=!]/.test(rest) ? '="' : ''
  return { text: text.slice(0, place.from) + choice + tail + rest, cursor: place.from + choice.length + tail.length }
}
