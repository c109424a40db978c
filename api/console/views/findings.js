import { own } from '../api.js'
import { append, el, region } from '../dom.js'
import { t } from '../language.js'
import { findingState, length, scoreText, stateFilters, time } from '../pieces.js'
import { findingHash, hashOf } from '../route.js'
import { empty, section } from '../section.js'

/** @typedef {import('../api.js').Finding} Finding */

const PAGE = 50

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
    el('td', { 'data-label': t().incident.score, class: 'number' }, scoreText(finding.peak_score)),
    el('td', { 'data-label': words.said }, t().feedback.words[finding.feedback ?? ''] ?? '–'),
  )
}

/** @param {import('../main.js').ViewContext} context @returns {import('../main.js').View} */
export function findingsView({ root, route, signal }) {
  const words = t().findings
  const state = route.params.get('state') ?? ''
  const after = route.params.get('next') ?? ''
  const part = section('')
  const table = region(part.body)
  append(root, [el('h1', {}, t().nav.findings), stateFilters('findings', state, words.states), part.element])
  const { since, lasted, older, what } = t().incidents
  const heads = [words.kind, what, words.rule, since, lasted, t().incident.score, words.said]
  return {
    title: t().nav.findings,
    refresh: async (reason) => {
      if (reason === 'hint' || reason === 'incident') return
      await part.fill(signal, async () => {
        /** @type {{ findings: Finding[], next?: string }} */
        const { findings, next } = await own('/api/v1/findings', { state, next: after, limit: PAGE }, signal)
        table.show([findings, Math.floor(Date.now() / 60_000)], () => {
          if (findings.length === 0) return [empty(state === '' ? words.none_any : words.none)]
          const head = el('thead', {}, el('tr', {}, ...heads.map((text) => el('th', { scope: 'col' }, text))))
          return [
            el('table', { class: 'table stacking' }, head, el('tbody', {}, ...findings.map(row))),
            next !== undefined &&
              el('p', {}, el('a', { class: 'button', href: hashOf('findings', { state, next }) }, older)),
          ]
        })
      })
    },
  }
}
