/**
 * @typedef {object} Route
 * @property {'overview' | 'incidents' | 'incident' | 'findings' | 'finding' | 'series' | 'forecast'} view
 * @property {string} id of an incident or a finding; '' otherwise
 * @property {URLSearchParams} params
 */

/** Where one can go, in the order of the navigation. */
export const PLACES = /** @type {const} */ (['overview', 'incidents', 'findings', 'series', 'forecast'])

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * `#/incidents/i_1?x=y` to its parts; anything unknown is the overview.
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [head = '', id = ''] = path.split('/')
  const params = new URLSearchParams(query)
  if (head === 'incidents' && id !== '') return { view: 'incident', id: decoded(id), params }
  if (head === 'findings' && id !== '') return { view: 'finding', id: decoded(id), params }
  const view = PLACES.find((name) => name === head) ?? 'overview'
  return { view, id: '', params }
}

/**
 * The address of a view; parameters that are empty are left out.
 * @param {string} path `incidents/i_1`
 * @param {Record<string, string>} [params]
 */
export function hashOf(path, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '')).toString()
  return `#/${path}${query === '' ? '' : `?${query}`}`
}

/** @param {string} id */
export function incidentHash(id) {
  return hashOf(`incidents/${encodeURIComponent(id)}`)
}

/** @param {string} id */
export function findingHash(id) {
  return hashOf(`findings/${encodeURIComponent(id)}`)
}
