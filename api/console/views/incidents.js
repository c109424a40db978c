import { el } from '../dom.js'
import { t } from '../language.js'
import { length, services, severityChip, stateChip, time } from '../pieces.js'
import { incidentHash } from '../route.js'
import { listView } from './list.js'

/** @typedef {import('../api.js').Incident} Incident */

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
export function incidentsView(context) {
  const words = t().incidents
  const heads = [words.severity, words.what, words.state, words.since, words.lasted, words.cause, words.services]
  const { title } = words
  return listView(context, { place: 'incidents', title, states: t().states, heads, row, words, kind: 'incident' })
}
