import { messageOf, ServiceError } from '#core/errors.ts'
import { fnv1a64 } from '#core/hash.ts'

/** So much of a refusal is worth showing, and so much of any answer is read. */
const SHOWN = 200
const READ = 16_384
/** Words of an address or header shorter than this are no secrets, and hiding them would leave nothing to read. */
const SECRET_LENGTH = 8

export interface Post {
  readonly fetch: typeof fetch
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
  /** Never shown, wherever they turn up. */
  readonly secrets: readonly string[]
}

/** A text in which no secret stands any more. */
export function redact(text: string, secrets: readonly string[]): string {
  const longest = secrets.filter((secret) => secret !== '').toSorted((a, b) => b.length - a.length)
  return longest.reduce((left, secret) => left.replaceAll(secret, '<secret>'), text)
}

/** A text that is secret as a whole, and the long words in it: a peer may quote one of them. */
export function secretsIn(text: string): string[] {
  const words = text.split(/[\s/?&=]+/).filter((word) => word.length >= SECRET_LENGTH)
  return [text, text.trim(), ...words]
}

/** An address, read. Throws `ServiceError('bad_config')` without the address in it. */
export function addressOf(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return parsed
  throw new ServiceError('bad_config', 'the address of a channel is not an http or https URL')
}

/** An address without what may be secret in it (user, path, query), told apart from others by a hash. */
export function addressName(type: string, url: string): string {
  return `${type} ${addressOf(url).origin} ${fnv1a64([url]).slice(0, 8)}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** User and password of an address as a header, and the address without them: `fetch` refuses them in the address. */
export function withoutUser(url: string): { url: string; headers: Record<string, string>; secrets: string[] } {
  const parsed = addressOf(url)
  const { username, password } = parsed
  if (username === '' && password === '') return { url, headers: {}, secrets: [] }
  parsed.username = ''
  parsed.password = ''
  const [user, word] = [decoded(username), decoded(password)]
  const token = Buffer.from(`${user}:${word}`).toString('base64')
  return { url: parsed.href, headers: { authorization: `Basic ${token}` }, secrets: [url, token, password, word] }
}

/** What an HTTP status other than 2xx means to a sender. */
export function refusal(status: number, detail: string): ServiceError {
  const retryable = status >= 500 || status === 429
  const said = detail === '' ? '' : `: ${detail}`
  return new ServiceError(retryable ? 'unavailable' : 'bad_data', `answered ${status}${said}`, { retryable })
}

/** The beginning of an answer; the rest is not waited for. */
async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= READ) break
  }
  return Buffer.concat(chunks).toString('utf8')
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
