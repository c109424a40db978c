import { isIP } from 'node:net'

/** Only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Where a listener on `host` is asked by its own machine: one on every address as `localhost`. */
export function urlAt(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::'
  return `http://${everywhere ? 'localhost' : isIP(host) === 6 ? `[${host}]` : host}:${port}`
}

/** The name in a Host header, without its port; '' for what is none. */
export function hostnameOf(host: string): string {
  try {
    return new URL(`http://${host}`).hostname
  } catch {
    return ''
  }
}

/** Names under which a listener on loopback may be asked. */
export function loopbackNames(host: string, more: readonly string[]): ReadonlySet<string> {
  return new Set(['localhost', '127.0.0.1', '[::1]', host, ...more])
}
