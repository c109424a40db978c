// Incidents and findings in a real Elasticsearch, and a process whose Elasticsearch is not there. Set BAROGRAPH_TEST_ELASTICSEARCH.
import { createServer, type AddressInfo } from 'node:net'

import { afterEach, describe, expect, test } from 'vitest'

import { endAll, Server, until } from './process/barograph.ts'
import { SHOP_RULES, shopUntil, SIGNALS } from './process/shop.ts'
import { Webhook } from './process/webhook.ts'

const ELASTICSEARCH = process.env['BAROGRAPH_TEST_ELASTICSEARCH'] ?? ''

afterEach(endAll)

async function faulty(set: readonly string[]): Promise<{ server: Server; id: string }> {
  const server = await Server.start({ rules: SHOP_RULES, set })
  const { requests } = shopUntil(Date.now())
  for (const signal of SIGNALS) for (const request of requests[signal]) await server.post(signal, request)
  const { id } = await server.incidentOf(4, 1)
  return { server, id }
}

/** Documents of an index or a data stream with one of these ids. */
async function documents(index: string, ids: readonly string[]): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${ELASTICSEARCH}/${index}/_search?size=100`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: { ids: { values: ids } } }),
  })
  // The index is not there yet, or its first shard is not.
  if (!response.ok) return []
  const { hits } = (await response.json()) as { hits: { hits: { _source: Record<string, unknown> }[] } }
  return hits.hits.map(({ _source }) => _source)
}

describe.skipIf(ELASTICSEARCH === '')(
  'Elasticsearch (skipped unless BAROGRAPH_TEST_ELASTICSEARCH names a server)',
  () => {
    test('holds the incident, as it is now, and its findings', async () => {
      const { server, id } = await faulty([`elasticsearch={url: "${ELASTICSEARCH}"}`])
      const found = await until('the document', async () => (await documents('barograph-incidents', [id]))[0])
      expect(found).toMatchObject({ id, severity: 'critical', state: 'open' })
      const ids = (await server.findingIds()).map((finding) => `${finding}-open`)
      const findings = await until('their documents', async () => {
        const all = await documents('barograph-findings', ids)
        return all.length === ids.length ? all : undefined
      })
      expect(findings.map((finding) => finding['service'])).toContain('payments-db')
      await server.send(`/api/v1/incidents/${id}/resolve`, { by: 'ada' })
      await until('its end', async () => {
        const [now] = await documents('barograph-incidents', [id])
        return now?.['state'] === 'resolved' ? now : undefined
      })
      expect(await server.stop()).toBe(0)
      expect(server.stderr).toBe('barograph: stopping\n')
    })
  },
)

test('without the Elasticsearch that is configured everything else works, and it is said once', async () => {
  const nobody = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => nobody.once('listening', resolve))
  const { port } = nobody.address() as AddressInfo
  await new Promise((resolve) => nobody.close(resolve))
  const hook = await Webhook.start()
  try {
    const { server, id } = await faulty([`elasticsearch={url: "http://127.0.0.1:${port}"}`, hook.setting])
    await until('the message', () => hook.of('BarographIncident')[0])
    expect((await server.openIncidents()).map((incident) => incident.id)).toEqual([id])
    expect(await server.stop()).toBe(0)
    const said = server.stderr.split('\n').filter((line) => line.startsWith('{'))
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(`127.0.0.1:${port}`)
    expect(said[0]).toContain('ECONNREFUSED')
  } finally {
    await hook.stop()
  }
})
