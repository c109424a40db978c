import type { MiddlewareHandler } from 'hono'

import { hostnameOf, isLoopback, loopbackNames } from '#core/net/loopback.ts'

import { ownFailure } from '../errors.ts'

function forbidden(message: string): Response {
  return ownFailure({ code: 'forbidden', message, status: 403 })
}

const passes: MiddlewareHandler = async (_, next) => next()

export interface Guard {
  /** Refuses names that are not ours: a page elsewhere may have pointed its own name at this machine. */
  readonly host: MiddlewareHandler
  /** Refuses pages of other origins. */
  readonly origin: MiddlewareHandler
}

/** While listening on loopback nobody logs in, so the browser's word on who asks is checked; elsewhere nothing is. */
export function createGuard(options: { host: string; hosts: readonly string[]; external_url: string }): Guard {
  if (!isLoopback(options.host)) return { host: passes, origin: passes }
  const external = options.external_url === '' ? undefined : new URL(options.external_url)
  const names = loopbackNames(options.host, [...options.hosts, ...(external === undefined ? [] : [external.hostname])])
  return {
    async host(c, next) {
      const host = c.req.header('host') ?? new URL(c.req.url).host
      if (names.has(hostnameOf(host))) return next()
      return forbidden(`host ${JSON.stringify(host)} is not known here; listen.host and external_url say which are`)
    },
    async origin(c, next) {
      const origin = c.req.header('origin')
      if (origin === undefined || origin === external?.origin) return next()
      const host = c.req.header('host') ?? new URL(c.req.url).host
      if (origin === `http://${host}` || origin === `https://${host}`) return next()
      return forbidden(`origin ${JSON.stringify(origin)} may not ask here`)
    },
  }
}
