// Connections that bring nothing: how many may be held, for how long, and what becomes of those who have something to say.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, describe, expect, test } from 'vitest'

import type { Log } from '#core/ports/log.ts'

import { countingMeter } from '../../collector/testing/decoding.fixture.ts'
import { Barograph } from './barograph.ts'
import { gauges } from './shop.ts'

const MOST = 20
const LISTENERS = [
  ['listen.http', 'apiUrl'],
  ['listen.otlp_http', 'otlpUrl'],
  ['listen.otlp_grpc', 'grpcUrl'],
] as const

const sockets: Socket[] = []
let barograph: Barograph | undefined
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await barograph?.stop()
})

async function started() {
  const said: string[] = []
  const log: Log = { debug() {}, info() {}, error() {}, warn: (message) => said.push(message) }
  const meter = countingMeter()
  barograph = await Barograph.start({ rules: 'groups: []', set: [`limits.connections=${MOST}`], meter, log })
  return { barograph, counts: meter.counts, said }
}

/** Open, or cut off at once; told of its end. */
async function opened(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  socket.resume()
  await sleep(50)
  return socket
}

/** Open, or cut off at once. */
async function silent(url: string, count: number): Promise<void> {
  const port = Number(new URL(url).port)
  for (let i = 0; i < count; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    sockets.push(socket)
    await once(socket, 'connect')
  }
}

const sent = (one: Barograph): Promise<number> =>
  one.post('/v1/metrics', gauges('level', '', one.now_ms, { shop: 1 })).then(
    ({ status }) => status,
    () => 0,
  )

test.each([
  ['CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n', 405],
  ['\u0016\u0003\u0001', 400],
])('what is no HTTP of ours is answered and counted by either listener: %j', async (said, status) => {
  const { barograph: one, counts } = await started()
  for (const url of [one.service.apiUrl, one.service.otlpUrl]) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(said))
    sockets.push(socket)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  }
  expect(counts[`barograph.api.requests{route=none,method=other,status=${status}}`]).toBe(1)
  expect(counts[`barograph.collector.requests{receiver=otlp_http,signal=none,outcome=http_${status}}`]).toBe(1)
})

describe('connections on which nothing is said', () => {
  test.each(LISTENERS)('%s: those beyond the limit are cut off, counted, and told once', async (listener, url) => {
    const { barograph: one, counts, said } = await started()
    await silent(one.service[url], MOST + 10)
    await expect.poll(() => counts[`barograph.connections.refused{listener=${listener}}`]).toBe(10)
    expect(said).toEqual([expect.stringContaining('limits.connections')])
    // Whoever comes by another door does not notice.
    if (listener !== 'listen.http') expect((await fetch(`${one.service.apiUrl}/-/ready`)).status).toBe(200)
    if (listener !== 'listen.otlp_http') expect(await sent(one)).toBe(200)
  })

  test('they are closed by and by, and who was cut off gets in without our doing', async () => {
    const { barograph: one, counts } = await started()
    await silent(one.service.otlpUrl, MOST)
    expect(await sent(one)).toBe(0)
    const late = 'barograph.collector.requests{receiver=otlp_http,signal=none,outcome=http_408}'
    // Where we were slow, some of them have made room for who came.
    const cut = 'barograph.connections.refused{listener=listen.otlp_http}'
    const closed = (): number => (counts[late] ?? 0) + (counts[cut] ?? 0) - 1
    await expect.poll(closed).toBe(MOST)
    await expect.poll(() => sent(one)).toBe(200)
  })

  test.each(LISTENERS)(
    '%s: one on which nothing was said for a second makes room for who comes',
    async (listener, url) => {
      const { barograph: one, counts } = await started()
      await silent(one.service[url], MOST)
      await sleep(1100)
      // The first is cut off, and its place is there for the next.
      const [cut, kept] = [await opened(one.service[url]), await opened(one.service[url])]
      await expect.poll(() => cut.destroyed).toBe(true)
      await sleep(100)
      expect(kept.destroyed).toBe(false)
      expect(counts[`barograph.connections.refused{listener=${listener}}`]).toBe(1 + 16)
    },
  )

  test('one that is only kept alive makes room at once', async () => {
    const { barograph: one } = await started()
    const { port, host } = new URL(one.service.otlpUrl)
    for (let i = 0; i < MOST; i++) {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined)
      sockets.push(socket)
      socket.write(
        `POST /v1/metrics HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
      )
      await once(socket, 'data')
    }
    // The first who does not fit is cut off; the next one finds room.
    await expect.poll(() => sent(one), { timeout: 2000, interval: 50 }).toBe(200)
  })
})
