import { append, el, svg } from './dom.js'
import { when } from './format.js'
import { change, language, t } from './language.js'
import { hashOf, PLACES } from './route.js'

/** Where a view belongs that is no place of its own. */
const PLACE_OF = /** @type {Record<string, string>} */ ({ incident: 'incidents', finding: 'findings' })

function mark() {
  const line = 'M1 13c5 0 6-4 10-4s5 8 9 8 5-13 9-13 5 9 10 9'
  return svg('svg', { viewBox: '0 0 40 22', class: 'mark', 'aria-hidden': 'true' }, svg('path', { d: line }))
}

/** What surrounds every view: the name, where one can go, whether the page is live, the time. */
export function frame() {
  const links = PLACES.map((view) => ({ view, link: el('a', { href: hashOf(view) }, t().nav[view]) }))
  const state = el('span', { class: 'live', role: 'status' }, t().polling)
  const now = el('time', { class: 'now number' })
  const other = language() === 'zh' ? 'en' : 'zh'
  const toggle = el(
    'button',
    { class: 'quiet', type: 'button', lang: other, on: { click: () => change(other) } },
    t().other_language,
  )
  const main = el('main', { id: 'content', tabindex: '-1' })
  append(document.body, [
    el(
      'a',
      { class: 'skip', href: '#content', on: { click: (event) => (event.preventDefault(), main.focus()) } },
      t().skip,
    ),
    el(
      'header',
      { class: 'top' },
      el('a', { class: 'brand', href: hashOf('overview') }, mark(), el('span', {}, 'Barograph')),
      el('nav', { 'aria-label': 'Barograph' }, ...links.map(({ link }) => link)),
      el('div', { class: 'top-state' }, state, now, toggle),
    ),
    main,
  ])
  const tell = () => {
    now.textContent = when(Date.now(), Date.now())
  }
  tell()
  setInterval(tell, 5000)
  return {
    main,
    /** @param {boolean} live */
    showLive(live) {
      state.textContent = live ? t().live : t().polling
      state.title = live ? t().live_hint : t().polling_hint
      state.classList.toggle('live-on', live)
    },
    /** @param {string} view the view that is shown */
    showPlace(view) {
      for (const { view: name, link } of links) {
        if (name === (PLACE_OF[view] ?? view)) link.setAttribute('aria-current', 'page')
        else link.removeAttribute('aria-current')
      }
    },
  }
}
