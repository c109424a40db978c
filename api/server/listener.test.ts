import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import { afterEach, describe, expect, test } from 'vitest'

import { systemClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import { silentLog } from '#core/ports/log.ts'

import { fixture } from '../testing/api.fixture.ts'
import { finding } from '../testing/verdicts.fixture.ts'

const open: ReturnType<typeof fixture>[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(({ component }) => component.stop()))
})

async function started(port = 0, log = silentLog) {
  const api = fixture({ log, clock: systemClock, listen: { host: 'localhost', port }, limits: { drain_ms: 200 } })
  open.push(api)
  await api.component.start()
  return { ...api, port: api.component.addresses[0]?.port ?? 0 }
}

describe('listening', () => {
  test('on localhost answers on both loopback addresses', async () => {
    const { component, port } = await started()
    for (const { host } of component.addresses) {
      const name = host.includes(':') ? `[${host}]` : host
      expect((await fetch(`http://${name}:${port}/-/healthy`)).status).toBe(200)
    }
    expect(component.addresses.map(({ host }) => host)).toContain('127.0.0.1')
  })

  test('on a port that is taken says so', async () => {
    const { port } = await started()
    const error = await started(port).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ServiceError)
    expect((error as ServiceError).message).toContain(`port ${port} on 127.0.0.1 is taken`)
  })

  test('stops without having started, twice, and while it starts', async () => {
    const { component } = fixture({ clock: systemClock })
    await component.stop()
    await component.stop()
    const early = fixture({ clock: systemClock })
    const starting = early.component.start()
    await early.component.stop()
    await starting
    expect(early.component.addresses).toEqual([])
  })
})

/** Sends a body without telling its length. */
async function chunked(port: number, path: string, body: string): Promise<{ status: number; body: string }> {
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
  const asked = request({ host: '127.0.0.1', port, path, method: 'POST', headers })
  asked.end(body)
  const [response] = await once(asked, 'response')
  return { status: response.statusCode, body: await text(response) }
}

describe('a body in chunks', () => {
  test('is read', async () => {
    const { port } = await started()
    expect((await chunked(port, '/api/v1/changes', '{"kind":"deploy","title":"x"}')).status).toBe(200)
  })

  test('above the limit is refused, whatever it said before', async () => {
    const { port } = await started()
    expect((await chunked(port, '/api/v1/changes', 'x'.repeat(2 ** 20 + 1))).status).toBe(413)
  })
})

test.each([
  ['of a length', 'content-length: 10'],
  ['in chunks', 'transfer-encoding: chunked'],
])('a body %s that breaks off is not our failure', async (_, length) => {
  const failures: unknown[] = []
  const { port } = await started(0, { ...silentLog, error: (_message, fields) => failures.push(fields) })
  const socket = connect(port, '127.0.0.1')
  const head = `POST /api/v1/query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded`
  socket.write(`${head}\r\n${length}\r\n\r\n2\r\nqu\r\n`)
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.destroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(failures).toEqual([])
})

describe('the stream', () => {
  test('brings events as they come, and ends when we stop', async () => {
    const { house, port, component } = await started()
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/stream`)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    house.say({ kind: 'finding', event: { type: 'opened', at_ms: finding.since_ms, finding } })
    const [whole] = await Promise.all([response.text(), component.stop()])
    expect(whole).toContain('event: finding\nid: f_0000000000000001-')
    expect(house.listeners.size).toBe(0)
  })

  test('forgets a reader who goes', async () => {
    const { house, port } = await started()
    const gone = new AbortController()
    await fetch(`http://127.0.0.1:${port}/api/v1/stream`, { signal: gone.signal })
    expect(house.listeners.size).toBe(1)
    gone.abort()
    await expect.poll(() => house.listeners.size).toBe(0)
  })
})
