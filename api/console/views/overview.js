import { own, rules } from '../api.js'
import { changesOf } from '../changes.js'
import { append, el, region } from '../dom.js'
import { t } from '../language.js'
import { changeNote, length, services, severityChip, shareBar, stateChip, time } from '../pieces.js'
import { hashOf, incidentHash } from '../route.js'
import { section } from '../section.js'
import { tone, worstFirst } from '../severity.js'
import { liveSeries } from './overview-live.js'
import { pipeline } from './overview-pipeline.js'
import { scaling } from './overview-scaling.js'

/** @typedef {import('../api.js').Incident} Incident */
/** @typedef {import('../api.js').Change} Change */

const MOST = 50
const OPEN = 'open,acknowledged'

/**
 * One incident at a glance: what, since when, where, and what probably began it.
 * @param {Incident} incident
 * @param {Map<string, Change>} changes
 */
function card(incident, changes) {
  const [cause] = incident.causes
  const change = changes.get(cause?.change ?? incident.changes[0] ?? '')
  const lasting = length(Date.now() - Date.parse(incident.opened_at))
  return el(
    'article',
    { class: `incident-card tone-${tone(incident.severity)}` },
    el('header', {}, severityChip(incident.severity), incident.state !== 'open' && stateChip(incident.state)),
    el('h3', {}, el('a', { href: incidentHash(incident.id) }, incident.title)),
    el('p', { class: 'faint' }, time(incident.opened_at), ` · ${t().lasting(lasting)}`),
    services(incident.services),
    cause !== undefined &&
      el(
        'div',
        { class: 'card-cause' },
        el('span', { class: 'faint' }, t().incidents.cause),
        el('strong', {}, cause.service),
        shareBar(cause.share),
      ),
    cause?.evidence[0] !== undefined && el('p', { class: 'evidence' }, cause.evidence[0].text),
    change !== undefined && changeNote(change),
  )
}

/** @param {AbortSignal} signal */
async function calm(signal) {
  const judging = (await rules('anomaly', signal).catch(() => [])).filter(({ series = 0 }) => series > 0)
  return { series: judging.reduce((sum, { series = 0 }) => sum + series, 0), rules: judging.length }
}

/** @param {import('../main.js').ViewContext} context @returns {import('../main.js').View} */
export function overviewView({ root, signal }) {
  const open = section(t().overview.open, { class: 'open-incidents' })
  const cards = region(open.body)
  const parts = [scaling(signal), liveSeries(signal), pipeline(signal)]
  append(root, [el('h1', { class: 'hidden' }, t().nav.overview), open.element, ...parts.map(({ element }) => element)])

  const showOpen = async () => {
    /** @type {{ incidents: Incident[], next?: string }} */
    const { incidents, next } = await own('/api/v1/incidents', { state: OPEN, limit: MOST }, signal)
    const changes = await changesOf(incidents, signal)
    open.count(incidents.length === 0 ? '' : `${incidents.length}${next === undefined ? '' : '+'}`)
    if (incidents.length > 0) {
      const minute = Math.floor(Date.now() / 60_000)
      cards.show([incidents, [...changes], minute], () => [
        el('div', { class: 'cards' }, ...worstFirst(incidents).map((one) => card(one, changes))),
        next !== undefined &&
          el(
            'p',
            {},
            el('a', { class: 'button', href: hashOf('incidents', { state: OPEN, next }) }, t().incidents.older),
          ),
      ])
      return
    }
    const watched = await calm(signal)
    cards.show(watched, () => [
      el(
        'p',
        { class: 'calm' },
        el('span', { class: 'calm-mark', 'aria-hidden': 'true' }),
        el('strong', {}, t().overview.calm),
        watched.series > 0 && ` ${t().overview.calm_more(watched.series, watched.rules)}`,
        ' ',
        el('a', { href: hashOf('incidents') }, t().overview.calm_last),
      ),
    ])
  }
  return {
    title: t().nav.overview,
    async refresh(reason) {
      const every = reason === 'start' || reason === 'tick'
      const work = []
      if (every || reason === 'incident') work.push(open.fill(signal, showOpen))
      for (const part of parts) if (every || part.wants === reason) work.push(part.refresh())
      await Promise.all(work)
    },
  }
}
