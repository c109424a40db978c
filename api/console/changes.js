import { own } from './api.js'

/** @typedef {import('./api.js').Incident} Incident */
/** @typedef {import('./api.js').Change} Change */

/**
 * The changes that incidents name, by id.
 * @param {readonly Incident[]} incidents
 * @param {AbortSignal} signal
 * @returns {Promise<Map<string, Change>>}
 */
export async function changesOf(incidents, signal) {
  const wanted = new Set(
    incidents.flatMap(({ changes, causes }) => [...changes, ...causes.flatMap(({ change = [] }) => change)]),
  )
  if (wanted.size === 0) return new Map()
  const first = Math.min(...incidents.map(({ opened_at }) => Date.parse(opened_at)))
  // Changes come before what they begin; a day is far more than any window.
  const from = new Date(first - 86_400_000).toISOString()
  /** @type {Map<string, Change>} */
  const found = new Map()
  /** @type {string | undefined} */
  let next = ''
  while (next !== undefined && found.size < wanted.size) {
    /** @type {{ changes: Change[], next?: string }} */
    const page = await own('/api/v1/changes', { from, limit: 1000, next }, signal)
    for (const change of page.changes) if (wanted.has(change.id)) found.set(change.id, change)
    next = page.next
  }
  return found
}
