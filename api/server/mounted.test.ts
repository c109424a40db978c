import { request } from 'node:http'
import { text } from 'node:stream/consumers'

import { afterEach, describe, expect, test } from 'vitest'

import { systemClock } from '#core/clock.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { Mount } from '#core/ports/mounts.ts'

import { fixture } from '../testing/api.fixture.ts'

const open: ReturnType<typeof fixture>[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(({ component }) => component.stop()))
})

const echo: Mount = {
  path: '/api/v1/write',
  async answer(incoming, response) {
    response.writeHead(200).end(`${incoming.method} ${await text(incoming)}`)
  },
}

async function started() {
  const counts: string[] = []
  const meter = {
    ...silentMeter,
    counter: (name: string) => ({
      add: (_: number, attributes?: object) => counts.push(`${name} ${JSON.stringify(attributes)}`),
    }),
  }
  const api = fixture({ clock: systemClock, mounts: [echo], meter })
  open.push(api)
  await api.component.start()
  const { port } = api.component.addresses[0]!
  return { url: `http://127.0.0.1:${port}`, port, counts }
}

/** With a Host header of our choice, which `fetch` does not let us set. */
function asked(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/api/v1/write', method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end('x')
  })
}

describe('a mounted path', () => {
  test('is answered from the raw request, whatever its method and size, and counted', async () => {
    const { url, counts } = await started()
    // More than the router lets in.
    const body = 'x'.repeat(2 ** 21)
    const response = await fetch(`${url}/api/v1/write?x=1`, { method: 'PUT', body })
    expect(await response.text()).toBe(`PUT ${body}`)
    await expect
      .poll(() => counts)
      .toContain('barograph.api.requests {"route":"/api/v1/write","method":"other","status":"200"}')
  })

  test('leaves all others to the router', async () => {
    const { url } = await started()
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
    expect((await fetch(`${url}/api/v1/write/more`)).status).toBe(404)
  })

  test('is guarded like the others', async () => {
    const { port } = await started()
    const host = `localhost:${port}`
    expect(await asked(port, { host })).toBe(200)
    expect(await asked(port, { host: 'evil.example' })).toBe(403)
    expect(await asked(port, { host, origin: 'http://evil.example' })).toBe(403)
    expect(await asked(port, { host, origin: `http://${host}` })).toBe(200)
  })
})
