// A fortnight of history is what people have when they try a tool: it is stored, learned from and judged in seconds.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { countingMeter } from '../../collector/testing/decoding.fixture.ts'
import { encode } from '../../collector/testing/otlp.fixture.ts'
import { Barograph, BEGIN, MINUTE, Receiver, SECOND } from './barograph.ts'
import { History } from './history.ts'

const DAY = 1440 * MINUTE
const RULES = `
groups:
  - name: tests
    interval: 1m
    rules:
      - record: service:requests:rate5m
        expr: sum by (service_name) (rate(http_server_request_duration_seconds_count[5m]))
      - alert: Slow
        expr: histogram_quantile(0.95, sum by (service_name, le) (rate(http_server_request_duration_seconds_bucket[5m]))) > 0.5
        for: 2m
        labels: {severity: critical}
      - anomaly: QueueUnusual
        expr: queue_length
        for: 5m
      - forecast: demand
        expr: service:requests:rate5m
        horizon: 2h
        step: 1m
`
const NOW = { service: 'checkout', from_minute: 10, to_minute: 0 } as const
const OLD = [
  { service: 'payments', from_minute: 4320, to_minute: 4290 },
  { service: 'catalog', from_minute: 8640, to_minute: 8610 },
] as const

interface Incident {
  id: string
  state: string
  services: string[]
  opened_at: string
}

interface Vector {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] }
}

interface RulesAnswer {
  data: { groups: { interval: number; rules: { name: string; health: string; lastEvaluation: string }[] }[] }
}

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
})

async function started() {
  const alertmanager = await Receiver.start()
  running.push(alertmanager)
  const meter = countingMeter()
  const set = [`alertmanager.urls=["${alertmanager.url}"]`]
  const barograph = await Barograph.start({ rules: RULES, packs: true, set, meter })
  running.push(barograph)
  return { alertmanager, barograph, counts: meter.counts }
}

async function sendAll(barograph: Barograph, requests: Iterable<object>): Promise<void> {
  for (const request of requests) {
    const response = await fetch(`${barograph.service.otlpUrl}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(encode('metrics', request)),
    })
    const answer = await response.text()
    expect([response.status, answer]).toEqual([200, ''])
  }
}

/** By service, at the newest moment. */
async function byService(barograph: Barograph, query: string): Promise<Record<string, number>> {
  const parameters = new URLSearchParams({ query, time: String(barograph.now_ms / 1000) })
  const { data } = await barograph.get<Vector>(`/api/v1/query?${parameters.toString()}`)
  return Object.fromEntries(
    data.result.map(({ metric, value }) => [metric['service_name'] ?? '', Number(value[1])] as const),
  )
}

async function incidents(barograph: Barograph): Promise<Incident[]> {
  return (await barograph.get<{ incidents: Incident[] }>('/api/v1/incidents?limit=1000')).incidents
}

/** Half a million points, which the files behind us in this process do without. */
let whole: History | undefined
beforeAll(() => {
  whole = new History({ end_ms: BEGIN, days: 10, faults: [NOW, ...OLD] })
})
afterAll(() => {
  whole = undefined
})

describe.each([
  ['in chunks of time', () => whole!.chunks(360)],
  ['series by series', () => whole!.perSeries()],
])('ten days of a minute each for thirty series, %s', (_, requests) => {
  test('are stored, judged by every rule in a few range queries, and only what is wrong now is told', async () => {
    const { alertmanager, barograph, counts } = await started()
    expect(whole!.points).toBe(30 * 14_400)
    await sendAll(barograph, requests())
    await barograph.pass(20 * SECOND)

    expect(Object.keys(counts).filter((key) => /rejected|refused|failures/.test(key))).toEqual([])
    expect(await byService(barograph, 'count_over_time(queue_length[11d])')).toEqual({
      web: 14_400,
      checkout: 14_400,
      payments: 14_400,
      catalog: 14_400,
    })
    // Each service has memory, a queue, orders and two histograms that are followed through their counts.
    expect(counts['barograph.detectors.judged{}']).toBeGreaterThan(20 * 14_000)
    await everyRuleIsDone(barograph)
    // The rules that have input take over half a million steps together.
    expect(counts['barograph.query.queries{kind=range,outcome=ok}']).toBeLessThan(80)

    const all = await incidents(barograph)
    const open = all.filter(({ state }) => state === 'open')
    expect(open.map(({ services }) => services)).toEqual([['checkout']])
    for (const { service, from_minute } of OLD) {
      const since_ms = BEGIN - from_minute * MINUTE
      const then = all.filter(({ opened_at }) => Math.abs(Date.parse(opened_at) - since_ms) < 10 * MINUTE)
      expect(then.map(({ state, services }) => [state, services])).toEqual([['resolved', [service]]])
    }
    const told = alertmanager.alerts('BarographIncident').map(({ labels }) => labels['incident_id'])
    expect(new Set(told)).toEqual(new Set([open[0]!.id]))
    const slow = alertmanager.alerts('Slow').map(({ labels }) => labels['service_name'])
    expect(new Set(slow)).toEqual(new Set(['checkout']))
  })
})

/** Rules with input are healthy, and have come to the end of the history. */
async function everyRuleIsDone(barograph: Barograph): Promise<void> {
  const { data } = await barograph.get<RulesAnswer>('/api/v1/rules?type=all')
  const rules = data.groups.flatMap((group) => group.rules)
  expect(rules.filter(({ health }) => health === 'err')).toEqual([])
  const done = new Map(rules.map(({ name, lastEvaluation }) => [name, Date.parse(lastEvaluation)]))
  const withInput = ['HttpLatencyUnusual', 'HttpErrorsUnusual', 'HostCpuUnusual', 'Slow', 'demand']
  for (const name of withInput) expect([name, (BEGIN - done.get(name)!) / MINUTE]).toEqual([name, expect.closeTo(0, 0)])
}

test('a rule that is at work on live series learns from the history of others that comes later', async () => {
  const { alertmanager, barograph } = await started()
  const days = new History({ end_ms: BEGIN, days: 3, faults: [NOW] })
  await sendAll(barograph, days.perSeries(['web']))
  await barograph.pass(MINUTE)
  expect(await byService(barograph, 'count_over_time(barograph_expected{rule="HttpLatencyUnusual"}[4d])')).toEqual({
    web: expect.closeTo((3 * DAY) / (30 * SECOND), -2),
  })

  await sendAll(barograph, days.perSeries(['checkout', 'payments']))
  await barograph.pass(20 * SECOND)
  const learned = await byService(barograph, 'count_over_time(barograph_expected{rule="HttpLatencyUnusual"}[4d])')
  expect(Object.keys(learned).toSorted()).toEqual(['checkout', 'payments', 'web'])
  expect(learned['checkout']).toBeCloseTo(learned['web']!, -2)
  expect(learned['payments']).toBeCloseTo(learned['web']!, -2)
  const open = (await incidents(barograph)).filter(({ state }) => state === 'open')
  expect(open.map(({ services }) => services)).toEqual([['checkout']])
  const told = alertmanager.alerts('BarographIncident').map(({ labels }) => labels['incident_id'])
  expect(new Set(told)).toEqual(new Set([open[0]!.id]))
})
