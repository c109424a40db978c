import { ApiError } from './api.js'
import { el } from './dom.js'
import { when } from './format.js'
import { t } from './language.js'

/**
 * What went wrong, for a person.
 * @param {unknown} error
 * @param {(message: string) => string} [say] what could not be done
 */
export function problem(error, say = t().failed) {
  if (error instanceof ApiError && error.status === 0) return t().unreachable
  return say(error instanceof Error ? error.message : String(error))
}

/**
 * A titled part of a view. What it loads may fail without the rest of the view.
 * @param {string} title
 * @param {{ class?: string, hint?: string }} [options]
 */
export function section(title, { class: name = '', hint = '' } = {}) {
  const body = el('div', { class: 'section-body' }, el('p', { class: 'faint' }, t().loading))
  const note = el('p', { class: 'section-problem', role: 'status', hidden: true })
  const count = el('span', { class: 'section-count' })
  const heading = el('h2', {}, title, count)
  const element = el(
    'section',
    { class: `section ${name}` },
    title !== '' && el('header', { class: 'section-head' }, heading, hint !== '' && el('p', { class: 'faint' }, hint)),
    note,
    body,
  )
  let shown_ms = 0
  return {
    element,
    body,
    /** @param {string | number} text */
    count(text) {
      count.textContent = String(text)
    },
    /**
     * Loads and shows; a failure is told above what was shown before, and as of when that is. An ended view hears nothing.
     * @param {AbortSignal} signal
     * @param {() => Promise<void>} load
     */
    async fill(signal, load) {
      try {
        await load()
        shown_ms = Date.now()
        note.hidden = true
        element.classList.remove('stale')
      } catch (error) {
        if (signal.aborted) return
        const asOf = shown_ms === 0 ? '' : ` ${t().as_of(when(shown_ms, Date.now()))}`
        note.textContent = `${problem(error)}${asOf}`
        element.classList.add('stale')
        note.hidden = false
        if (body.querySelector(':scope > .faint')?.textContent === t().loading) body.replaceChildren()
        if (!(error instanceof ApiError)) throw error
      }
    },
  }
}

/**
 * Nothing there yet, and what to do about it.
 * @param {string} text
 * @param {...import('./dom.js').Child} more
 */
export function empty(text, ...more) {
  return el('div', { class: 'empty' }, el('p', {}, text), ...more)
}
