import { own } from '../api.js'
import { append, el, region } from '../dom.js'
import { t } from '../language.js'
import { length, services, severityChip, stateChip, stateFilters, time } from '../pieces.js'
import { hashOf, incidentHash } from '../route.js'
import { empty, section } from '../section.js'

/** @typedef {import('../api.js').Incident} Incident */

const PAGE = 50

/** @param {Incident} incident */
function lasted({ opened_at, resolved_at }) {
  return length((resolved_at === undefined ? Date.now() : Date.parse(resolved_at)) - Date.parse(opened_at))
}

/** @param {Incident} incident */
function row(incident) {
  const words = t().incidents
  return el(
    'tr',
    {},
    el('td', {}, severityChip(incident.severity)),
    el('th', { scope: 'row' }, el('a', { href: incidentHash(incident.id) }, incident.title)),
    el('td', {}, stateChip(incident.state)),
    el('td', { 'data-label': words.since }, time(incident.opened_at)),
    el('td', { 'data-label': words.lasted, class: 'number' }, lasted(incident)),
    el('td', { 'data-label': words.cause }, incident.causes[0]?.service ?? '–'),
    el('td', { 'data-label': words.services }, services(incident.services)),
  )
}

/** @param {import('../main.js').ViewContext} context @returns {import('../main.js').View} */
export function incidentsView({ root, route, signal }) {
  const words = t().incidents
  const state = route.params.get('state') ?? ''
  const after = route.params.get('next') ?? ''
  const part = section('')
  const table = region(part.body)
  append(root, [el('h1', {}, words.title), stateFilters('incidents', state, t().states), part.element])
  const heads = [words.severity, words.what, words.state, words.since, words.lasted, words.cause, words.services]
  return {
    title: words.title,
    refresh: async (reason) => {
      if (reason === 'hint' || reason === 'finding') return
      await part.fill(signal, async () => {
        /** @type {{ incidents: Incident[], next?: string }} */
        const { incidents: found, next } = await own('/api/v1/incidents', { state, next: after, limit: PAGE }, signal)
        table.show([found, Math.floor(Date.now() / 60_000)], () => {
          if (found.length === 0) return [empty(state === '' ? words.none_any : words.none)]
          const head = el('thead', {}, el('tr', {}, ...heads.map((text) => el('th', { scope: 'col' }, text))))
          return [
            el('table', { class: 'table stacking' }, head, el('tbody', {}, ...found.map(row))),
            next !== undefined &&
              el('p', {}, el('a', { class: 'button', href: hashOf('incidents', { state, next }) }, words.older)),
          ]
        })
      })
    },
  }
}
