/** @typedef {'bad' | 'warn' | 'calm'} Tone */

/** @type {readonly Tone[]} */
const TONES = ['bad', 'warn', 'calm']

/**
 * The weight of an incident's severity in colours.
 * @param {string} severity
 * @returns {Tone}
 */
export function tone(severity) {
  if (severity === 'critical' || severity === 'error') return 'bad'
  return severity === 'info' ? 'calm' : 'warn'
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
