import { en } from './texts/en.js'
import { zh } from './texts/zh.js'

/** @typedef {'en' | 'zh'} Language */

const TEXTS = { en, zh }
const KEPT = 'barograph.language'

/** @type {Language} */
let current = 'en'

/**
 * The language of a request for one: `?lang=` wins, then what was chosen before, then the browser's.
 * @param {string} search
 * @param {string | null} kept
 * @param {readonly string[]} preferred
 * @returns {Language}
 */
export function languageOf(search, kept, preferred) {
  const asked = [new URLSearchParams(search).get('lang'), kept, ...preferred]
  for (const tag of asked) {
    const known = /** @type {Language | undefined} */ (
      ['en', 'zh'].find((name) => tag?.toLowerCase().split('-')[0] === name)
    )
    if (known !== undefined) return known
  }
  return 'en'
}

/** The language that the page speaks. */
export function language() {
  return current
}

/** Chooses the language once, at the start. */
export function begin() {
  current = languageOf(location.search, localStorage.getItem(KEPT), navigator.languages)
  document.documentElement.lang = current
}

/** @param {Language} wanted */
export function change(wanted) {
  localStorage.setItem(KEPT, wanted)
  const url = new URL(location.href)
  url.searchParams.delete('lang')
  if (url.href === location.href) location.reload()
  else location.assign(url)
}

/** The words of the page. */
export function t() {
  return TEXTS[current]
}
