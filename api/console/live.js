/**
 * Live updates. While the stream is open the page hears of changes; otherwise it asks again now and then.
 *
 * @typedef {'finding' | 'incident' | 'hint'} LiveKind
 */

const KINDS = /** @type {const} */ (['finding', 'incident', 'hint'])
const RETRY_MS = 10_000

/**
 * @param {object} options
 * @param {string} options.url
 * @param {(kind: LiveKind) => void} options.onEvent
 * @param {(live: boolean) => void} options.onState whether the stream is open
 */
export function follow({ url, onEvent, onState }) {
  /** @type {EventSource | null} */
  let source = null
  let retry = 0
  const open = () => {
    source = new EventSource(url)
    source.addEventListener('open', () => onState(true))
    source.addEventListener('error', () => {
      onState(false)
      // The browser reconnects by itself unless the server answered with an error.
      if (source?.readyState === EventSource.CLOSED) retry = window.setTimeout(open, RETRY_MS)
    })
    for (const kind of KINDS) source.addEventListener(kind, () => onEvent(kind))
  }
  open()
  return () => {
    clearTimeout(retry)
    source?.close()
  }
}
