import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import { Unread } from './unread.ts'

const ANSWER = Buffer.alloc(2 ** 24)
/** Much longer than a slow reader pauses: he stands still with us where the machine is busy. */
const PATIENCE_MS = 1500
const open: { destroy: () => void }[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.destroy()
})

/** A server that answers `/` with 16 MiB and `/late` after a while; how many it cut off. */
async function served(options: { bytes?: number; patience_ms?: number }) {
  const counts = { cut: 0 }
  const meter = { ...silentMeter, counter: () => ({ add: (n: number) => void (counts.cut += n) }) }
  const unread = new Unread({ listener: 'tests', bytes: 2 ** 40, patience_ms: PATIENCE_MS, ...options, meter })
  const server = createServer((request, response) => {
    unread.begin(response)
    if (request.url === '/late') setTimeout(() => response.end('late'), PATIENCE_MS * 1.5)
    else response.end(ANSWER)
  })
  unread.watch(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  open.push({ destroy: () => void (server.closeAllConnections(), server.close()) })
  return { port, counts, unread }
}

/** Asks and reads nothing. */
function asked(port: number): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
  socket.on('error', () => undefined)
  open.push(socket)
  return socket
}

/** Asks and reads a little at a time. */
async function length(port: number, path: string, pause_ms = 0): Promise<number> {
  const [response] = (await once(get({ port, path, host: '127.0.0.1' }), 'response')) as [AsyncIterable<Buffer>]
  let bytes = 0
  let paused = 0
  for await (const piece of response) {
    bytes += piece.length
    if (bytes < (paused + 1) * 2 ** 22) continue
    paused++
    await sleep(pause_ms)
  }
  return bytes
}

test('who reads nothing is cut off and counted, and what waited for him is gone', async () => {
  const { port, counts, unread } = await served({})
  asked(port)
  await expect.poll(() => unread.bytes).toBeGreaterThan(2 ** 20)
  await expect.poll(() => counts.cut).toBe(1)
  expect(unread.bytes).toBe(0)
})

test('who reads slowly, or waits long for his answer, is not', async () => {
  const { port, counts } = await served({})
  expect(await Promise.all([length(port, '/', 120), length(port, '/late')])).toEqual([ANSWER.length, 4])
  expect(counts.cut).toBe(0)
})

test('where too much waits for all, those go for whom most does', async () => {
  const { port, counts, unread } = await served({ bytes: 2 ** 25, patience_ms: 60_000 })
  for (let i = 0; i < 6; i++) {
    asked(port)
    await expect.poll(() => unread.bytes).toBeGreaterThan(Math.min(i, 1) * 2 ** 23)
    await sleep(60)
  }
  expect(counts.cut).toBeGreaterThanOrEqual(2)
  expect(unread.bytes).toBeLessThanOrEqual(2 ** 25 + ANSWER.length)
})
