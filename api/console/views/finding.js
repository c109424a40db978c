import { ApiError, expressions, own } from '../api.js'
import { changesOf } from '../changes.js'
import { append, el, region } from '../dom.js'
import { labelText, quantity } from '../format.js'
import { t } from '../language.js'
import { facts, length, time } from '../pieces.js'
import { hashOf, incidentHash } from '../route.js'
import { empty, section } from '../section.js'
import { unitFor } from '../signals.js'
import { FindingPanel } from './finding-panel.js'

/** @typedef {import('../api.js').Finding} Finding */
/** @typedef {import('../api.js').Incident} Incident */

/** @param {string} name as the API says it */
function expertName(name) {
  /** @type {Record<string, string>} */
  const names = t().findings.expert_names
  return names[name] ?? name
}

/**
 * @param {Finding} finding
 * @param {string | undefined} expr
 */
function about(finding, expr) {
  const words = t().findings
  const unit = unitFor(finding, expr)
  const { lower, upper } = finding
  const band = lower === undefined || upper === undefined ? '' : `${quantity(lower, unit)} – ${quantity(upper, unit)}`
  return facts([
    [words.value, finding.value === undefined ? '' : quantity(finding.value, unit)],
    [words.band, band],
    [t().incident.lasted, length((finding.lasted_seconds ?? 0) * 1000)],
    [words.experts, (finding.experts ?? []).map(expertName).join(t().comma)],
    [words.similar, finding.similar === undefined ? '' : time(finding.similar)],
    [words.metric, finding.metric ?? ''],
    [words.labels, labelText(finding.labels)],
  ])
}

/** @param {readonly Incident[]} incidents */
function belongs(incidents) {
  const words = t().findings
  if (incidents.length === 0) return [el('p', { class: 'faint' }, words.alone)]
  return incidents.map(({ id, title, causes: [cause] }) =>
    el(
      'p',
      {},
      `${words.incident}${t().colon}`,
      el('a', { href: incidentHash(id) }, title),
      cause !== undefined && el('span', { class: 'faint' }, ` · ${t().incidents.cause}${t().colon}${cause.service}`),
    ),
  )
}

/** @param {import('../main.js').ViewContext} context @returns {import('../main.js').View} */
export function findingView({ root, route, signal }) {
  const words = t().findings
  const part = section('')
  const [where, what] = [region(el('div')), region(el('div'))]
  append(root, [
    el('p', { class: 'back' }, el('a', { href: hashOf('findings') }, `← ${t().nav.findings}`)),
    el('h1', { class: 'hidden' }, t().nav.findings),
    part.element,
  ])
  /** @type {FindingPanel | null} */
  let panel = null
  signal.addEventListener('abort', () => panel?.chart.destroy())

  /** @returns {Promise<Finding | undefined>} */
  const asked = async () => {
    try {
      return await own(`/api/v1/findings/${encodeURIComponent(route.id)}`, {}, signal)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }
  const load = async () => {
    const finding = await asked()
    if (finding === undefined) {
      part.body.replaceChildren(empty(words.gone))
      return
    }
    /** @type {{ incidents: Incident[] }} */
    const { incidents } = await own('/api/v1/incidents', { service: finding.service, limit: 100 }, signal)
    const holding = incidents.filter(({ findings }) => findings.includes(finding.id))
    const changes = await changesOf(holding, signal)
    if (panel === null) {
      panel = new FindingPanel(finding, (await expressions('all', signal)).get(finding.rule), 260)
      part.body.replaceChildren(el('div', { class: 'finding-alone' }, panel.element, where.host, what.host))
    }
    const { expr } = panel
    document.title = `${finding.sentence} · Barograph`
    panel.write(finding)
    where.show(holding, () => belongs(holding))
    what.show([finding, Math.floor(Date.now() / 60_000)], () => [about(finding, expr)])
    await panel.draw(finding, [...changes.values()], signal)
  }
  return {
    title: t().nav.findings,
    refresh: (reason) => (reason === 'hint' ? Promise.resolve() : part.fill(signal, load)),
  }
}
