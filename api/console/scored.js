/** Which of the series that rules judged are drawn. */

/**
 * @typedef {object} Scored
 * @property {string} rule
 * @property {string} [metric]
 * @property {string} [unit]
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
 * A finding begins at a score of 1 and goes on down to 0.8: what it is about stays in sight.
 * @param {Scored} scored
 */
export const isUnusual = ({ score = 0 }) => score >= 0.8

/**
 * Whether nobody but Barograph itself has sent anything that a rule judges.
 * @param {readonly Scored[]} scores
 */
export const isAlone = (scores) => scores.every(({ labels }) => labels['service_name'] === 'barograph')

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
      return { scored, turn, calm: isUnusual(scored) ? 0 : 1 }
    })
  return ranked
    .toSorted((a, b) => a.calm - b.calm || a.turn - b.turn)
    .slice(0, max)
    .map(({ scored }) => scored)
}
