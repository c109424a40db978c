import { labelName, quote, selector } from './promql.js'

/**
 * What may be completed at the cursor of a PromQL text.
 * @typedef {object} Place
 * @property {'metric' | 'label' | 'value' | 'none'} kind
 * @property {string} prefix what is written already
 * @property {number} from where the prefix begins
 * @property {string} metric the metric whose braces these are, '' when unknown
 * @property {string} label of a value
 * @property {boolean} quoted whether the prefix stands in a string
 */

/** @type {Place} */
const NOWHERE = { kind: 'none', prefix: '', from: 0, metric: '', label: '', quoted: false }

/** A string whose end is there. */
const STRING = String.raw`"(?:[^"\\]|\\.)*"`
const QUOTED_METRIC = new RegExp(String.raw`^\s*(${STRING})\s*(?![\s=!])`)
const LABEL_OF_VALUE = new RegExp(String.raw`([a-zA-Z_]\w*|${STRING})\s*(?:=~|!~|!=|=)\s*$`)

/** @param {string} text of a name, bare or as a string */
function unquoted(text) {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text
}

/**
 * The metric whose braces begin at `brace`: before them, or the first in them.
 * @param {string} before
 * @param {number} brace
 */
function metricOf(before, brace) {
  const name = /([a-zA-Z_:][\w:]*)\s*$/.exec(before.slice(0, brace)) ?? QUOTED_METRIC.exec(before.slice(brace + 1))
  return unquoted(name?.[1] ?? '')
}

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
  const metric = brace >= 0 ? metricOf(before, brace) : ''
  if (string >= 0) {
    if (brace < 0) return NOWHERE
    const place = { prefix: before.slice(string + 1), from: string + 1, metric, quoted: true }
    const behind = before.slice(0, string)
    if (/[{,]\s*$/.test(behind)) {
      const kind = metric === '' && behind.trimEnd().length === brace + 1 ? 'metric' : 'label'
      return { ...place, kind, label: '' }
    }
    const label = LABEL_OF_VALUE.exec(behind)?.[1]
    return label === undefined ? NOWHERE : { ...place, kind: 'value', label: unquoted(label) }
  }
  // Names that may only stand in quotes are looked for without them, too: nothing else has letters around a dot.
  const word = /[\p{L}_:][\p{L}\p{N}_:.]*$/u.exec(before)?.[0] ?? ''
  const from = cursor - word.length
  const place = { prefix: word, from, metric, label: '', quoted: false }
  if (brace >= 0) return /[{,]\s*$/.test(before.slice(0, from)) ? { ...place, kind: 'label' } : NOWHERE
  const behind = before.slice(0, from)
  if (/[0-9.[]$/.test(behind)) return NOWHERE
  if (/\b(by|without|on|ignoring)\s*\([^)]*$/.test(behind)) return { ...place, kind: 'label' }
  return word === '' ? NOWHERE : { ...place, kind: 'metric' }
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
 * A choice as PromQL has it where it is to stand.
 * @param {Place} place
 * @param {string} choice
 */
function asWritten({ kind, quoted }, choice) {
  if (quoted) return quote(choice).slice(1, kind === 'value' ? -1 : undefined)
  return kind === 'metric' ? selector(choice, {}) : labelName(choice)
}

/**
 * The text with the choice in place of the prefix, and where the cursor goes.
 * @param {string} text
 * @param {Place} place
 * @param {string} choice
 */
export function complete(text, place, choice) {
  const end = place.from + place.prefix.length
  const written = asWritten(place, choice)
  // Of a string that goes on behind the cursor the end is there.
  const rest = place.quoted && place.kind !== 'value' ? text.slice(end).replace(/^"/, '') : text.slice(end)
  const tail = place.kind === 'label' && place.metric !== '' && !/^\s*[=!]/.test(rest) ? '="' : ''
  return { text: text.slice(0, place.from) + written + tail + rest, cursor: place.from + written.length + tail.length }
}
