/** @typedef {'bad' | 'warn' | 'calm'} Tone */

/** @type {readonly Tone[]} */
const TONES = ['bad', 'warn', 'calm']

/**
 * The weight of a severity in colours: unknown words look like a warning.
 * @param {string} severity
 * @returns {Tone}
 */
export function tone(severity) {
  if (['critical', 'page', 'error', 'emergency'].includes(severity)) return 'bad'
  return severity === 'info' || severity === 'none' ? 'calm' : 'warn'
}

/**
 * The worst first; those of one weight as they come.
 * @template {{ severity: string }} T
 * @param {readonly T[]} all
 * @returns {T[]}
 */
export function worstFirst(all) {
  return TONES.flatMap((each) => all.filter(({ severity }) => tone(severity) === each))
}
