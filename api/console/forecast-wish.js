/** What to ask for when a forecast is wanted, and who follows it. */
import { durationOf, stepFor } from './promql.js'

/** @typedef {import('./api.js').Hint} Hint */

const WANTED = '0.05,0.1,0.5,0.9,0.99'

/**
 * The policies that follow a rule: those that say so, else those named like it.
 * @param {readonly Hint[]} hints
 * @param {string} rule
 */
export function hintsOf(hints, rule) {
  return hints.filter(({ policy, demand }) =>
    demand === undefined ? rule === policy || rule.startsWith(`${policy}_`) : demand === rule,
  )
}

/**
 * What to ask for: a rule decides itself, anything else gets a horizon, a step and all quantiles that are drawn.
 * @param {string} query
 * @param {string} horizon
 * @param {boolean} isRule
 * @returns {Record<string, string>}
 */
export function wish(query, horizon, isRule) {
  if (isRule) return { query, horizon }
  const wanted = horizon === '' ? '1h' : horizon
  return {
    query,
    horizon: wanted,
    step: `${Math.max(60, stepFor(durationOf(wanted), 180) / 1000)}s`,
    quantiles: WANTED,
  }
}
