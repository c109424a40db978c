import { ApiError, own, post } from '../api.js'
import { changesOf } from '../changes.js'
import { append, el, outside, region } from '../dom.js'
import { labelText } from '../format.js'
import { t } from '../language.js'
import {
  changeLine,
  changeNote,
  facts,
  folded,
  length,
  services,
  severityChip,
  shareBar,
  stateChip,
  time,
} from '../pieces.js'
import { hashOf } from '../route.js'
import { empty, problem, section } from '../section.js'
import { tone } from '../severity.js'
import { findingCharts } from './incident-findings.js'

/** @typedef {import('../api.js').Incident} Incident */
/** @typedef {import('../api.js').Change} Change */

/** @param {string | undefined} text */
const whenever = (text) => (text === undefined ? '' : time(text, true))

/**
 * @param {Incident} incident
 * @param {(command: 'ack' | 'resolve') => void} act
 */
function head(incident, act) {
  const words = t().incident
  const button = (/** @type {'ack' | 'resolve'} */ command, /** @type {string} */ text, /** @type {string} */ name) =>
    el('button', { type: 'button', class: name, on: { click: () => act(command) } }, text)
  const end = incident.resolved_at === undefined ? Date.now() : Date.parse(incident.resolved_at)
  return el(
    'header',
    { class: `incident-head tone-${tone(incident.severity)}` },
    el('div', { class: 'incident-chips' }, severityChip(incident.severity), stateChip(incident.state)),
    el('h1', {}, incident.title),
    el(
      'div',
      { class: 'actions' },
      incident.state === 'open' && button('ack', words.acknowledge, 'primary'),
      incident.state !== 'resolved' && button('resolve', words.resolve, 'secondary'),
    ),
    facts([
      [words.opened, whenever(incident.opened_at)],
      [words.lasted, length(end - Date.parse(incident.opened_at))],
      [words.acknowledged, whenever(incident.acknowledged_at)],
      [words.resolved, whenever(incident.resolved_at)],
      [words.services, incident.services.length > 0 ? services(incident.services) : ''],
    ]),
  )
}

/** @param {Change} change */
function changeCard(change) {
  const words = t().incident
  return el(
    'div',
    { class: 'change-card' },
    el('span', { class: 'change-mark', 'aria-hidden': 'true' }),
    el(
      'div',
      {},
      el('strong', {}, changeLine(change)),
      el(
        'p',
        { class: 'faint' },
        time(change.at, true),
        ` · ${words.by}${t().colon}${change.source} `,
        change.url !== undefined && outside(change.url, change.url),
      ),
    ),
  )
}

/**
 * @param {import('../api.js').Cause} cause
 * @param {number} index
 * @param {Map<string, Change>} changes
 */
function causeItem(cause, index, changes) {
  // That of the first cause stands above already.
  const change = index === 0 ? undefined : changes.get(cause.change ?? '')
  return el(
    'li',
    { class: index === 0 ? 'cause cause-first' : 'cause' },
    el('div', { class: 'cause-head' }, el('strong', {}, cause.service), shareBar(cause.share)),
    change !== undefined && changeNote(change),
    folded(
      'ul',
      'evidence-list',
      cause.evidence.map(({ text, at }) => el('li', {}, text, ' ', el('span', { class: 'faint' }, time(at)))),
      5,
    ),
  )
}

/**
 * What begins it is named first: the change of the first cause, else every change that belongs.
 * @param {Incident} incident
 * @param {Map<string, Change>} changes
 */
function causes(incident, changes) {
  const words = t().incident
  const began = changes.get(incident.causes[0]?.change ?? '')
  const listed = began === undefined ? incident.changes.flatMap((id) => changes.get(id) ?? []) : [began]
  return [
    el('h3', {}, words.began),
    ...(listed.length === 0 ? [el('p', { class: 'faint' }, words.no_change)] : listed.map(changeCard)),
    el('ol', { class: 'causes' }, ...incident.causes.map((cause, i) => causeItem(cause, i, changes))),
  ]
}

/** @param {Incident} incident */
function timeline(incident) {
  const items = incident.timeline.map(({ at, what, text }) =>
    el(
      'li',
      { class: `event event-${what.replaceAll('_', '-')}` },
      time(at, true),
      el('span', { class: 'event-what' }, t().what[what] ?? what),
      el('span', {}, text),
    ),
  )
  return folded('ol', 'timeline', items, 40)
}

/** @param {Incident} incident */
function alerts(incident) {
  return folded(
    'ul',
    'plain',
    incident.alerts.map(({ rule, labels, annotations = {}, state }) =>
      el(
        'li',
        {},
        el(
          'span',
          { class: `chip ${state === 'firing' ? 'chip-bad' : 'chip-calm'}` },
          t().alert_states[state] ?? state,
        ),
        ' ',
        el('strong', {}, rule ?? labels['alertname'] ?? ''),
        ' ',
        annotations['summary'] ?? '',
        el('span', { class: 'faint' }, ` ${labelText(labels, { hide: ['alertname'] })}`),
      ),
    ),
    10,
  )
}

/**
 * What people call each member.
 * @param {Incident} incident
 * @param {readonly { id: string, sentence: string }[]} findings
 * @param {Map<string, Change>} changes
 * @returns {Map<string, string>}
 */
function namesOf(incident, findings, changes) {
  return new Map([
    ...incident.alerts.map(({ fingerprint, rule }) => /** @type {const} */ ([fingerprint, rule ?? fingerprint])),
    ...findings.map(({ id, sentence }) => /** @type {const} */ ([id, sentence])),
    ...[...changes].map(([id, change]) => /** @type {const} */ ([id, changeLine(change)])),
  ])
}

/**
 * @param {Incident} incident
 * @param {Map<string, string>} names of members
 */
function joins(incident, names) {
  return folded(
    'ul',
    'joins',
    incident.joins.map(({ member, reason }) =>
      el('li', {}, el('span', {}, names.get(member) ?? member), el('span', { class: 'faint' }, reason)),
    ),
    10,
  )
}

/** @param {import('../main.js').ViewContext} context @returns {import('../main.js').View} */
export function incidentView({ root, route, signal }) {
  const words = t().incident
  const path = `/api/v1/incidents/${encodeURIComponent(route.id)}`
  const top = region(el('div'))
  const note = el('p', { class: 'section-problem', role: 'status', hidden: true })
  const [why, told, joined, fired] = [
    section(words.causes),
    section(words.timeline),
    section(words.joins),
    section(words.alerts),
  ]
  const found = findingCharts(signal, () => void load())
  const bodies = [why, told, joined, fired].map(({ body }) => region(body))
  const sides = el(
    'div',
    { class: 'incident-grid' },
    el('div', {}, why.element, found.element),
    el('div', {}, told.element, fired.element, joined.element),
  )
  append(root, [
    el('p', { class: 'back' }, el('a', { href: hashOf('incidents') }, `← ${words.back}`)),
    note,
    top.host,
    sides,
  ])

  /** @param {'ack' | 'resolve'} command */
  const act = async (command) => {
    for (const button of top.host.querySelectorAll('button')) button.disabled = true
    await note_problem(() => post(`${path}/${command}`), t().not_done)
    top.show('again', () => [])
    await load()
  }
  /**
   * @param {() => Promise<unknown>} work
   * @param {(message: string) => string} [say]
   */
  const note_problem = async (work, say) => {
    try {
      await work()
      note.hidden = true
    } catch (error) {
      if (signal.aborted) return
      note.textContent = error instanceof ApiError && error.status === 404 ? words.gone : problem(error, say)
      note.hidden = false
    }
  }
  /** @param {Incident} one */
  const show = async (one) => {
    const changes = await changesOf([one], signal)
    document.title = `${one.title} · Barograph`
    top.show([one, Math.floor(Date.now() / 60_000)], () => [head(one, act)])
    sides.hidden = false
    bodies[0]?.show([one.causes, [...changes]], () => causes(one, changes))
    bodies[1]?.show(one.timeline, () => [timeline(one)])
    fired.element.hidden = one.alerts.length === 0
    bodies[3]?.show(one.alerts, () => [alerts(one)])
    const findings = await found.show(one, [...changes.values()])
    const names = namesOf(one, findings, changes)
    bodies[2]?.show([one.joins, [...names]], () =>
      one.joins.length === 0 ? [empty(words.no_findings)] : [joins(one, names)],
    )
  }
  sides.hidden = true
  const load = () => note_problem(async () => show(await own(path, {}, signal)))
  return {
    title: words.back,
    refresh: (reason) => (reason === 'hint' ? Promise.resolve() : load()),
  }
}
