/** Which of the series that rules judged are drawn. */

/**
 * @typedef {object} Scored
 * @property {string} rule
 * @property {string} [metric]
 * @property {import('./api.js').Labels} labels
 * @property {string} at
 * @property {number} [value]
 * @property {number} [score]
 */

/**
 * Names a series of a rule.
 * @param {Scored} scored
 */
export const keyOf = ({ rule, metric = '', labels }) => JSON.stringify([rule, metric, labels])

/**
 * The series that are drawn: what is unusual first, then one of every rule in turn, so that each is seen.
 * @param {readonly Scored[]} scores
 * @param {number} max
 */
export function chosen(scores, max) {
  /** @type {Map<string, number>} */
  const seen = new Map()
  const ranked = scores
    .toSorted((a, b) => (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : keyOf(a) < keyOf(b) ? -1 : 1))
    .map((scored) => {
      const turn = seen.get(scored.rule) ?? 0
      seen.set(scored.rule, turn + 1)
      return { scored, turn, calm: (scored.score ?? 0) >= 1 ? 0 : 1 }
    })
  return ranked
    .toSorted((a, b) => a.calm - b.calm || a.turn - b.turn)
    .slice(0, max)
    .map(({ scored }) => scored)
}
