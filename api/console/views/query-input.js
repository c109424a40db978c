import { complete, fitting, placeAt } from '../completion.js'
import { el } from '../dom.js'
import { t } from '../language.js'
import { selector } from '../promql.js'

/**
 * Where names come from: a path of the Prometheus API that answers a list.
 * @typedef {(path: string, params: Record<string, string>) => Promise<string[]>} Names
 * @typedef {import('../completion.js').Place} Place
 */

/** @param {Names} names */
function candidates(names) {
  /** @type {Map<string, Promise<string[]>>} */
  const known = new Map()
  const ask = (/** @type {string} */ path, /** @type {Record<string, string>} */ params) => {
    const key = JSON.stringify([path, params])
    const found = known.get(key) ?? names(path, params).catch(() => [])
    known.set(key, found)
    return found
  }
  /** @param {Place} place */
  return ({ kind, metric, label }) => {
    /** @type {Record<string, string>} */
    const match = metric === '' ? {} : { 'match[]': selector(metric, {}) }
    if (kind === 'metric') return ask('label/__name__/values', {})
    if (kind === 'label') return ask('labels', match)
    return kind === 'value' ? ask(`label/${encodeURIComponent(label)}/values`, match) : Promise.resolve([])
  }
}

/** The list under the input: a combobox as WAI-ARIA describes it. */
class Suggestions {
  constructor() {
    this.list = el('ul', {
      class: 'suggestions',
      role: 'listbox',
      id: 'suggestions',
      'aria-label': t().series.suggestions,
      hidden: true,
    })
    /** @type {string[]} */
    this.choices = []
    this.active = -1
  }

  /**
   * @param {string[]} choices
   * @param {(choice: string) => void} choose
   */
  show(choices, choose) {
    this.choices = choices
    this.active = -1
    this.list.hidden = choices.length === 0
    this.list.replaceChildren(
      ...choices.map((choice, i) =>
        el(
          'li',
          {
            role: 'option',
            id: `suggestion-${i}`,
            'aria-selected': 'false',
            on: { mousedown: (event) => (event.preventDefault(), choose(choice)) },
          },
          choice,
        ),
      ),
    )
  }

  /** @param {number} step */
  move(step) {
    const count = this.choices.length
    if (count === 0) return ''
    this.active = (this.active + step + (this.active < 0 && step < 0 ? 1 : 0) + count) % count
    for (const [i, item] of [...this.list.children].entries())
      item.setAttribute('aria-selected', String(i === this.active))
    this.list.children[this.active]?.scrollIntoView({ block: 'nearest' })
    return `suggestion-${this.active}`
  }

  get chosen() {
    return this.choices[this.active]
  }
}

/**
 * A field for PromQL that completes names of metrics and labels, and values.
 * @param {{ value: string, label: string, names: Names, onSubmit: (query: string) => void }} options
 */
export function queryInput({ value, label, names, onSubmit }) {
  const find = candidates(names)
  const suggestions = new Suggestions()
  const field = el('textarea', {
    'aria-label': label,
    'aria-autocomplete': 'list',
    'aria-controls': 'suggestions',
    'aria-expanded': 'false',
    role: 'combobox',
    rows: '1',
    spellcheck: 'false',
    autocapitalize: 'off',
    autocomplete: 'off',
    placeholder: 'rate(http_server_request_duration_seconds_count[5m])',
  })
  field.value = value
  const fit = () => {
    field.style.setProperty('height', 'auto')
    field.style.setProperty('height', `${field.scrollHeight + 2}px`)
  }
  const close = () => show([])
  const show = (/** @type {string[]} */ choices) => {
    suggestions.show(choices, take)
    field.setAttribute('aria-expanded', String(choices.length > 0))
    field.removeAttribute('aria-activedescendant')
  }
  const take = (/** @type {string} */ choice) => {
    const done = complete(field.value, placeAt(field.value, field.selectionStart), choice)
    field.value = done.text
    field.setSelectionRange(done.cursor, done.cursor)
    close()
    fit()
  }
  const suggest = async () => {
    const { value: text, selectionStart: cursor } = field
    const place = placeAt(text, cursor)
    const found = await find(place)
    if (field.value !== text || field.selectionStart !== cursor || document.activeElement !== field) return
    show(fitting(found, place.prefix))
  }
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    const open = suggestions.choices.length > 0
    if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault()
      field.setAttribute('aria-activedescendant', suggestions.move(event.key === 'ArrowDown' ? 1 : -1))
    } else if (open && suggestions.chosen !== undefined && (event.key === 'Enter' || event.key === 'Tab')) {
      event.preventDefault()
      take(suggestions.chosen)
    } else if (event.key === 'Escape') close()
    else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      close()
      onSubmit(field.value.trim())
    }
  }
  field.addEventListener('keydown', key)
  field.addEventListener('input', () => (fit(), void suggest()))
  field.addEventListener('blur', close)
  // A long query stands whole from the first; it has no height before it is on the page.
  requestAnimationFrame(fit)
  return { element: el('div', { class: 'query-input' }, field, suggestions.list), value: () => field.value.trim() }
}
