// A program with the stock OpenTelemetry SDK, Barograph, and a real Alertmanager with its amtool, each a process of its own.
// Set BAROGRAPH_TEST_ALERTMANAGER and BAROGRAPH_TEST_AMTOOL.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { afterEach, describe, expect, test } from 'vitest'

import { activeAlerts, ALERTMANAGER, AMTOOL, amtoolQuery, gone } from './process/alertmanager.ts'
import { ended, endAll, Server, spawnNode, until } from './process/barograph.ts'
import { sdkHistory } from './process/sdk-history.ts'

const PROGRAM = fileURLToPath(import.meta.resolve('./process/sdk-program.ts'))
const MEAN =
  'sum by (service_name) (rate(http_server_request_duration_seconds_sum[10s])) / sum by (service_name) (rate(http_server_request_duration_seconds_count[10s]))'
const RULES = `
groups:
  - name: shop
    interval: 2s
    rules:
      - anomaly: LatencyUnusual
        expr: ${MEAN}
        direction: up
        for: 6s
        labels: {severity: critical}
        annotations: {summary: 'requests to {{ $labels.service_name }} take {{ $value | humanizeDuration }}'}
      - alert: ShopSlow
        expr: (${MEAN}) > 0.2
        for: 4s
        labels: {severity: critical}
`
const RESEND_MS = 2000

afterEach(endAll)

describe.skipIf(ALERTMANAGER === '' || AMTOOL === '')(
  'a latency fault (skipped unless BAROGRAPH_TEST_ALERTMANAGER and BAROGRAPH_TEST_AMTOOL are set)',
  () => {
    test('is one alert at Alertmanager, kept while it fires, resolved after', async () => {
      const set = [`alertmanager.urls=["${ALERTMANAGER}"]`, `resend=${RESEND_MS}ms`]
      const server = await Server.start({ rules: RULES, set })
      for (const body of sdkHistory(Math.floor(Date.now() / 5000) * 5000, 40)) await server.post('metrics', body)
      const program = spawnNode([PROGRAM, server.otlpUrl])
      const says = (line: string): boolean | undefined => program.stdin?.write(`${line}\n`)

      // Both encodings arrive, all three signals, and a calm shop is nobody's business.
      const present = 'count_over_time(http_server_request_duration_seconds_count[5s])'
      await until('live metrics of both', async () => {
        const counts = Object.values(await server.query(present, Date.now()))
        return counts.length === 2 && counts.every((count) => count >= 4) ? true : undefined
      })
      await until('the call', async () => {
        const { edges } = await server.get<{ edges: { caller: string; callee: string }[] }>('/api/v1/graph')
        return edges.find(({ caller, callee }) => caller === 'checkout' && callee === 'payments')
      })
      await until('the logs', async () => {
        // They are counted into series when their minute is over; that they came is known at once.
        const text = await (await fetch(`${server.apiUrl}/metrics`)).text()
        return /^barograph_collector_points_total\{[^}]*signal="logs"[^}]*\} [1-9]/m.test(text) ? true : undefined
      })
      await sleep(4000)
      expect(await server.incidents()).toEqual([])

      says('slow')
      const { id } = await until('the incident', async () => (await server.openIncidents())[0])
      const isIt = ['alertname=BarographIncident', `incident_id=${id}`]
      const told = await until('the alert', async () => (await activeAlerts(...isIt))[0])
      // It is sent again before Alertmanager would forget it.
      await sleep(2 * RESEND_MS)
      const [kept, ...others] = await activeAlerts(...isIt)
      expect(others).toEqual([])
      expect(kept).toMatchObject({ labels: told.labels, startsAt: told.startsAt })
      expect(Date.parse(kept!.endsAt)).toBeGreaterThanOrEqual(Date.parse(told.endsAt) + RESEND_MS)
      const firing = await amtoolQuery(...isIt)
      expect(firing).toMatch(/^BarographIncident .* checkout slow: payments +active +$/m)
      expect(await amtoolQuery('alertname=ShopSlow')).toMatch(/(^ShopSlow .* active +\n){2}/m)
      const [incident, ...more] = await server.openIncidents()
      expect(more).toEqual([])
      expect(incident).toMatchObject({ id, causes: [{ service: 'payments' }, { service: 'checkout' }] })

      // The alert of the rule ends with the fault, the incident because a person says so.
      says('calm')
      expect(await gone('alertname=ShopSlow')).toBeGreaterThan(0)
      expect(await activeAlerts(...isIt)).toHaveLength(1)
      const resolving = gone(...isIt)
      await server.send(`/api/v1/incidents/${id}/resolve`, { by: 'ada' })
      expect(await resolving).toBeGreaterThan(0)
      const after = await amtoolQuery(...isIt)
      expect(after).not.toContain('BarographIncident')
      expect(await server.openIncidents()).toEqual([])

      program.stdin?.end()
      expect(await ended(program)).toBe(0)
      expect(await server.stop()).toBe(0)
      expect(server.stderr).toBe('barograph: stopping\n')
    })
  },
)
