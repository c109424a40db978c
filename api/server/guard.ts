import type { IncomingHttpHeaders } from 'node:http'

import type { MiddlewareHandler } from 'hono'

import { hostnameOf, isLoopback, loopbackNames } from '#core/net/loopback.ts'

import { ownFailure } from '../errors.ts'

function forbidden(message: string): Response {
  return ownFailure({ code: 'forbidden', message, status: 403 })
}

type Refusal = string | undefined

export interface Guard {
  /** Refuses names that are not ours: a page elsewhere may have pointed its own name at this machine. */
  readonly host: MiddlewareHandler
  /** Refuses pages of other origins. */
  readonly origin: MiddlewareHandler
  /** Both, for a request that no router sees; the refusal, undefined where it may pass. */
  raw(headers: IncomingHttpHeaders): Refusal
}

/** While listening on loopback nobody logs in, so the browser's word on who asks is checked; elsewhere nothing is. */
export function createGuard(options: { host: string; hosts: readonly string[]; external_url: string }): Guard {
  const open = !isLoopback(options.host)
  const external = options.external_url === '' ? undefined : new URL(options.external_url)
  const names = loopbackNames(options.host, [...options.hosts, ...(external === undefined ? [] : [external.hostname])])
  const badHost = (host: string): Refusal =>
    open || names.has(hostnameOf(host))
      ? undefined
      : `host ${JSON.stringify(host)} is not known here; listen.host and external_url say which are`
  const badOrigin = (origin: string | undefined, host: string): Refusal => {
    const ours = [external?.origin, `http://${host}`, `https://${host}`]
    return open || origin === undefined || ours.includes(origin)
      ? undefined
      : `origin ${JSON.stringify(origin)} may not ask here`
  }
  return {
    async host(c, next) {
      const refused = badHost(c.req.header('host') ?? new URL(c.req.url).host)
      return refused === undefined ? next() : forbidden(refused)
    },
    async origin(c, next) {
      const refused = badOrigin(c.req.header('origin'), c.req.header('host') ?? new URL(c.req.url).host)
      return refused === undefined ? next() : forbidden(refused)
    },
    raw: ({ host = '', origin }) => badHost(host) ?? badOrigin(origin, host),
  }
}
