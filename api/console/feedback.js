import { post } from './api.js'
import { el } from './dom.js'
import { t } from './language.js'
import { problem } from './section.js'

const WORDS = /** @type {const} */ (['real', 'expected', 'noise'])

/**
 * What a person may say that a finding was, or all of an incident. The last word counts.
 * @param {string} path to post it to
 * @param {string} question
 * @param {(answer: any) => void} onSaid told what the server answered
 */
export function feedback(path, question, onSaid) {
  const note = el('span', { class: 'feedback-problem', role: 'status' })
  const buttons = WORDS.map((word) => {
    const { words, hints } = t().feedback
    return el('button', { type: 'button', title: hints[word], on: { click: () => say(word) } }, words[word])
  })
  /** @param {string} word */
  const say = async (word) => {
    for (const button of buttons) button.disabled = true
    try {
      onSaid(await post(path, { feedback: word }))
      note.textContent = ''
    } catch (error) {
      note.textContent = problem(error, t().not_done)
    }
    for (const button of buttons) button.disabled = false
  }
  return {
    element: el(
      'div',
      { class: 'feedback', role: 'group', 'aria-label': question },
      el('span', { class: 'faint' }, question),
      ...buttons,
      note,
    ),
    /** @param {string | undefined} said so far */
    show(said) {
      for (const [i, button] of buttons.entries()) button.setAttribute('aria-pressed', String(WORDS[i] === said))
    },
  }
}
