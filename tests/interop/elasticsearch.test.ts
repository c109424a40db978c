// A real Elasticsearch as the place of our documents. Set BAROGRAPH_TEST_ELASTICSEARCH to its address.
import { connect, createServer, type Server } from 'node:net'

import { afterAll, afterEach, describe, expect, test } from 'vitest'

import type { Log } from '#core/ports/log.ts'

import { House, type HouseOptions } from '../../alerting/testing/house.fixture.ts'
import { Peer } from '../../alerting/testing/peer.fixture.ts'
import { alert, change, closed, finding, graphOf, MIN, opened, S, T0 } from '../../alerting/testing/story.fixture.ts'

const ELASTICSEARCH = process.env['BAROGRAPH_TEST_ELASTICSEARCH'] ?? ''
/** The server keeps what earlier runs wrote. */
const mark = `${process.pid}-${Date.now()}`

interface Hit {
  readonly id: string
  readonly index: string
  readonly version: number
  readonly source: Readonly<Record<string, unknown>>
}

async function ask<Answer>(path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${ELASTICSEARCH}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Answer
}

/** What is in an index and has a term, in order of id. */
async function found(index: string, term: Readonly<Record<string, string>>): Promise<Hit[]> {
  await ask(`/${index}/_refresh`)
  const query = { query: { term }, version: true, size: 100 }
  type Answer = { hits: { hits: { _id: string; _index: string; _version: number; _source: Hit['source'] }[] } }
  const { hits } = await ask<Answer>(`/${index}/_search`, query)
  return hits.hits
    .map(({ _id: id, _index: home, _version: version, _source: source }) => ({ id, index: home, version, source }))
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
}

/** A road to the server that can be closed. */
class Gate {
  readonly #server: Server = createServer((socket) => {
    const { hostname, port } = new URL(ELASTICSEARCH)
    const there = connect(Number(port), hostname)
    const end = (): void => void [socket.destroy(), there.destroy()]
    for (const one of [socket, there]) one.on('error', end).on('close', end)
    this.#ends.add(end)
    socket.pipe(there).pipe(socket)
  })
  readonly #ends = new Set<() => void>()

  open(port = 0): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(port, '127.0.0.1', () => resolve((this.#server.address() as { port: number }).port))
    })
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe.skipIf(ELASTICSEARCH === '')('Elasticsearch (skipped unless BAROGRAPH_TEST_ELASTICSEARCH names one)', () => {
  const houses: House[] = []
  const rest: { close(): Promise<void> }[] = []
  const [db, checkout] = [`payments-${mark}`, `checkout-${mark}`]
  const graph = graphOf(`${checkout}>${db}`)
  const elasticsearch = { url: ELASTICSEARCH, write: ['incidents', 'findings'] } as const
  async function house(options: HouseOptions): Promise<House> {
    const one = new House({ graph, ...options })
    houses.push(one)
    await one.alerting.sender.start()
    return one
  }
  afterEach(async () => {
    for (const one of houses.splice(0)) await one.stop()
  })
  afterAll(async () => {
    for (const one of rest) await one.close()
  })

  test('has an incident once, as it is now, and each finding as it opened and as it closed', async () => {
    const one = await house({ config: { elasticsearch } })
    const deploy = change(db, -MIN)
    const [slow, symptom] = [finding(db, 0, { peak_score: 9 }), finding(checkout, 10 * S)]
    const errors = alert({ service: checkout, severity: 'critical' }, 20 * S, { value: NaN })
    one.change(deploy)
    one.finding(opened(slow))
    one.finding(opened(symptom))
    one.fire(errors)
    await one.pass(0, 30 * S)
    const id = one.incidents()[0]?.id ?? ''
    expect(await found('barograph-incidents', { id })).toMatchObject([
      { id, index: 'barograph-incidents', source: { state: 'open', severity: 'critical', cause: db } },
    ])
    one.end(errors, MIN)
    for (const each of [slow, symptom]) one.finding(closed(each, MIN))
    await one.pass(MIN, 8 * MIN)
    expect(await found('barograph-incidents', { services: db })).toMatchObject([
      {
        id,
        source: {
          state: 'resolved',
          title: `${checkout} failing: ${db}`,
          resolved_at: new Date(T0 + 6 * MIN).toISOString(),
          findings: [slow.id, symptom.id],
          changes: [deploy.id],
        },
      },
    ])
    for (const each of [slow, symptom]) {
      const documents = await found('barograph-findings', { 'labels.service_name': each.service })
      expect(documents.map(({ id: name, source }) => [name, source['state']])).toEqual([
        [`${each.id}-closed`, 'closed'],
        [`${each.id}-open`, 'open'],
      ])
    }
  })

  test('has them once after a restart that writes them again', async () => {
    const before = await found('barograph-findings', { service: db })
    const one = await house({ config: { elasticsearch } })
    const slow = finding(db, 0, { peak_score: 9 })
    one.finding(opened(slow))
    one.finding(closed(slow, MIN))
    await one.pass(0, 2 * S)
    expect(await found('barograph-findings', { service: db })).toEqual(before)
  })

  test('keeps findings in a data stream and searches them by our types', async () => {
    const [one] = await found('barograph-findings', { service: db })
    expect(one?.index).toMatch(/^\.ds-barograph-findings-/)
    const { index_templates } = await ask<{ index_templates: { name: string }[] }>(
      '/_index_template/barograph-findings',
    )
    expect(index_templates).toHaveLength(1)
  })

  test('that is away is spoken of once, nothing else waits for it, and it gets what it missed', async () => {
    const gate = new Gate()
    const port = await gate.open()
    await gate.close()
    const hook = new Peer()
    const url = await hook.start()
    const lines: string[] = []
    const keep = (message: string, fields?: object): void => void lines.push(`${message} ${JSON.stringify(fields)}`)
    const log: Log = { debug: keep, info: keep, warn: keep, error: keep }
    const away = { ...elasticsearch, url: `http://127.0.0.1:${port}` }
    const config = { elasticsearch: away, webhooks: [{ url, headers: {}, send_resolved: true }] }
    const one = await house({ config, log })
    const lost = finding(`lost-${mark}`, 0)
    one.finding(opened(lost))
    await one.pass(0, 3 * MIN)
    one.finding(closed(lost, 3 * MIN))
    await one.pass(3 * MIN, 9 * MIN)
    const told = (hook.bodies() as { status: string }[]).map(({ status }) => status)
    expect(told).toEqual(['firing', 'resolved'])
    expect(lines).toEqual([
      expect.stringContaining(`a channel fails {"channel":"elasticsearch http://127.0.0.1:${port}`),
    ])

    const again = new Gate()
    rest.push(again)
    await again.open(port)
    await one.pass(9 * MIN, 15 * MIN)
    const documents = await found('barograph-findings', { service: `lost-${mark}` })
    expect(documents.map(({ id }) => id)).toEqual([`${lost.id}-closed`, `${lost.id}-open`])
    const incidents = await found('barograph-incidents', { services: `lost-${mark}` })
    expect(incidents).toMatchObject([{ version: 1, source: { state: 'resolved' } }])
    expect(lines.slice(1)).toEqual([expect.stringContaining('a channel works again')])
    await hook.stop()
  })
})
