/** Small parts that several views show. */
import { el } from './dom.js'
import { percent, quantity, span, when } from './format.js'
import { language, t } from './language.js'
import { tone } from './severity.js'

/** @param {string} severity */
export function severityChip(severity) {
  return el('span', { class: `chip chip-${tone(severity)}` }, t().severities[severity] ?? severity)
}

/** @param {'open' | 'acknowledged' | 'resolved'} state */
export function stateChip(state) {
  return el('span', { class: `chip chip-state state-${state}` }, t().states[state] ?? state)
}

/**
 * What kind of finding it is, calm where it is over.
 * @param {import('./api.js').Finding} finding
 */
export function findingState({ state, kind }) {
  return el('span', { class: `chip chip-${state === 'open' ? 'warn' : 'calm'}` }, t().finding_kinds[kind] ?? kind)
}

/**
 * A time that tells the whole of itself to who asks.
 * @param {string} at
 * @param {boolean} [seconds]
 */
export function time(at, seconds = false) {
  const ms = Date.parse(at)
  return el('time', { datetime: at, title: at }, when(ms, Date.now(), seconds))
}

/** @param {number} ms */
export function length(ms) {
  return span(ms, t().units)
}

/** @param {readonly string[]} names */
export function services(names) {
  return el('span', { class: 'services' }, ...names.map((name) => el('span', { class: 'service' }, name)))
}

/**
 * A share of the whole, as bar and number.
 * @param {number | undefined} share
 */
export function shareBar(share) {
  const bar = el(
    'span',
    { class: 'bar', 'aria-hidden': 'true' },
    el('span', { style: { width: `${Math.round((share ?? 0) * 100)}%` } }),
  )
  return el('span', { class: 'share' }, bar, el('span', { class: 'number' }, percent(share)))
}

/**
 * A score to two digits: more would promise too much.
 * @param {number | undefined} score
 */
export function scoreText(score) {
  return quantity(score === undefined ? undefined : Number(score.toPrecision(2)))
}

/**
 * How unusual: fills at 1, the point from which it is anomalous.
 * @param {number | undefined} score
 */
export function scoreChip(score) {
  const anomalous = (score ?? 0) >= 1
  return el('span', { class: `score ${anomalous ? 'score-high' : ''}` }, `${t().overview.score} ${scoreText(score)}`)
}

/**
 * Whether a forecast is followed.
 * @param {number | undefined} trust
 * @param {{ trusted: string, untrusted: string, untrusted_hint: string }} words
 */
export function trustChip(trust, words) {
  if (trust === 1) return el('span', { class: 'chip chip-good', title: t().overview.trusted_hint }, words.trusted)
  return el('span', { class: 'chip chip-warn', title: words.untrusted_hint }, words.untrusted)
}

/** @param {import('./api.js').Change} change */
export function changeLine(change) {
  const kind = t().change_kinds[change.kind] ?? change.kind
  const service = change.service ?? ''
  return language() === 'zh'
    ? `${service} ${kind}：${change.title}`
    : `${kind}${service === '' ? '' : ` of ${service}`}: ${change.title}`
}

/**
 * A change and when it was, beside what it may have begun.
 * @param {import('./api.js').Change} change
 */
export function changeNote(change) {
  const mark = el('span', { class: 'change-mark', 'aria-hidden': 'true' })
  return el('p', { class: 'change' }, mark, changeLine(change), ' · ', time(change.at))
}

/**
 * A list of which the rest is shown on demand.
 * @param {'ol' | 'ul'} tag
 * @param {string} name of its class
 * @param {readonly HTMLElement[]} items
 * @param {number} most at first
 */
export function folded(tag, name, items, most) {
  const head = el(tag, { class: name }, ...items.slice(0, most))
  const rest = items.slice(most)
  if (rest.length === 0) return head
  const more = el(
    'details',
    { class: 'more' },
    el('summary', {}, t().more(rest.length)),
    el(tag, { class: name }, ...rest),
  )
  return el('div', {}, head, more)
}

/**
 * Terms and what they are, side by side.
 * @param {readonly (readonly [string, import('./dom.js').Child])[]} pairs
 */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
  return el(
    'dl',
    { class: 'facts' },
    ...shown.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))),
  )
}
