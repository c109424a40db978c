// What senders should not send: each gets a clear answer and is counted, what is good beside it is kept, and the process lives.
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { countingMeter } from '../../collector/testing/decoding.fixture.ts'
import { Barograph, BEGIN, SECOND } from './barograph.ts'
import { bodies, type Case, good, JSON_TYPE, MIB, points, PROTO, refused } from './garbage.ts'

const meter = countingMeter()
let barograph: Barograph

beforeAll(async () => {
  barograph = await Barograph.start({ rules: 'groups: []', packs: true, meter })
})
afterAll(async () => {
  await barograph.stop()
})

/** By node:http: a server may answer before it has read everything. */
async function send(
  { path = '/v1/metrics', method = 'POST', headers = JSON_TYPE }: Partial<Case>,
  write: (request: ClientRequest) => void,
): Promise<{ status: number; answer: string }> {
  const { host, port } = new URL(barograph.service.otlpUrl)
  const request = httpRequest({ host: 'localhost', port, path, method, headers: { host, ...headers } })
  request.on('error', () => undefined)
  write(request)
  const [response] = await once(request, 'response')
  // Quotes within JSON are easier to expect without their escapes.
  return { status: response.statusCode, answer: (await textOf(response)).replaceAll(String.raw`\"`, '"') }
}

async function holds(selector: string): Promise<number> {
  const parameters = new URLSearchParams({ query: `count(${selector})`, time: String(BEGIN / 1000) })
  const { data } = await barograph.get<{ data: { result: { value: [number, string] }[] } }>(
    `/api/v1/query?${parameters.toString()}`,
  )
  return Number(data.result[0]?.value[1] ?? 0)
}

describe.each([
  ['a request that nobody can read', bodies],
  ['a request of which some can be kept', points],
])('%s', (_, cases) => {
  test.each(cases)('$what: $status', async ({ body, status, says, counts, kept, ...rest }) => {
    const before = { ...meter.counts }
    const response = await send(rest, (request) => request.end(body()))
    expect(response.status).toBe(status)
    if (says === '') expect(['', '{}']).toContain(response.answer)
    else expect(response.answer).toMatch(says)
    for (const name of counts) expect([name, meter.counts[name]]).not.toEqual([name, before[name]])
    if (kept !== undefined) expect(await holds(`${kept}{good="yes"}`)).toBe(1)
  })
})

test('100 MB in chunks, of no announced length, are refused when they are too many', async () => {
  const { status, answer } = await send({}, (request) => {
    const chunk = Buffer.alloc(MIB, ' ')
    for (let i = 0; i < 100; i++) request.write(chunk)
    request.end()
  })
  expect([status, answer]).toEqual([413, expect.stringContaining('a body may have 67108864 bytes')])
})

test.each([
  ['no HTTP at all', 'garbage\r\n\r\n', 400],
  ['a head without end', `POST /v1/metrics HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`, 431],
])('%s is answered, and counted', async (_, bytes, status) => {
  const [name] = refused(`http_${status}`, 'none')
  const before = meter.counts[name!] ?? 0
  const socket = connect(Number(new URL(barograph.service.otlpUrl).port), 'localhost', () => socket.write(bytes))
  expect(await textOf(socket)).toContain(`HTTP/1.1 ${status} `)
  expect(meter.counts[name!]).toBe(before + 1)
})

test('a sender that goes away in the middle is counted', async () => {
  const [name] = refused('canceled')
  const { host, port } = new URL(barograph.service.otlpUrl)
  const socket = connect(Number(port), 'localhost', () => {
    socket.write(`POST /v1/metrics HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`)
    socket.write('content-length: 1000\r\n\r\n{"a', () => setTimeout(() => socket.destroy(), 50))
  })
  await expect.poll(() => meter.counts[name!]).toBe(1)
})

test('after all of it the process works, and nothing has leaked into every object', async () => {
  await barograph.pass(15 * SECOND)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  expect(await send({ headers: PROTO }, (request) => request.end(good))).toEqual({ status: 200, answer: '' })
  expect(await holds('fine')).toBe(1)
  expect(await holds('proto_attribute{__proto__="x"}')).toBe(1)
  expect(Object.keys(meter.counts).filter((name) => name.includes('code=internal'))).toEqual([])
})
