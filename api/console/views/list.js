import { own } from '../api.js'
import { append, el, region } from '../dom.js'
import { t } from '../language.js'
import { hashOf } from '../route.js'
import { empty, section } from '../section.js'

const PAGE = 50

/**
 * @param {string} place
 * @param {string} chosen '' for all
 * @param {Readonly<Record<string, string>>} states
 */
function filters(place, chosen, states) {
  const link = (/** @type {string} */ state, /** @type {string} */ text) =>
    el('a', { href: hashOf(place, { state }), 'aria-current': chosen === state ? 'true' : undefined }, text)
  const words = t().incidents
  return el(
    'nav',
    { class: 'filters', 'aria-label': words.state },
    link('', words.all),
    ...Object.entries(states).map(([state, text]) => link(state, text)),
  )
}

/**
 * A view of a list of the API, newest first: by state, page by page, a row an item.
 * @template Item
 * @param {import('../main.js').ViewContext} context
 * @param {object} list
 * @param {'incidents' | 'findings'} list.place its view, its path and its key in the answer
 * @param {string} list.title
 * @param {Readonly<Record<string, string>>} list.states their words
 * @param {readonly string[]} list.heads
 * @param {(item: Item) => HTMLElement} list.row
 * @param {{ none: string, none_any: string }} list.words where there is none in a state, or at all
 * @param {import('../live.js').LiveKind} list.kind of events that change it
 * @returns {import('../main.js').View}
 */
export function listView({ root, route, signal }, { place, title, states, heads, row, words, kind }) {
  const state = route.params.get('state') ?? ''
  const after = route.params.get('next') ?? ''
  const part = section('')
  const table = region(part.body)
  append(root, [el('h1', {}, title), filters(place, state, states), part.element])
  return {
    title,
    refresh: async (reason) => {
      if (reason !== 'start' && reason !== 'tick' && reason !== kind) return
      await part.fill(signal, async () => {
        const { [place]: items, next } = await own(`/api/v1/${place}`, { state, next: after, limit: PAGE }, signal)
        table.show([items, Math.floor(Date.now() / 60_000)], () => {
          if (items.length === 0) return [empty(state === '' ? words.none_any : words.none)]
          const head = el('thead', {}, el('tr', {}, ...heads.map((text) => el('th', { scope: 'col' }, text))))
          return [
            el('table', { class: 'table stacking' }, head, el('tbody', {}, ...items.map(row))),
            next !== undefined &&
              el('p', {}, el('a', { class: 'button', href: hashOf(place, { state, next }) }, t().incidents.older)),
          ]
        })
      })
    },
  }
}
