import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import type { Clock } from '#core/clock.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { Mount } from '#core/ports/mounts.ts'

import { createCount } from './count.ts'
import type { Guard } from './guard.ts'

interface MountedOptions {
  readonly mounts: readonly Mount[]
  readonly guard: Guard
  readonly meter: Meter
  readonly clock: Clock
  /** Answers everything else. */
  readonly rest: RequestListener
}

/** Raw paths before the router's, guarded and counted like those. */
export function withMounts({ mounts, guard, meter, clock, rest }: MountedOptions): RequestListener {
  const byPath = new Map(mounts.map((mount) => [mount.path, mount]))
  const count = createCount(meter, clock)
  const answer = async (mount: Mount, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const counted = count()
    response.on('close', () => {
      counted({ route: mount.path, method: request.method ?? '', status: response.statusCode })
    })
    const refused = guard.raw(request.headers)
    if (refused === undefined) {
      await mount.answer(request, response)
      return
    }
    const body = JSON.stringify({ error: { code: 'forbidden', message: refused } })
    response.writeHead(403, { 'content-type': 'application/json', connection: 'close' }).end(body)
    request.resume()
  }
  return (request, response) => {
    const mount = byPath.get(request.url?.split('?')[0] ?? '')
    if (mount === undefined) rest(request, response)
    else void answer(mount, request, response)
  }
}
