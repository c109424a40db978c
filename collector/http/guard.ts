import { hostnameOf, isLoopback, loopbackNames } from '#core/net/loopback.ts'

/**
 * While listening on loopback nobody logs in, so that a page of the web must not get in through a browser: names that are not
 * ours and other origins are refused. Gives the refusal, undefined for a request that may pass; elsewhere all may.
 */
export function createGuard(host: string, hosts: readonly string[]): (headers: Headers) => string | undefined {
  if (!isLoopback(host)) return () => undefined
  const names = loopbackNames(host, hosts)
  // Senders say the same each time.
  let known: string | undefined
  return ({ host: asked = '', origin }) => {
    if (asked !== known) {
      if (!names.has(hostnameOf(asked))) return `host ${JSON.stringify(asked)} is not known here; see listen.host`
      known = asked
    }
    if (origin === undefined || origin === `http://${asked}` || origin === `https://${asked}`) return undefined
    return `origin ${JSON.stringify(origin)} may not send here`
  }
}

interface Headers {
  readonly host?: string | undefined
  readonly origin?: string | undefined
}
