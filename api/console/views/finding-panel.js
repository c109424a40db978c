import { chart } from '../chart.js'
import { el } from '../dom.js'
import { feedback } from '../feedback.js'
import { labelText } from '../format.js'
import { t } from '../language.js'
import { findingState, scoreText, time } from '../pieces.js'
import { stepFor } from '../promql.js'
import { findingHash, hashOf } from '../route.js'
import { loadJudged, queryOf, windowOf } from '../signals.js'

/** @typedef {import('../api.js').Finding} Finding */
/** @typedef {import('../api.js').Change} Change */

/** One finding: its sentence, the series that it was seen in, and what people say that it was. */
export class FindingPanel {
  /**
   * @param {Finding} finding
   * @param {string | undefined} expr of its rule
   * @param {number} [height] of the chart, px
   */
  constructor(finding, expr, height = 170) {
    this.expr = expr
    /** Drawn with all that will ever stand in its window. */
    this.settled = false
    this.head = el('div', { class: 'finding-head' })
    this.rule = el('a', {}, finding.rule)
    this.host = el('div', { class: 'chart' })
    this.none = el('p', { class: 'faint', hidden: true }, t().incident.no_series)
    this.feedback = feedback(
      `/api/v1/findings/${encodeURIComponent(finding.id)}/feedback`,
      t().feedback.question,
      (/** @type {Finding} */ after) => this.write(after),
    )
    this.element = el('article', { class: 'finding' }, this.head, this.host, this.none, this.feedback.element)
    this.chart = chart(this.host, { height, describe: finding.sentence })
  }

  /** @param {Finding} finding */
  write(finding) {
    const words = t().incident
    this.feedback.show(finding.feedback)
    this.head.replaceChildren(
      el('h3', {}, el('a', { href: findingHash(finding.id) }, finding.sentence)),
      el(
        'p',
        { class: 'faint' },
        findingState(finding),
        ' ',
        time(finding.since, true),
        ...(finding.until === undefined ? [] : [' – ', time(finding.until, true)]),
        ` · ${words.score} ${scoreText(finding.peak_score)} · `,
        this.rule,
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
    if (this.settled) return
    const query = await queryOf(finding, this.expr, signal)
    if (query !== '') {
      this.rule.setAttribute('href', hashOf('series', { q: query }))
      this.rule.title = t().incident.open_series
    }
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
    this.settled = finding.until !== undefined && to_ms < Date.now()
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
