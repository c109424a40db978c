import { own } from '../api.js'
import { el, region } from '../dom.js'
import { quantity } from '../format.js'
import { t } from '../language.js'
import { trustChip } from '../pieces.js'
import { empty, section } from '../section.js'

/** @typedef {import('../api.js').Hint} Hint */

/**
 * Wanted against running and bounds, drawn as a row of replicas would stand.
 * @param {Hint} hint
 */
function gauge({ value = 0, needed_now: needed = 0, max = 0 }) {
  const top = Math.max(max, value, needed, 1)
  const place = (/** @type {number} */ count) => `${Math.round((count / top) * 100)}%`
  return el(
    'span',
    { class: 'gauge', 'aria-hidden': 'true' },
    el('span', { class: 'gauge-wanted', style: { width: place(value) } }),
    el('span', { class: 'gauge-needed', style: { left: place(needed) } }),
  )
}

/**
 * @param {string} label said beside the cell where the head of the table has no room
 * @param {...import('../dom.js').Child} children
 */
function cell(label, ...children) {
  return el('td', { 'data-label': label }, ...children)
}

/** @param {Hint} hint */
function row(hint) {
  const words = t().overview
  if (hint.stale || hint.value === undefined) {
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, hint.policy),
      el('td', { class: 'faint', colspan: '6' }, `${words.no_hint}: ${hint.reason}`),
    )
  }
  const likely = hint.lower === undefined || hint.upper === undefined ? '' : `${hint.lower}–${hint.upper}`
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, hint.policy),
    cell(
      words.wanted,
      el('strong', { class: 'number big' }, hint.value),
      likely !== '' && el('span', { class: 'faint number', title: words.range }, ` ${likely}`),
      gauge(hint),
    ),
    cell(words.needed, el('span', { class: 'number' }, quantity(hint.needed_now))),
    cell(words.current, el('span', { class: 'number' }, quantity(hint.current))),
    cell(words.bounds, el('span', { class: 'number' }, `${hint.min ?? '–'} – ${hint.max ?? '–'}`)),
    cell(words.why, hint.reason),
    cell(words.trust, trustChip(hint.trust, words)),
  )
}

/** @param {AbortSignal} signal */
export function scaling(signal) {
  const words = t().overview
  const part = section(words.scaling)
  const table = region(part.body)
  const heads = [words.policy, words.wanted, words.needed, words.current, words.bounds, words.why, words.trust]
  return {
    element: part.element,
    wants: 'hint',
    refresh: () =>
      part.fill(signal, async () => {
        /** @type {{ policies: Hint[] }} */
        const { policies } = await own('/api/v1/scaling', {}, signal)
        part.count(policies.length === 0 ? '' : policies.length)
        table.show(policies, () => {
          if (policies.length === 0) return [empty(words.no_policies)]
          const head = el('thead', {}, el('tr', {}, ...heads.map((text) => el('th', { scope: 'col' }, text))))
          return [el('table', { class: 'table stacking' }, head, el('tbody', {}, ...policies.map(row)))]
        })
      }),
  }
}
