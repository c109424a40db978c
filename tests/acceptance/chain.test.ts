import { afterEach, describe, expect, test } from 'vitest'

import { Barograph, BEGIN, MINUTE, Receiver, SECOND, type SentAlert } from './barograph.ts'
import { gauges, Latencies, logs, trace } from './shop.ts'

const RULES = `
groups:
  - name: shop
    interval: 10s
    rules:
      - anomaly: LatencyUnusual
        expr: latency_seconds
        direction: up
        budget: 1/week
        for: 30s
        labels: {severity: critical}
        annotations: {summary: 'latency of {{ $labels.service_name }} is {{ $value | humanizeDuration }}'}
      - alert: CheckoutSlow
        expr: latency_seconds{service_name="checkout"} > 0.2
        for: 20s
        labels: {severity: critical}
`

interface IncidentForm {
  id: string
  state: string
  severity: string
  title: string
  services: string[]
  causes: { service: string; share: number; change?: string }[]
  joins: { member: string; reason: string }[]
}

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
})

async function started(alertmanager: Receiver, data?: string, begin_ms?: number): Promise<Barograph> {
  const barograph = await Barograph.start({
    rules: RULES,
    set: [`alertmanager.urls=["${alertmanager.url}"]`],
    ...(data !== undefined && { data }),
    ...(begin_ms !== undefined && { begin_ms }),
  })
  running.push(barograph)
  return barograph
}

/** Every ten seconds: latencies, a trace, a line of log. */
function shop(barograph: Barograph, latencies: Latencies) {
  return async (now_ms: number): Promise<void> => {
    if (now_ms % (10 * SECOND) !== 0) return
    await barograph.post('/v1/metrics', gauges('latency', 's', now_ms, latencies.at()))
    await barograph.post('/v1/traces', trace(now_ms / 1000, now_ms, ['checkout', 'payments', 'payments-db']))
    await barograph.post(
      '/v1/logs',
      logs(
        'payments-db',
        now_ms,
        latencies.slow ? 17 : 9,
        latencies.slow ? [`statement took ${now_ms % 977} ms: sequential scan`] : ['statement done'],
      ),
    )
  }
}

const isFiring = ({ endsAt }: SentAlert, now_ms: number): boolean => Date.parse(endsAt) > now_ms

async function openIncidents(barograph: Barograph): Promise<IncidentForm[]> {
  return (await barograph.get<{ incidents: IncidentForm[] }>('/api/v1/incidents?state=open,acknowledged')).incidents
}

describe('a slow database after a deploy', () => {
  test('is one incident with its cause and its deploy, is sent once, and resolves', async () => {
    const alertmanager = await Receiver.start()
    running.push(alertmanager)
    const barograph = await started(alertmanager)
    const latencies = new Latencies()
    await barograph.pass(40 * MINUTE, shop(barograph, latencies))
    expect(await openIncidents(barograph)).toEqual([])

    await barograph.send('/api/v1/changes', {
      kind: 'deploy',
      service: 'payments-db',
      title: 'payments-db v2.4.1',
      at: new Date(barograph.now_ms).toISOString(),
    })
    latencies.slow = true
    await barograph.pass(3 * MINUTE, shop(barograph, latencies))

    const incidents = await openIncidents(barograph)
    expect(incidents.length).toBe(1)
    const [incident] = incidents
    expect(incident!.severity).toBe('critical')
    expect(incident!.services).toEqual(expect.arrayContaining(['checkout', 'payments', 'payments-db']))
    expect(incident!.services).not.toContain('catalog')
    expect(incident!.causes[0]!.service).toBe('payments-db')
    expect(incident!.causes[0]!.change).toMatch(/^c_/)
    expect(incident!.joins.length).toBeGreaterThanOrEqual(3)

    const sent = alertmanager.alerts('BarographIncident')
    expect(new Set(sent.map(({ labels }) => labels['incident_id']))).toEqual(new Set([incident!.id]))
    expect(sent[0]!.labels).toMatchObject({ service: 'payments-db', severity: 'critical' })
    expect(new Set(sent.map(({ labels }) => JSON.stringify(labels))).size).toBe(1)
    expect(isFiring(sent.at(-1)!, barograph.now_ms)).toBe(true)
    const rule = alertmanager.alerts('CheckoutSlow')
    expect(rule.length).toBeGreaterThan(0)
    expect(new Set(rule.map(({ startsAt }) => startsAt)).size).toBe(1)

    latencies.slow = false
    await barograph.pass(40 * MINUTE, shop(barograph, latencies))
    expect(await openIncidents(barograph)).toEqual([])
    const { state } = await barograph.get<IncidentForm>(`/api/v1/incidents/${incident!.id}`)
    expect(state).toBe('resolved')
    for (const name of ['BarographIncident', 'CheckoutSlow'])
      expect(isFiring(alertmanager.alerts(name).at(-1)!, barograph.now_ms)).toBe(false)
  })

  test('is the same incident after the process is killed in the middle, and nobody is told twice', async () => {
    const alertmanager = await Receiver.start()
    running.push(alertmanager)
    const first = await started(alertmanager)
    const latencies = new Latencies()
    await first.pass(40 * MINUTE, shop(first, latencies))
    latencies.slow = true
    await first.pass(3 * MINUTE, shop(first, latencies))
    const [before] = await openIncidents(first)
    const findings = await first.get<{ findings: { id: string }[] }>('/api/v1/findings')
    const series = await first.get<unknown>(
      `/api/v1/query?query=count_over_time(latency_seconds[1h])&time=${first.now_ms / 1000}`,
    )
    const labels = alertmanager.alerts('BarographIncident')[0]!.labels

    const second = await started(alertmanager, first.diskNow(), first.now_ms)
    const [after] = await openIncidents(second)
    expect(after).toEqual(before)
    expect(await second.get('/api/v1/findings')).toEqual(findings)
    expect(
      await second.get(`/api/v1/query?query=count_over_time(latency_seconds[1h])&time=${second.now_ms / 1000}`),
    ).toEqual(series)

    await second.pass(2 * MINUTE, shop(second, latencies))
    expect((await openIncidents(second)).map(({ id }) => id)).toEqual([before!.id])
    for (const sent of alertmanager.alerts('BarographIncident')) expect(sent.labels).toEqual(labels)
  })

  test('is acknowledged and resolved by a person', async () => {
    const alertmanager = await Receiver.start()
    running.push(alertmanager)
    const barograph = await started(alertmanager)
    const latencies = new Latencies()
    await barograph.pass(40 * MINUTE, shop(barograph, latencies))
    latencies.slow = true
    await barograph.pass(3 * MINUTE, shop(barograph, latencies))
    const [incident] = await openIncidents(barograph)
    expect((await barograph.send(`/api/v1/incidents/${incident!.id}/ack`, { by: 'ada' })).status).toBe(200)
    expect((await openIncidents(barograph))[0]!.state).toBe('acknowledged')
    expect((await barograph.send(`/api/v1/incidents/${incident!.id}/resolve`, {})).status).toBe(200)
    expect(await openIncidents(barograph)).toEqual([])
    expect((await barograph.send('/api/v1/incidents/i_0/ack', {})).status).toBe(404)
  })
})

test('history with an old fault is recorded and notifies nobody', async () => {
  const alertmanager = await Receiver.start()
  running.push(alertmanager)
  const barograph = await started(alertmanager)
  const latencies = new Latencies()
  for (let minute = 24 * 60; minute > 0; minute--) {
    latencies.slow = minute < 300 && minute > 280
    await barograph.post('/v1/metrics', gauges('latency', 's', BEGIN - minute * MINUTE, latencies.at()))
  }
  await barograph.pass(30 * SECOND)
  const { incidents } = await barograph.get<{ incidents: IncidentForm[] }>('/api/v1/incidents')
  expect(incidents.map(({ state }) => state)).toContain('resolved')
  expect(alertmanager.requests).toEqual([])
})
