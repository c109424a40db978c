import { el } from '../dom.js'
import { t } from '../language.js'
import { findingState, length, scoreText, time } from '../pieces.js'
import { findingHash } from '../route.js'
import { listView } from './list.js'

/** @typedef {import('../api.js').Finding} Finding */

/** @param {Finding} finding */
function row(finding) {
  const [words, incidents] = [t().findings, t().incidents]
  return el(
    'tr',
    {},
    el('td', {}, findingState(finding)),
    el('th', { scope: 'row' }, el('a', { href: findingHash(finding.id) }, finding.sentence)),
    el(
      'td',
      { 'data-label': words.rule },
      finding.rule,
      finding.evidence && el('span', { class: 'faint' }, ` (${words.evidence})`),
    ),
    el('td', { 'data-label': incidents.since }, time(finding.since)),
    el('td', { 'data-label': incidents.lasted, class: 'number' }, length((finding.lasted_seconds ?? 0) * 1000)),
    el('td', { 'data-label': words.score, class: 'number' }, scoreText(finding.peak_score)),
    el('td', { 'data-label': words.said }, t().feedback.words[finding.feedback ?? ''] ?? '–'),
  )
}

/** @param {import('../main.js').ViewContext} context @returns {import('../main.js').View} */
export function findingsView(context) {
  const words = t().findings
  const { since, lasted, what } = t().incidents
  const heads = [words.kind, what, words.rule, since, lasted, words.score, words.said]
  const title = t().nav.findings
  return listView(context, { place: 'findings', title, states: words.states, heads, row, words, kind: 'finding' })
}
