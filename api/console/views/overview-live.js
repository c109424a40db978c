import { configured, expressions, own } from '../api.js'
import { chart } from '../chart.js'
import { el } from '../dom.js'
import { labelText, quantity } from '../format.js'
import { t } from '../language.js'
import { scoreChip } from '../pieces.js'
import { stepFor } from '../promql.js'
import { hashOf } from '../route.js'
import { chosen, isAlone, isUnusual, keyOf } from '../scored.js'
import { empty, section } from '../section.js'
import { loadJudged, queryOf, unitFor } from '../signals.js'

/** @typedef {import('../scored.js').Scored} Scored */

const RANGE_MS = 30 * 60_000
const MOST_CARDS = 12
/** Said by the place where the chart stands, or the same for all. */
const HIDDEN = ['job', 'instance', 'service_instance_id']

/** A card that stays while its series is shown. */
class SeriesCard {
  /**
   * @param {Scored} scored
   * @param {string | undefined} expr
   */
  constructor(scored, expr) {
    this.expr = expr
    this.scored = scored
    this.figures = el('div', { class: 'card-figures' })
    const host = el('div', { class: 'chart' })
    this.title = el('a', {}, scored.rule)
    const labels = labelText(scored.labels, { hide: HIDDEN })
    this.element = el(
      'article',
      { class: 'series-card' },
      el('header', {}, el('h3', {}, this.title), this.figures),
      el('p', { class: 'faint labels', title: labels }, [scored.metric, labels].filter(Boolean).join(' · ')),
      host,
    )
    this.chart = chart(host, { height: 132, reading: false, describe: `${scored.rule} ${labels}` })
  }

  /**
   * @param {Scored} scored
   * @param {AbortSignal} signal
   */
  async update(scored, signal) {
    this.scored = scored
    const to_ms = Date.now()
    const step_ms = stepFor(RANGE_MS, 240)
    const unit = unitFor(scored, this.expr)
    this.figures.replaceChildren(
      el('strong', { class: 'number' }, quantity(scored.value, unit)),
      scoreChip(scored.score),
    )
    this.element.classList.toggle('unusual', isUnusual(scored))
    this.title.setAttribute('href', hashOf('series', { q: await queryOf(scored, this.expr, signal) }))
    const model = await loadJudged(scored, this.expr, { from_ms: to_ms - RANGE_MS, to_ms, step_ms }, signal)
    if (!signal.aborted) this.chart.update(model)
  }
}

/** Where data is to be sent to. */
async function where() {
  return el('code', {}, `${t().overview.no_live_url}${(await configured()).otlp}`)
}

/** @param {AbortSignal} signal */
export function liveSeries(signal) {
  const words = t().overview
  const part = section(words.live, { hint: words.live_hint })
  const grid = el('div', { class: 'series-cards' })
  const rest = el('p', { class: 'faint' })
  /** @type {Map<string, SeriesCard>} */
  const cards = new Map()
  signal.addEventListener('abort', () => cards.forEach((card) => card.chart.destroy()))

  /** @param {readonly Scored[]} scores */
  const place = async (scores) => {
    const wanted = chosen(scores, MOST_CARDS)
    const missing = wanted.some((scored) => !cards.has(keyOf(scored)))
    const exprs = missing ? await expressions('anomaly', signal) : new Map()
    const keys = new Set(wanted.map(keyOf))
    for (const [key, card] of cards) {
      if (keys.has(key)) continue
      card.chart.destroy()
      cards.delete(key)
    }
    for (const scored of wanted) {
      const key = keyOf(scored)
      if (!cards.has(key)) cards.set(key, new SeriesCard(scored, exprs.get(scored.rule)))
    }
    const elements = wanted.flatMap((scored) => cards.get(keyOf(scored))?.element ?? [])
    if (elements.some((element, i) => grid.children[i] !== element) || grid.children.length !== elements.length)
      grid.replaceChildren(...elements)
    if (!part.body.contains(grid)) part.body.replaceChildren(grid, rest)
    await Promise.all(wanted.map(async (scored) => cards.get(keyOf(scored))?.update(scored, signal)))
  }
  return {
    element: part.element,
    wants: 'finding',
    refresh: () =>
      part.fill(signal, async () => {
        /** @type {{ scores: Scored[] }} */
        const { scores } = await own('/api/v1/scores', { limit: 1000 }, signal)
        part.count(scores.length === 0 ? '' : scores.length)
        if (scores.length === 0) part.body.replaceChildren(empty(words.no_live, await where()))
        else await place(scores)
        const more = scores.length > MOST_CARDS ? words.more(scores.length - MOST_CARDS) : ''
        rest.replaceChildren(more, ...(isAlone(scores) ? [words.alone, ' ', await where()] : []))
      }),
  }
}
