import { messageOf, ServiceError } from '#core/errors.ts'
import { fnv1a64 } from '#core/hash.ts'
import { addressOf, beginningOf, redact } from '#core/net/peer.ts'

/** So much of a refusal is worth showing. */
const SHOWN = 200

export interface Post {
  readonly fetch: typeof fetch
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
  /** Never shown, wherever they turn up. */
  readonly secrets: readonly string[]
}

/** An address without what may be secret in it (user, path, query), told apart from others by a hash. */
export function addressName(type: string, url: string): string {
  return `${type} ${addressOf(url).origin} ${fnv1a64([url]).slice(0, 8)}`
}

/** What an HTTP status other than 2xx means to a sender. */
export function refusal(status: number, detail: string): ServiceError {
  const retryable = status >= 500 || status === 429
  const said = detail === '' ? '' : `: ${detail}`
  return new ServiceError(retryable ? 'unavailable' : 'bad_data', `answered ${status}${said}`, { retryable })
}

/** Posts JSON. Throws `ServiceError` for all but 2xx; redirects are not followed: headers are for this address alone. */
export async function postJson({ fetch, url, headers, body, signal, secrets }: Post): Promise<void> {
  let response: Response
  let said: string
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal,
      redirect: 'manual',
    })
    said = await beginningOf(response)
  } catch (error) {
    // The cause is left behind: it may hold the request, and with it the headers.
    const message = redact(messageOf(error), secrets)
    throw new ServiceError(signal.aborted ? 'canceled' : 'unavailable', message, { retryable: true })
  }
  if (!response.ok) throw refusal(response.status, redact(said, secrets).slice(0, SHOWN).trim())
}
