import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

import { afterEach, describe, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import type { Input } from '#core/ports/intake.ts'
import { atOnce } from '#core/steps.ts'

import { createMounts } from '../mounts.ts'
import { linesOf, metrics, nanos, storeWith } from '../testing/decoding.fixture.ts'
import { receiverDeps } from '../testing/receiving.fixture.ts'
import { snappy, version1, version2, type WrittenSeries } from '../testing/remote-write.fixture.ts'
import type { ReceiverLimits } from './receiver.ts'

const TYPE1 = 'application/x-protobuf'
const TYPE2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request'
const SERIES = [{ labels: [['__name__', 'up'] as const], samples: [{ value: 1, timestamp: 1000 }] }]
const opened: (() => void)[] = []

afterEach(() => {
  for (const close of opened.splice(0)) close()
})

/** The mounts alone, without the API around them. */
async function started(limits: Partial<ReceiverLimits> = {}) {
  const deps = receiverDeps(limits)
  const mounts = createMounts(deps, {})
  const server = createServer((request, response) => {
    const mount = mounts.find(({ path }) => path === request.url)
    if (mount === undefined) response.writeHead(404).end()
    else void mount.answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { ...deps, url, write: `${url}/api/v1/write` }
}

function post(url: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': TYPE2, 'content-encoding': 'snappy', ...headers },
  })
}

function writtenOf({ headers }: Response): (string | null)[] {
  return ['samples', 'histograms', 'exemplars'].map((what) => headers.get(`x-prometheus-remote-write-${what}-written`))
}

function linesOfInput(input: Input | undefined): string[] {
  if (input?.kind !== 'samples') return []
  const store = storeWith()
  return linesOf(atOnce(input.decode(store)).samples, store)
}

describe('remote write', () => {
  test.each([
    ['version 2', { 'content-type': TYPE2 }, version2],
    ['version 1', { 'content-type': TYPE1 }, version1],
    ['version 1 by its name', { 'content-type': `${TYPE1}; proto=prometheus.WriteRequest` }, version1],
    ['version 1 that says nothing', { 'content-type': TYPE1, 'content-encoding': '' }, version1],
  ])('of %s is taken', async (_, headers, write) => {
    const { write: url, intake, meter } = await started()
    intake.answer = () => ({ rejected: 0, message: '', written: { samples: 1, histograms: 2, exemplars: 3 } })
    const response = await post(url, snappy(write(SERIES)), headers)
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(writtenOf(response)).toEqual(['1', '2', '3'])
    expect(linesOfInput(intake.inputs[0])).toEqual(['up unknown  1000 1'])
    expect(meter.counts['barograph.collector.requests{receiver=remote_write,signal=metrics,outcome=ok}']).toBe(1)
  })

  test('that is taken in part tells so, with what was written', async () => {
    const { write, intake, meter } = await started()
    intake.answer = () => ({
      rejected: 2,
      message: 'too old (2)',
      written: { samples: 5, histograms: 0, exemplars: 0 },
    })
    const response = await post(write, snappy(version2(SERIES)))
    expect([response.status, await response.text()]).toEqual([400, 'too old (2)\n'])
    expect(writtenOf(response)).toEqual(['5', '0', '0'])
    expect(meter.counts['barograph.collector.requests{receiver=remote_write,signal=metrics,outcome=partial}']).toBe(1)
  })

  test('counts no 0 of ours among what was written', async () => {
    const { write, intake } = await started()
    const store = storeWith()
    intake.answer = (input) => {
      if (input.kind !== 'samples') throw new Error('samples are sent')
      const samples = atOnce(input.decode(store)).samples.floats.length
      return { rejected: 0, message: '', written: { samples, histograms: 0, exemplars: 0 } }
    }
    const one = (name: string, timestamp: number): WrittenSeries => {
      return { labels: [['__name__', name]], samples: [{ value: 1, timestamp, startTimestamp: timestamp - 5 }] }
    }
    const time = 1_700_000_000_000
    await post(write, snappy(version2([one('a_total', time)])))
    expect(writtenOf(await post(write, snappy(version2([one('b_total', time + 10)]))))).toEqual(['1', '0', '0'])
  })

  test.each([
    ['bad_data', 400, null],
    ['overloaded', 503, '1'],
    ['unavailable', 503, '1'],
  ] as const)('that is refused with %s gets %d', async (code, status, retry) => {
    const { write, intake } = await started()
    intake.answer = () => {
      throw new ServiceError(code, 'because')
    }
    const response = await post(write, snappy(version2(SERIES)))
    expect([response.status, await response.text(), response.headers.get('retry-after')]).toEqual([
      status,
      'because\n',
      retry,
    ])
    expect(writtenOf(response)).toEqual(['0', '0', '0'])
  })

  test('of a body that is refused before it is read to its end is told so, not cut off', async () => {
    const { url } = await started({ body: 1000 })
    const { port } = new URL(url)
    const told = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect(Number(port), '127.0.0.1')
        const body = Buffer.alloc(2 ** 21)
        socket.write(
          `POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Type: ${TYPE1}\r\nContent-Length: ${body.length}\r\n\r\n`,
        )
        // As a sender does who looks at the answer only when all is sent.
        await new Promise((resolve) => socket.write(body, resolve))
        const [answer] = (await once(socket, 'data')) as [Buffer]
        socket.destroy()
        return answer.toString('latin1', 9, 12)
      }),
    )
    expect(new Set(told)).toEqual(new Set(['413']))
  })

  test('that meets a bug of ours gets 500 and no details', async () => {
    const { write, intake } = await started()
    intake.answer = () => {
      throw new Error('BUG: secret')
    }
    const response = await post(write, snappy(version2(SERIES)))
    expect([response.status, await response.text()]).toEqual([500, 'internal error; see the log\n'])
  })

  test.each([
    [415, { 'content-type': 'application/json' }],
    [415, { 'content-type': `${TYPE1};proto=io.prometheus.write.v3.Request` }],
    [415, { 'content-encoding': 'zstd' }],
    [415, { 'content-encoding': 'gzip' }],
    [405, undefined],
  ])('in another form gets %d: %j', async (status, headers) => {
    const { write, intake } = await started()
    const response = headers === undefined ? await fetch(write) : await post(write, snappy(version2(SERIES)), headers)
    expect(response.status).toBe(status)
    expect(writtenOf(response)).toEqual(['0', '0', '0'])
    expect(intake.inputs).toEqual([])
  })

  test('that would burst is refused before it is inflated', async () => {
    const { write, bodies } = await started({ body_inflated: 1000 })
    expect((await post(write, snappy(new Uint8Array(1001)))).status).toBe(413)
    // What it says is enough.
    expect((await post(write, Uint8Array.of(0xff, 0xff, 0x7f, 0))).status).toBe(413)
    const busy = await started({ bodies_in_flight: 1000 })
    const response = await post(busy.write, snappy(new Uint8Array(2000)))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect([bodies.used, busy.bodies.used]).toEqual([0, 0])
  })

  test('that is no snappy is bad data', async () => {
    const { write, intake } = await started()
    expect((await post(write, new Uint8Array(Buffer.from('hello')))).status).toBe(400)
    expect(intake.inputs).toEqual([])
  })
})

describe('OTLP on the path of Prometheus', () => {
  test('is answered as on its own port', async () => {
    const { url, intake, meter } = await started()
    const gauge = { name: 'x', gauge: { dataPoints: [{ timeUnixNano: nanos(5), asInt: '1' }] } }
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(metrics(gauge))
    const taken = await fetch(`${url}/api/v1/otlp/v1/metrics`, { method: 'POST', headers, body })
    expect([taken.status, await taken.text()]).toEqual([200, '{}'])
    expect(intake.inputs).toMatchObject([{ kind: 'otlp', signal: 'metrics', encoding: 'json' }])
    expect((await fetch(`${url}/api/v1/otlp/v1/metrics`)).status).toBe(405)
    expect(meter.counts['barograph.collector.requests{receiver=otlp_api,signal=metrics,outcome=ok}']).toBe(1)
  })
})
