import { own, rules } from '../api.js'
import { chart } from '../chart.js'
import { el } from '../dom.js'
import { labelText } from '../format.js'
import { t } from '../language.js'
import { scoreText, time } from '../pieces.js'
import { stepFor } from '../promql.js'
import { hashOf } from '../route.js'
import { empty, section } from '../section.js'
import { loadJudged, valueQuery, windowOf } from '../signals.js'

/** @typedef {import('../api.js').Finding} Finding */
/** @typedef {import('../api.js').Change} Change */

const MOST = 12

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

/** One finding: its sentence, and the series that it was seen in. */
class FindingPanel {
  /**
   * @param {Finding} finding
   * @param {string | undefined} expr
   */
  constructor(finding, expr) {
    this.expr = expr
    this.head = el('div', { class: 'finding-head' })
    this.host = el('div', { class: 'chart' })
    this.none = el('p', { class: 'faint', hidden: true }, t().incident.no_series)
    this.element = el('article', { class: 'finding' }, this.head, this.host, this.none)
    this.chart = chart(this.host, { height: 170, describe: finding.sentence })
  }

  /** @param {Finding} finding */
  write(finding) {
    const words = t().incident
    const query = valueQuery(finding, this.expr)
    this.head.replaceChildren(
      el('h3', {}, finding.sentence),
      el(
        'p',
        { class: 'faint' },
        el(
          'span',
          { class: finding.state === 'open' ? 'chip chip-warn' : 'chip chip-calm' },
          t().finding_kinds[finding.kind] ?? finding.kind,
        ),
        ' ',
        time(finding.since, true),
        ...(finding.until === undefined ? [] : [' – ', time(finding.until, true)]),
        ` · ${words.score} ${scoreText(finding.peak_score)} · `,
        query === ''
          ? finding.rule
          : el('a', { href: hashOf('series', { q: query }), title: words.open_series }, finding.rule),
        ` ${labelText(finding.labels, { hide: ['service_name', 'job', 'instance'], max: 4 })}`,
      ),
    )
  }

  /**
   * @param {Finding} finding
   * @param {readonly Change[]} changes
   * @param {AbortSignal} signal
   */
  async draw(finding, changes, signal) {
    const { from_ms, to_ms, since_ms, until_ms } = windowOf(finding, Date.now())
    const model = await loadJudged(
      finding,
      this.expr,
      { from_ms, to_ms, step_ms: stepFor(to_ms - from_ms, 300) },
      signal,
    )
    if (signal.aborted) return
    const bare = model.traces.every(({ kind, column }) => kind !== 'value' || column.every((value) => value === null))
    this.none.hidden = !bare
    this.host.hidden = bare
    if (bare) return
    this.chart.update({
      ...model,
      intervals: [{ from: since_ms / 1000, to: until_ms / 1000 }],
      markers: changes.map(({ at, service, kind }) => ({
        at: Date.parse(at) / 1000,
        text: `${t().change_kinds[kind] ?? kind} ${service ?? ''}`,
      })),
    })
  }
}

/** @param {AbortSignal} signal */
export function findingCharts(signal) {
  const part = section(t().incident.findings)
  const list = el('div', { class: 'findings' })
  const rest = el('p', { class: 'faint' })
  /** @type {Map<string, FindingPanel>} */
  const panels = new Map()
  /** @type {Promise<Map<string, string>> | null} */
  let exprs = null
  signal.addEventListener('abort', () => panels.forEach(({ chart: drawn }) => drawn.destroy()))

  /** @param {Finding} finding */
  const panelFor = async (finding) => {
    exprs ??= rules('all', signal).then((found) => new Map(found.map(({ name, query }) => [name, query])))
    const panel = panels.get(finding.id) ?? new FindingPanel(finding, (await exprs).get(finding.rule))
    if (!panels.has(finding.id)) list.append(panel.element)
    panels.set(finding.id, panel)
    return panel
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
        const found = await Promise.all(incident.findings.slice(0, MOST).map((id) => findingOf(id, signal)))
        known = found.filter((finding) => finding !== undefined)
        part.count(incident.findings.length === 0 ? '' : incident.findings.length)
        if (known.length === 0) {
          part.body.replaceChildren(empty(t().incident.no_findings))
          return
        }
        if (!part.body.contains(list)) part.body.replaceChildren(list, rest)
        const left = incident.findings.length - MOST
        rest.textContent = left > 0 ? t().incident.more_findings(left) : ''
        for (const finding of known) {
          const panel = await panelFor(finding)
          panel.write(finding)
        }
        await Promise.all(known.map(async (finding) => panels.get(finding.id)?.draw(finding, changes, signal)))
      })
      return known
    },
  }
}
