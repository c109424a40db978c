// What a Barograph process took down while it ran, replayed.
import { join } from 'node:path'

import { afterEach, expect, test } from 'vitest'

import { barograph, endAll, Server, serverArgs, temporaryFolder } from './process/barograph.ts'
import { SHOP_RULES, shopUntil, SIGNALS } from './process/shop.ts'

interface Replayed {
  readonly findings: readonly { readonly id: string }[]
  readonly incidents: readonly { readonly id: string }[]
  readonly changes: readonly { readonly id: string }[]
  readonly counts: Readonly<Record<string, number>>
}

afterEach(endAll)

test('a recording gives what was found live, byte for byte, twice', async () => {
  const folder = temporaryFolder()
  const recording = join(folder, 'recording')
  const setup = { rules: SHOP_RULES, args: ['--record', recording] }
  const server = await Server.start(setup, folder)
  const { requests, steps, end_ms } = shopUntil(Date.now())
  const change = { kind: 'deploy', service: 'payments-db', title: 'v2', at: new Date(end_ms - 200_000).toISOString() }
  await server.send('/api/v1/changes', change)
  for (const signal of SIGNALS) for (const request of requests[signal]) await server.post(signal, request)
  const { id } = await server.incidentOf(4, 1)
  await server.send(`/api/v1/incidents/${id}/ack`, { by: 'ada' })
  const live = {
    findings: (await server.get<Replayed>('/api/v1/findings?limit=1000')).findings,
    incidents: await server.incidents(),
    changes: (await server.get<Replayed>('/api/v1/changes')).changes,
  }
  expect(await server.stop()).toBe(0)

  const args = ['replay', recording, ...serverArgs(folder, setup).slice(1, -2)]
  const [first, second] = await Promise.all([barograph(args), barograph(args)])
  expect(first).toMatchObject({ code: 0 })
  expect(first.out).toBe(second.out)
  const replayed = JSON.parse(first.out) as Replayed
  expect(replayed).toMatchObject(live)
  expect(replayed.counts).toMatchObject({
    requests: 2 * steps + 1,
    samples: 4 * steps,
    changes: 1,
    commands: 1,
    refused: 0,
  })
})
