import { ServiceError } from '../errors.ts'

/** So much of an answer that is only shown is read. */
const READ = 16_384
/** Words of an address or header shorter than this are no secrets, and hiding them would leave nothing to read. */
const SECRET_LENGTH = 8

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
  throw new ServiceError('bad_config', 'the address of a peer is not an http or https URL')
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
  // A token may be said as a user without a password.
  const hidden = password === '' ? [username, user] : [password, word]
  return { url: parsed.href, headers: { authorization: `Basic ${token}` }, secrets: [url, token, ...hidden] }
}

/** An address as it may be shown: without user and password. So is what was meant to be one; other texts stay as they are. */
export function concealUser(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && url.host !== '' && url.username === '' && url.password === '') return text
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)?(\S*)@/i, (whole, scheme: string | undefined, user: string) => {
    return scheme === undefined && !user.includes(':') ? whole : `${scheme ?? ''}<secret>@`
  })
}

/** The beginning of an answer; the rest is not waited for. */
export async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= READ) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
