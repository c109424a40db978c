// The same rules on the same data in Prometheus 3 and here, live, both telling one real Alertmanager.
// Set BAROGRAPH_TEST_PROMETHEUS_3_BIN and BAROGRAPH_TEST_ALERTMANAGER.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, describe, expect, test } from 'vitest'

import { freePort } from '../../bench/measure.ts'
import { activeAlerts, ALERTMANAGER } from './process/alertmanager.ts'
import { endAll, Server, spawnProgram, temporaryFolder, until } from './process/barograph.ts'

const PROMETHEUS = process.env['BAROGRAPH_TEST_PROMETHEUS_3_BIN'] ?? ''
const RESEND_S = 2
const RULES = `
groups:
  - name: shop
    interval: 1s
    rules:
      - alert: Down
        expr: min by (unit) (shop_state) == 0
        for: 3s
        keep_firing_for: 4s
        labels: {run: '${process.pid}', severity: page}
        annotations: {summary: '{{ $labels.unit }} is {{ $value }}{{ with query "count(shop_state)" }} of {{ . | first | value }}{{ end }}'}
`
/** Seconds of the story. Unit a is down long enough, b is not, c stays down. */
const END_S = 26
const DOWN: Readonly<Record<string, readonly [from_s: number, to_s: number]>> = {
  a: [2, 14],
  b: [2, 4],
  c: [5, 1000],
}

afterEach(endAll)

/** One point of every unit, as OTLP/JSON. */
function bodyAt(now_ms: number, second: number): object {
  const dataPoints = Object.entries(DOWN).map(([unit, [from, to]]) => ({
    timeUnixNano: `${now_ms}000000`,
    asDouble: second >= from && second < to ? 0 : 1,
    attributes: [{ key: 'unit', value: { stringValue: unit } }],
  }))
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
  return {
    resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: 'shop_state', gauge: { dataPoints } }] }] }],
  }
}

async function startPrometheus(): Promise<string> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'rules.yml'), RULES)
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: {external_labels: {sender: prometheus}}\nrule_files: [rules.yml]\nalerting: {alertmanagers: [{static_configs: [{targets: ['${new URL(ALERTMANAGER).host}']}]}]}\n`,
  )
  const url = `http://127.0.0.1:${await freePort()}`
  spawnProgram(PROMETHEUS, [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${new URL(url).host}`,
    '--web.enable-otlp-receiver',
    `--rules.alert.resend-delay=${RESEND_S}s`,
  ])
  await until('Prometheus', async () =>
    (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true ? true : undefined,
  )
  return url
}

/** What Alertmanager knew of one alert while it was active. */
interface Seen {
  readonly labels: Readonly<Record<string, string>>
  readonly summary: string | undefined
  readonly starts_s: number
  /** Until when it was last seen. */
  last_s: number
}

async function statesOf(url: string, now_ms: number): Promise<Record<string, number>> {
  const query = `sum by (unit, alertstate) (count_over_time(ALERTS{alertname="Down",run="${process.pid}"}[2m]))`
  const answer = await fetch(
    `${url}/api/v1/query?${new URLSearchParams({ query, time: String(now_ms / 1000) }).toString()}`,
  )
  const { data } = (await answer.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] }
  }
  return Object.fromEntries(
    data.result.map(({ metric, value }) => [`${metric['unit']} ${metric['alertstate']}`, Number(value[1])]),
  )
}

describe.skipIf(PROMETHEUS === '' || ALERTMANAGER === '')(
  'alerts (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN and BAROGRAPH_TEST_ALERTMANAGER are set)',
  () => {
    test('begin, last and end at Alertmanager as those of Prometheus, within the lateness of rules', async () => {
      const server = await Server.start({
        rules: RULES,
        set: [`alertmanager.urls=["${ALERTMANAGER}"]`, `resend=${RESEND_S}s`],
      })
      const prometheus = await startPrometheus()
      const begin_ms = Date.now()
      const seen = new Map<string, Seen>()
      for (let second = 0; second < END_S; second++) {
        await sleep(Math.max(0, begin_ms + second * 1000 - Date.now()))
        const body = bodyAt(begin_ms + second * 1000, second)
        const posted = await fetch(`${prometheus}/api/v1/otlp/v1/metrics`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        expect(posted.status).toBe(200)
        await server.post('metrics', body)
        for (const { labels, annotations, startsAt } of await activeAlerts(`run="${process.pid}"`)) {
          if (labels['alertname'] !== 'Down') continue
          const now_s = (Date.now() - begin_ms) / 1000
          const key = `${labels['unit']} ${labels['sender'] ?? 'barograph'} ${startsAt}`
          const one = seen.get(key) ?? {
            labels,
            summary: annotations['summary'],
            starts_s: (Date.parse(startsAt) - begin_ms) / 1000,
            last_s: now_s,
          }
          one.last_s = now_s
          seen.set(key, one)
        }
      }
      const of = (sender: string | undefined, unit: string): Seen[] =>
        [...seen.values()].filter(({ labels }) => labels['sender'] === sender && labels['unit'] === unit)
      expect([...of(undefined, 'b'), ...of('prometheus', 'b')]).toEqual([])
      for (const unit of ['a', 'c']) {
        const [[ours, ...more], [theirs, ...others]] = [of(undefined, unit), of('prometheus', unit)]
        expect([more, others]).toEqual([[], []])
        const { sender, ...labels } = theirs!.labels
        expect(sender).toBe('prometheus')
        expect(ours!.labels).toEqual(labels)
        expect(ours!.summary).toBe(theirs!.summary)
        expect(Math.abs(ours!.starts_s - theirs!.starts_s)).toBeLessThanOrEqual(2)
        // Neither lets it expire before it is over; here the end is told `lateness` and a turn of the sender later.
        expect(Math.abs(ours!.last_s - theirs!.last_s)).toBeLessThanOrEqual(4)
      }
      const [ours, theirs] = [await statesOf(server.apiUrl, Date.now()), await statesOf(prometheus, Date.now())]
      expect(Object.keys(ours).toSorted()).toEqual(Object.keys(theirs).toSorted())
      for (const [state, steps] of Object.entries(theirs)) expect(Math.abs(ours[state]! - steps)).toBeLessThanOrEqual(3)
    })
  },
)
