import { ApiError, prometheus, ranged } from '../api.js'
import { lineData } from '../chart-data.js'
import { chart } from '../chart.js'
import { el, append } from '../dom.js'
import { quantity, unitOfExpr } from '../format.js'
import { t } from '../language.js'
import { durationOf, positionOf, selector, stepFor } from '../promql.js'
import { hashOf } from '../route.js'
import { empty, problem } from '../section.js'
import { queryInput } from './query-input.js'

/** @typedef {import('../api.js').MatrixSeries} MatrixSeries */

const RANGES = /** @type {const} */ (['15m', '1h', '6h', '1d', '7d'])
const MOST_LINES = 20
const MOST_ROWS = 200
const EXAMPLES = [
  'sum by (rule) (barograph_score)',
  'rate(process_cpu_time_seconds_total[1m])',
  'sum(rate(barograph_store_samples_total[1m]))',
]

/** @param {MatrixSeries} series */
function nameOf({ metric }) {
  return selector(metric['__name__'] ?? '', metric)
}

/**
 * @param {readonly MatrixSeries[]} series
 * @param {string} unit
 */
function table(series, unit) {
  const words = t().series
  const rows = series.slice(0, MOST_ROWS).map((one, i) => {
    const values = one.values.map(([, text]) => Number(text)).filter((value) => !Number.isNaN(value))
    const figures = [
      values.at(-1),
      ...(values.length === 0
        ? [undefined, undefined]
        : [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]),
    ]
    const swatch = el('span', { class: `swatch${i < MOST_LINES ? ` hue-${(i % 8) + 1}` : ''}`, 'aria-hidden': 'true' })
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, swatch, el('code', {}, nameOf(one))),
      ...figures.map((value) => el('td', { class: 'number' }, quantity(value, unit))),
    )
  })
  const heads = [words.labels, words.last, words.low, words.high]
  return el(
    'div',
    { class: 'scroll' },
    el(
      'table',
      { class: 'table' },
      el('thead', {}, el('tr', {}, ...heads.map((text) => el('th', { scope: 'col' }, text)))),
      el('tbody', {}, ...rows),
    ),
  )
}

/**
 * What is wrong with a query, and where: the place is marked under the text.
 * @param {unknown} error
 * @param {string} query
 */
function complaint(error, query) {
  const place = error instanceof ApiError ? positionOf(error.message) : null
  if (place === null) return el('div', { class: 'query-error', role: 'alert' }, el('p', {}, problem(error)))
  const line = query.split('\n')[place.line - 1] ?? ''
  const caret = `${' '.repeat(Math.max(0, place.column - 1))}^`
  return el(
    'div',
    { class: 'query-error', role: 'alert' },
    el('p', {}, `${t().series.at(place.line, place.column)}${t().colon}${place.text}`),
    el('pre', {}, `${line}\n${caret}`),
  )
}

/** @param {(query: string) => void} choose */
function hello(choose) {
  const words = t().series
  const button = (/** @type {string} */ query) =>
    el('button', { type: 'button', class: 'quiet', on: { click: () => choose(query) } }, el('code', {}, query))
  return empty(words.empty, el('p', {}, words.try), ...EXAMPLES.map(button))
}

/** @param {string} chosen */
function rangePicker(chosen) {
  return el(
    'fieldset',
    { class: 'ranges' },
    el('legend', { class: 'hidden' }, t().series.range),
    ...RANGES.map((range) =>
      el(
        'label',
        {},
        el('input', { type: 'radio', name: 'range', value: range, checked: range === chosen }),
        el('span', {}, range),
      ),
    ),
  )
}

/** The chart and the table of a result; the chart stays from one answer to the next. */
class Result {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.signal = signal
    this.element = el('div', { class: 'result', 'aria-live': 'polite' })
    this.host = el('div', { class: 'chart' })
    /** @type {ReturnType<typeof chart> | null} */
    this.drawn = null
    signal.addEventListener('abort', () => this.drawn?.destroy())
  }

  /**
   * @param {string} query
   * @param {string} range
   */
  async load(query, range) {
    const range_ms = durationOf(range)
    const to_ms = Date.now()
    const step_ms = stepFor(range_ms)
    // Steps that lie on the clock give the same points again when asked again.
    const end_ms = Math.ceil(to_ms / step_ms) * step_ms
    try {
      const { series, warnings } = await ranged(
        query,
        { from_ms: end_ms - range_ms, to_ms: end_ms, step_ms },
        this.signal,
        MOST_ROWS + 1,
      )
      this.show(query, series, warnings, [(end_ms - range_ms) / 1000, end_ms / 1000])
    } catch (error) {
      if (this.signal.aborted) return
      this.element.replaceChildren(complaint(error, query))
    }
  }

  /**
   * @param {string} query
   * @param {MatrixSeries[]} series
   * @param {string[]} warnings
   * @param {[number, number]} range
   */
  show(query, series, warnings, range) {
    const words = t().series
    if (series.length === 0) {
      this.element.replaceChildren(empty(words.none))
      return
    }
    const unit = unitOfExpr(query)
    const drawn = series.slice(0, MOST_LINES)
    const more = series.length > MOST_ROWS
    const note = more ? words.more(MOST_ROWS, MOST_LINES) : words.count(series.length, drawn.length)
    this.element.replaceChildren(
      // That there are more series is said below.
      ...warnings
        .filter((text) => !more || !text.includes('truncated'))
        .map((text) => el('p', { class: 'query-warning' }, text)),
      this.host,
      el('p', { class: 'faint' }, note),
      table(series, unit),
    )
    this.drawn ??= chart(this.host, { height: 300, describe: query })
    this.drawn.update({ ...lineData(drawn, drawn.map(nameOf)), range, unit })
  }
}

/** @param {import('../main.js').ViewContext} context @returns {import('../main.js').View} */
export function seriesView({ root, route, signal }) {
  const words = t().series
  let query = route.params.get('q') ?? ''
  const range = RANGES.find((name) => name === route.params.get('range')) ?? '1h'
  const result = new Result(signal)
  const chosenRange = () => [...form.querySelectorAll('input')].find(({ checked }) => checked)?.value
  const go = (/** @type {string} */ text) => {
    query = text
    const chosen = chosenRange() ?? range
    const hash = hashOf('series', { q: text, range: chosen })
    if (hash === location.hash) void result.load(text, chosen)
    else location.hash = hash
  }
  const names = (/** @type {string} */ path, /** @type {Record<string, string>} */ params) =>
    prometheus(path, params, signal).then(({ data }) => data)
  const input = queryInput({ value: query, label: words.query, names, onSubmit: go })
  const form = el(
    'form',
    { class: 'query-form', on: { submit: (event) => (event.preventDefault(), go(input.value())) } },
    input.element,
    rangePicker(range),
    el('button', { class: 'primary', type: 'submit' }, words.run),
  )
  form.addEventListener('change', (event) => {
    if (/** @type {HTMLElement} */ (event.target).matches('input[type=radio]') && input.value() !== '')
      go(input.value())
  })
  append(root, [el('h1', {}, words.title), form, result.element])
  return {
    title: words.title,
    refresh: async (reason) => {
      if (query === '' && reason === 'start') result.element.replaceChildren(hello(go))
      else if (query !== '' && (reason === 'start' || reason === 'tick')) await result.load(query, range)
    },
  }
}
