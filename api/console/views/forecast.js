import { own, prometheus, ranged, rules } from '../api.js'
import { forecastData, shownRange } from '../chart-data.js'
import { chart } from '../chart.js'
import { append, el } from '../dom.js'
import { hintsOf, wish } from '../forecast-wish.js'
import { labelText, percent, quantity, unitOfExpr } from '../format.js'
import { t } from '../language.js'
import { facts, time, trustChip } from '../pieces.js'
import { carries, stepFor } from '../promql.js'
import { hashOf } from '../route.js'
import { empty, problem } from '../section.js'
import { queryInput } from './query-input.js'

/** @typedef {import('../api.js').SeriesForecast} SeriesForecast */
/** @typedef {import('../api.js').Rule} Rule */
/** @typedef {import('../api.js').Hint} Hint */

const HORIZONS = /** @type {const} */ (['30m', '1h', '2h', '6h', '1d'])
const LEAST_HISTORY_MS = 3_600_000

/** @param {SeriesForecast} forecast */
function coverage({ coverage: known }) {
  if (known === undefined) return t().forecast.unknown
  const pairs = Object.entries(known).toSorted(([a], [b]) => Number(a) - Number(b))
  return el(
    'span',
    { class: 'coverage', title: t().forecast.coverage_hint },
    ...pairs.map(([q, share]) => el('span', {}, `q${q} `, el('strong', { class: 'number' }, percent(share)))),
  )
}

/** @param {Hint} hint */
function hintLine(hint) {
  const words = t().forecast
  if (hint.value === undefined) return el('p', {}, el('strong', {}, hint.policy), ' ', hint.reason)
  return el(
    'p',
    {},
    el('strong', {}, hint.policy),
    ` ${words.wants(hint.value, hint.needed_now)} · `,
    el('span', { class: 'faint' }, hint.reason),
  )
}

/** One series of a forecast: how good it is, and its history with its future. */
class ForecastPanel {
  constructor() {
    this.about = el('div')
    this.host = el('div', { class: 'chart' })
    this.element = el('article', { class: 'forecast' }, this.about, this.host)
    this.chart = chart(this.host, { height: 320, describe: t().forecast.title })
  }

  /**
   * @param {SeriesForecast} one
   * @param {string} expr
   * @param {AbortSignal} signal
   */
  async show(one, expr, signal) {
    const words = t().forecast
    const made_ms = Date.parse(one.made_at)
    const last_ms = Date.parse(one.points.at(-1)?.at ?? one.made_at)
    const from_ms = made_ms - Math.max(LEAST_HISTORY_MS, 2 * (last_ms - made_ms))
    const { series } = await ranged(expr, { from_ms, to_ms: made_ms, step_ms: stepFor(made_ms - from_ms, 300) }, signal)
    const history = series.find(({ metric }) => carries(metric, one.labels))
    const skill = one.skill === undefined ? words.unknown : quantity(one.skill)
    this.about.replaceChildren(
      el('h3', {}, labelText(one.labels)),
      facts([
        [words.model, one.model],
        [words.trust, trustChip(one.trust, words)],
        [words.skill, el('span', { class: 'number', title: words.skill_hint }, skill)],
        [words.coverage, coverage(one)],
        [words.made, time(one.made_at, true)],
      ]),
    )
    const names = {
      value: words.history,
      quantile: (/** @type {number} */ q) => (q === 0.5 ? t().chart.median : `q${q}`),
    }
    const data = forecastData(history, one, names)
    this.chart.update({
      ...data,
      range: shownRange(data.x, from_ms / 1000, last_ms / 1000),
      unit: unitOfExpr(expr),
      now: made_ms / 1000,
    })
  }
}

/**
 * @param {readonly Rule[]} known
 * @param {string} query
 * @param {(query: string) => void} go
 */
function chooser(known, query, go) {
  if (known.length === 0) return []
  const words = t().forecast
  const own_text = known.some(({ name }) => name === query) ? '' : words.own
  const options = [
    ...(own_text === '' ? [] : [el('option', { value: '', selected: true }, own_text)]),
    ...known.map(({ name }) => el('option', { value: name, selected: name === query }, name)),
  ]
  const select = el(
    'select',
    { on: { change: (event) => event.target.value !== '' && go(event.target.value) } },
    ...options,
  )
  return [el('label', { class: 'field' }, el('span', {}, words.rule), select)]
}

/** @param {string} chosen */
function horizonPicker(chosen) {
  const words = t().forecast
  return el(
    'label',
    { class: 'field' },
    el('span', {}, words.horizon),
    el(
      'select',
      { name: 'horizon' },
      el('option', { value: '', selected: chosen === '' }, words.of_rule),
      ...HORIZONS.map((text) => el('option', { value: text, selected: text === chosen }, text)),
    ),
  )
}

/** @param {import('../main.js').ViewContext} context @returns {import('../main.js').View} */
export function forecastView({ root, route, signal }) {
  const words = t().forecast
  const query = route.params.get('q') ?? ''
  const horizon = HORIZONS.find((text) => text === route.params.get('horizon')) ?? ''
  const result = el('div', { class: 'result' })
  const choices = el('div', { class: 'forecast-choice' })
  const hints = el('div', { class: 'forecast-hints' })
  /** @type {ForecastPanel[]} */
  const panels = []
  signal.addEventListener('abort', () => panels.forEach((panel) => panel.chart.destroy()))
  const go = (/** @type {string} */ text) => {
    const chosen = form.querySelector('select[name=horizon]')
    location.hash = hashOf('forecast', { q: text, horizon: /** @type {HTMLSelectElement} */ (chosen).value })
  }
  const names = (/** @type {string} */ path, /** @type {Record<string, string>} */ params) =>
    prometheus(path, params, signal).then(({ data }) => data)
  const input = queryInput({ value: query, label: words.or, names, onSubmit: go })
  const form = el(
    'form',
    { class: 'query-form', on: { submit: (event) => (event.preventDefault(), go(input.value() || query)) } },
    choices,
    input.element,
    horizonPicker(horizon),
    el('button', { class: 'primary', type: 'submit' }, words.run),
  )
  append(root, [el('h1', {}, words.title), form, hints, result])

  /** @param {readonly Rule[]} known */
  const draw = async (known) => {
    const rule = known.find(({ name }) => name === query)
    /** @type {{ series: SeriesForecast[] }} */
    const { series } = await own('/api/v1/forecast', wish(query, horizon, rule !== undefined), signal)
    if (series.length === 0) {
      result.replaceChildren(empty(words.no_series))
      return
    }
    while (panels.length < Math.min(series.length, 6)) panels.push(new ForecastPanel())
    result.replaceChildren(...panels.slice(0, series.length).map(({ element }) => element))
    await Promise.all(series.slice(0, 6).map(async (one, i) => panels[i]?.show(one, rule?.query ?? query, signal)))
  }
  const showHints = async () => {
    /** @type {{ policies: Hint[] }} */
    const { policies } = await own('/api/v1/scaling', {}, signal)
    const used = hintsOf(policies, query)
    hints.replaceChildren(...(used.length === 0 ? [] : [el('h3', {}, words.hint), ...used.map(hintLine)]))
  }
  const load = async (/** @type {import('../main.js').Reason} */ reason) => {
    const known = await rules('forecast', signal)
    if (reason === 'start') choices.replaceChildren(...chooser(known, query, go))
    if (query === '' && known[0] !== undefined) location.replace(hashOf('forecast', { q: known[0].name }))
    else if (query === '') result.replaceChildren(empty(words.none))
    else await Promise.all([draw(known), showHints()])
  }
  return {
    title: words.title,
    refresh: async (reason) => {
      if (reason === 'finding' || reason === 'incident') return
      try {
        await load(reason)
      } catch (error) {
        if (signal.aborted) return
        result.replaceChildren(el('div', { class: 'query-error', role: 'alert' }, el('p', {}, problem(error))))
      }
    },
  }
}
