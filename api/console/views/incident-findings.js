import { expressions, own } from '../api.js'
import { el } from '../dom.js'
import { feedback } from '../feedback.js'
import { t } from '../language.js'
import { empty, section } from '../section.js'
import { FindingPanel } from './finding-panel.js'

/** @typedef {import('../api.js').Finding} Finding */
/** @typedef {import('../api.js').Change} Change */

/** Drawn at first, and again with each wish for more. */
const SOME = 12

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Finding | undefined>} undefined when it is not kept any more
 */
async function findingOf(id, signal) {
  try {
    return await own(`/api/v1/findings/${encodeURIComponent(id)}`, {}, signal)
  } catch (error) {
    if (signal.aborted) throw error
    return undefined
  }
}

/**
 * @param {AbortSignal} signal
 * @param {() => void} again loads the incident once more
 */
export function findingCharts(signal, again) {
  const words = t().incident
  const part = section(words.findings)
  const list = el('div', { class: 'findings' })
  const rest = el('button', { type: 'button', hidden: true, on: { click: () => ((most += SOME), again()) } })
  /** @type {Map<string, FindingPanel>} */
  const panels = new Map()
  /** @type {Map<string, string> | null} */
  let exprs = null
  let most = SOME
  /** @type {ReturnType<typeof feedback> | null} */
  let ofAll = null
  signal.addEventListener('abort', () => panels.forEach(({ chart: drawn }) => drawn.destroy()))

  /** @param {Finding} finding */
  const panelFor = (finding) => {
    const panel = panels.get(finding.id) ?? new FindingPanel(finding, exprs?.get(finding.rule))
    if (!panels.has(finding.id)) list.append(panel.element)
    panels.set(finding.id, panel)
    return panel
  }
  /**
   * @param {import('../api.js').Incident} incident
   * @param {readonly Finding[]} known
   */
  const place = ({ id, findings }, known) => {
    ofAll ??= feedback(`/api/v1/incidents/${encodeURIComponent(id)}/feedback`, words.shared, again)
    const [first] = known
    ofAll.show(known.every((one) => one.feedback === first?.feedback) ? first?.feedback : undefined)
    ofAll.element.hidden = findings.length < 2
    if (!part.body.contains(list)) part.body.replaceChildren(ofAll.element, list, rest)
    const left = findings.length - most
    rest.textContent = t().more(left)
    rest.hidden = left <= 0
  }
  return {
    element: part.element,
    /**
     * @param {import('../api.js').Incident} incident
     * @param {readonly Change[]} changes
     * @returns {Promise<Finding[]>}
     */
    async show(incident, changes) {
      /** @type {Finding[]} */
      let known = []
      await part.fill(signal, async () => {
        const found = await Promise.all(incident.findings.slice(0, most).map((id) => findingOf(id, signal)))
        known = found.filter((finding) => finding !== undefined)
        part.count(incident.findings.length === 0 ? '' : incident.findings.length)
        if (known.length === 0) {
          part.body.replaceChildren(empty(words.no_findings))
          return
        }
        exprs ??= await expressions('all', signal)
        place(incident, known)
        for (const finding of known) panelFor(finding).write(finding)
        await Promise.all(known.map(async (finding) => panels.get(finding.id)?.draw(finding, changes, signal)))
      })
      return known
    },
  }
}
