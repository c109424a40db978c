// A Barograph process that is killed, stopped, started twice or told to read its rules again.
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'

import { afterEach, describe, expect, test } from 'vitest'

import { activeAlerts, ALERTMANAGER } from './process/alertmanager.ts'
import { barograph, endAll, Server, serverArgs, temporaryFolder, until } from './process/barograph.ts'
import { type Shop, SHOP_RULES, shopUntil, SIGNALS } from './process/shop.ts'
import { Webhook } from './process/webhook.ts'

const servers: { stop(): Promise<void> }[] = []

afterEach(async () => {
  await endAll()
  for (const one of servers.splice(0)) await one.stop()
})

async function webhook(): Promise<Webhook> {
  const started = await Webhook.start()
  servers.push(started)
  return started
}

async function posted(server: Server, { requests }: Shop): Promise<void> {
  for (const signal of SIGNALS) for (const request of requests[signal]) await server.post(signal, request)
}

/** All that a restart has to keep, as the API tells it. */
async function everything(server: Server, { end_ms }: Shop) {
  return {
    incidents: await server.incidents(),
    findings: await server.get<unknown>('/api/v1/findings?limit=1000'),
    scores: await server.get<unknown>('/api/v1/scores?limit=1000'),
    graph: await server.get<unknown>('/api/v1/graph'),
    counts: await server.query('count_over_time(latency_seconds[2h])', end_ms),
    sums: await server.query('sum_over_time(latency_seconds[2h])', end_ms),
    scored: await server.query('count_over_time(barograph_score[2h])', end_ms),
  }
}

function journalBytes(server: Server): number {
  const folder = join(server.folder, 'data/journal')
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
}

describe('a process that is killed', () => {
  test('comes back with everything, and tells nobody twice', async () => {
    const hook = await webhook()
    const alertmanager = ALERTMANAGER === '' ? [] : [`alertmanager.urls=["${ALERTMANAGER}"]`]
    const setup = { rules: SHOP_RULES, set: [hook.setting, 'resend=2s', ...alertmanager] }
    const first = await Server.start(setup)
    const shop = shopUntil(Date.now())
    await posted(first, shop)
    const { id } = await first.incidentOf(4, 1)
    const isIt = `incident_id=${id}`
    await until('the message', () => hook.of('BarographIncident')[0])
    const before = await everything(first, shop)
    if (ALERTMANAGER !== '') await until('the alert', async () => (await activeAlerts(isIt))[0])
    await first.kill()

    const second = await Server.start(setup, first.folder)
    expect(await everything(second, shop)).toEqual(before)
    // The same requests again, as a client that did not hear the answer sends them.
    for (const request of shop.requests.metrics.slice(-3)) await second.post('metrics', request)
    const sent = async (): Promise<string> => (await activeAlerts(isIt))[0]?.endsAt ?? ''
    if (ALERTMANAGER !== '') {
      const known = await sent()
      await until('the alert again', async () => ((await sent()) > known ? true : undefined))
      expect(await activeAlerts(isIt)).toHaveLength(1)
    }
    expect(await second.query('count_over_time(latency_seconds[2h])', shop.end_ms)).toEqual(before.counts)
    expect(await second.incidents()).toEqual(before.incidents)
    expect(hook.of('BarographIncident').map(({ status }) => status)).toEqual(['firing'])
    expect(hook.of('CheckoutSlow').map(({ status }) => status)).toEqual(['firing'])
    await second.send(`/api/v1/incidents/${id}/resolve`, {})
    await until('the end of it', () => hook.of('BarographIncident')[1])
    expect(hook.of('BarographIncident').map(({ status }) => status)).toEqual(['firing', 'resolved'])
  })

  test('before it could tell anybody tells it when it is back, once', async () => {
    const hook = await webhook()
    hook.status = 503
    const setup = { rules: SHOP_RULES, set: [hook.setting] }
    const first = await Server.start(setup)
    await posted(first, shopUntil(Date.now()))
    await first.incidentOf(4, 1)
    await first.kill()
    hook.status = 200
    await Server.start(setup, first.folder)
    await until('the message', () => hook.of('BarographIncident')[0])
    await until('the alert', () => hook.of('CheckoutSlow')[0])
    expect(hook.taken).toHaveLength(2)
  })
})

describe('a process that is stopped', () => {
  test('has folded its journal into the checkpoint, and comes back with everything', async () => {
    const setup = { rules: SHOP_RULES }
    const first = await Server.start(setup)
    const shop = shopUntil(Date.now())
    await posted(first, shop)
    await first.incidentOf(4, 1)
    const before = await everything(first, shop)
    const grown = journalBytes(first)
    expect(await first.stop()).toBe(0)
    expect(first.stderr).toBe('barograph: stopping\n')
    expect(readdirSync(join(first.folder, 'data'))).not.toContain('lock')
    expect(journalBytes(first)).toBeLessThan(grown / 10)

    const second = await Server.start(setup, first.folder)
    expect(await everything(second, shop)).toEqual(before)
    expect(second.stderr).toBe('')
    expect(second.startup_ms).toBeLessThan(3 * first.startup_ms + 5000)
  })
})

describe('in the middle of requests', () => {
  test.each(['stop', 'kill'] as const)('%s: what was answered is there, though somebody listened', async (how) => {
    const setup = { rules: SHOP_RULES }
    const first = await Server.start(setup)
    const { requests, end_ms } = shopUntil(Date.now())
    const listening = await fetch(`${first.apiUrl}/api/v1/stream`)
    let answered = 0
    const posting = (async () => {
      for (const request of requests.metrics) {
        await first.post('metrics', request)
        answered++
      }
    })().catch(() => undefined)
    await until('some requests', () => (answered > 40 ? true : undefined))
    const ending = performance.now()
    await first[how]()
    expect(performance.now() - ending).toBeLessThan(8000)
    await Promise.all([posting, listening.text().catch(() => '')])

    const second = await Server.start(setup, first.folder)
    const { checkout } = await second.query('count_over_time(latency_seconds[2h])', end_ms)
    expect([answered, answered + 1]).toContain(checkout)
    expect(answered).toBeLessThan(requests.metrics.length)
  })
})

describe('what stands in the way of starting is said in a line', () => {
  test('another process with the same data', async () => {
    const setup = { rules: SHOP_RULES }
    const first = await Server.start(setup)
    const second = await barograph(serverArgs(first.folder, setup))
    expect(second).toMatchObject({ code: 1, out: '' })
    expect(second.err).toMatch(/^barograph: data: \S+ is in use by process \d+; stop it, or .*--set data=DIR\n$/)
    expect(await first.incidents()).toEqual([])
  })

  test.each(['listen.http', 'listen.otlp_http', 'listen.otlp_grpc'])('a port that is taken: %s', async (key) => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    servers.push({ stop: () => new Promise((resolve) => taken.close(() => resolve())) })
    const { port } = taken.address() as AddressInfo
    const folder = temporaryFolder()
    const failed = await barograph(serverArgs(folder, { rules: SHOP_RULES, set: [`${key}=${port}`] }))
    expect(failed).toMatchObject({ code: 1, out: '' })
    expect(failed.err).toMatch(new RegExp(`^barograph: .*${port}.*\\n$`))
    expect(failed.err).toContain(key)
    expect(readdirSync(join(folder, 'data'))).not.toContain('lock')
  })
})

describe('SIGHUP', () => {
  test('reads the rules again; bad ones are refused with the reason, and the old ones stay', async () => {
    const server = await Server.start({ rules: SHOP_RULES })
    const file = join(server.folder, 'rules.yml')
    const names = async (): Promise<string[]> => {
      const { data } = await server.get<{ data: { groups: { rules: { name: string }[] }[] } }>('/api/v1/rules')
      return data.groups.flatMap(({ rules }) => rules.map(({ name }) => name))
    }
    const more = '      - alert: CatalogSlow\n        expr: latency_seconds{service_name="catalog"} > 0.1\n'
    writeFileSync(file, SHOP_RULES + more)
    server.hangUp()
    await until('the new rule', async () => ((await names()).includes('CatalogSlow') ? true : undefined))
    writeFileSync(file, SHOP_RULES.replace('> 0.2', '> 0.2 +'))
    server.hangUp()
    await until('the reason', () => (server.stderr.includes('kept as they were') ? true : undefined))
    expect(server.stderr).toContain(`${file}:`)
    expect(server.stderr).toMatch(/parse error/)
    expect(await names()).toContain('CatalogSlow')
    expect(await names()).toContain('CheckoutSlow')
  })
})
