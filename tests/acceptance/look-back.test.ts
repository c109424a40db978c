// A rule that is added beside stored samples finds what was there: people may read it, and are not woken by it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

import { Barograph, BEGIN, MINUTE, Receiver } from './barograph.ts'

const HOUR = 60 * MINUTE
const NONE = 'groups: []\n'
const ADDED = `
groups:
  - name: queues
    rules:
      - anomaly: QueueUnusual
        expr: queue_length
        labels: {severity: critical}
`

interface Finding {
  readonly rule: string
  readonly kind: string
  readonly since: string
  readonly state: string
}

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
})

async function started() {
  const alertmanager = await Receiver.start()
  const webhook = await Receiver.start()
  running.push(alertmanager, webhook)
  const notify = { route: { receiver: 'team' }, receivers: [{ name: 'team', webhook_configs: [{ url: webhook.url }] }] }
  const set = [`alertmanager.urls=["${alertmanager.url}"]`, `notify=${JSON.stringify(notify)}`]
  const barograph = await Barograph.start({ rules: NONE, set })
  running.push(barograph)
  return { alertmanager, webhook, barograph }
}

const random = seeded(11)

/** Lengths of the queue at these times, as a Collector sends them. */
function queue(times_ms: readonly number[], length: (time_ms: number) => number) {
  const dataPoints = times_ms.map((time_ms) => ({ timeUnixNano: `${time_ms}000000`, asDouble: length(time_ms) }))
  return {
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }] },
        scopeMetrics: [{ metrics: [{ name: 'queue.length', gauge: { dataPoints } }] }],
      },
    ],
  }
}

const usual = (): number => 100 + 4 * (random() + random())

test('what a new rule finds in the past is listed and told to nobody; what begins now is told', async () => {
  const { alertmanager, webhook, barograph } = await started()
  const old_ms = BEGIN - 5 * HOUR
  const past = Array.from({ length: 3 * 1440 }, (_, i) => BEGIN - (3 * 1440 - i) * MINUTE)
  const wasOff = (time_ms: number): boolean => time_ms >= old_ms && time_ms < old_ms + 20 * MINUTE
  const taken = await barograph.post(
    '/v1/metrics',
    queue(past, (time_ms) => (wasOff(time_ms) ? 900 : usual())),
  )
  expect([taken.status, await taken.text()]).toEqual([200, '{}'])
  await barograph.pass(MINUTE)

  writeFileSync(join(barograph.data, 'rules/rules.yml'), ADDED)
  expect((await barograph.send('/-/reload', {})).status).toBe(200)
  const live = async (minutes: number, length: () => number): Promise<void> => {
    for (let i = 0; i < minutes; i++) {
      await barograph.post('/v1/metrics', queue([barograph.now_ms], length))
      await barograph.pass(MINUTE)
    }
  }
  const findings = async (): Promise<Finding[]> =>
    (await barograph.get<{ findings: Finding[] }>('/api/v1/findings?limit=1000')).findings

  await live(10, usual)
  const [found, ...others] = await findings()
  expect(found).toMatchObject({ rule: 'QueueUnusual', state: 'closed', since: new Date(old_ms).toISOString() })
  expect(others).toEqual([])
  expect([...alertmanager.requests, ...webhook.requests]).toEqual([])

  const begins_ms = barograph.now_ms
  await live(5, () => 5000)
  expect((await findings()).map(({ since }) => since)).toContain(new Date(begins_ms).toISOString())
  expect(webhook.requests.length).toBeGreaterThan(0)
  expect(JSON.stringify(webhook.requests)).toContain('checkout')
  expect(alertmanager.requests.length).toBeGreaterThan(0)
})
