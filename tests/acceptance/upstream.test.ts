// Barograph beside a Prometheus that has been there for days: it learns from its history before it takes anything, and sends results back.
import { afterEach, expect, test } from 'vitest'

import { encode } from '../../collector/testing/otlp.fixture.ts'
import { FakePrometheus, type ServedSeries } from '../../upstream/testing/prometheus.fixture.ts'
import { Receiver } from '../../upstream/testing/receiver.fixture.ts'
import { Barograph, BEGIN, MINUTE, SECOND } from './barograph.ts'

const STEP = 30 * SECOND
const DAYS = 2
const RULES = `
groups:
  - name: tests
    interval: 1m
    rules:
      - record: job:requests:rate5m
        expr: sum by (job) (rate(http_requests_total[5m]))
      - anomaly: QueueUnusual
        expr: queue_length
      - anomaly: ErrorsUnusual
        expr: sum by (job) (rate(http_errors_total[5m])) / sum by (job) (rate(http_requests_total[5m]))
      - forecast: demand
        expr: job:requests:rate5m
        horizon: 2h
        step: 1m
      - alert: TooMany
        expr: queue_length > 1
`

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
})

const daily = (time_ms: number): number => 100 + 50 * Math.sin((time_ms / 86_400_000) * 2 * Math.PI)

/** Samples up to `end_ms`; a counter adds up what `value` says a second. */
function served(labels: Record<string, string>, value: (time_ms: number) => number, end_ms = BEGIN): ServedSeries {
  const count = (DAYS * 86_400_000) / STEP
  let sum = 0
  const isCounter = labels['__name__']!.endsWith('_total')
  return {
    labels,
    samples: Array.from({ length: count }, (_, i) => {
      const time_ms = end_ms - (count - 1 - i) * STEP
      sum += value(time_ms) * (STEP / SECOND)
      return [time_ms, String(isCounter ? sum : value(time_ms))] as const
    }),
  }
}

async function prometheus(): Promise<FakePrometheus> {
  const server = new FakePrometheus()
  await server.start()
  running.push(server)
  server.series = ['a', 'b'].flatMap((job) => [
    served({ __name__: 'http_requests_total', job, instance: `${job}:80` }, daily),
    served({ __name__: 'http_errors_total', job, instance: `${job}:80` }, (time_ms) => daily(time_ms) / 100),
    served({ __name__: 'queue_length', job }, (time_ms) => (daily(time_ms) + ((time_ms / STEP) % 7)) / 50),
  ])
  return server
}

async function started(set: readonly string[], data?: string): Promise<Barograph> {
  const barograph = await Barograph.start({ rules: RULES, set, ...(data !== undefined && { data }) })
  running.push({ stop: () => stopped(barograph) })
  return barograph
}

/** What waits for a receiver that is away is given up by the clock. */
async function stopped(barograph: Barograph): Promise<void> {
  const stopping = barograph.stop()
  const tick = setInterval(() => barograph.clock.advanceTo(barograph.now_ms + SECOND), 5)
  await stopping
  clearInterval(tick)
}

/** Requests are paced by the clock, and answered in real time. */
async function readyAgain({ clock, service }: Barograph): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if ((await fetch(`${service.apiUrl}/-/ready`)).ok) return
    clock.advanceTo(clock.now_ms() + 50)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error('history does not end')
}

interface Answer {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] }
}

const asked = async (barograph: Barograph, expr: string): Promise<Answer['data']['result']> =>
  (await barograph.get<Answer>(`/api/v1/query?query=${encodeURIComponent(expr)}&time=${barograph.now_ms / 1000}`)).data
    .result

const gauge = (time_ms: number) =>
  encode('metrics', {
    resourceMetrics: [
      {
        scopeMetrics: [
          { metrics: [{ name: 'x', gauge: { dataPoints: [{ timeUnixNano: `${time_ms}000000`, asDouble: 1 }] } }] },
        ],
      },
    ],
  })

const post = ({ service }: Barograph, body: Uint8Array) =>
  fetch(`${service.otlpUrl}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Uint8Array.from(body),
  })

test('two days of history give bands and forecasts at once; what is sent before they are there is asked to come again', async () => {
  const server = await prometheus()
  const barograph = await started([`upstream.prom={url: "${server.url}", history: 2d}`])
  const early = await post(barograph, gauge(BEGIN))
  expect([early.status, early.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
  await readyAgain(barograph)
  expect((await post(barograph, gauge(barograph.now_ms))).status).toBe(200)
  await barograph.pass(20 * SECOND)

  const [count] = await asked(barograph, 'sum(count_over_time(queue_length[3d]))')
  expect(count?.value[1]).toBe(String((2 * DAYS * 86_400_000) / STEP))
  for (const rule of ['QueueUnusual', 'ErrorsUnusual']) {
    const bands = await asked(barograph, `barograph_upper{rule="${rule}"} - barograph_lower{rule="${rule}"}`)
    expect(bands.map(({ metric }) => metric['job'])).toEqual(['a', 'b'])
    for (const { value } of bands) expect(Number(value[1])).toBeGreaterThan(0)
  }
  const forecasts = await asked(barograph, 'barograph_forecast_ahead{rule="demand",quantile="0.5",horizon="30m"}')
  expect(forecasts.map(({ metric }) => metric['job'])).toEqual(['a', 'b'])
  for (const { value } of forecasts) expect(Number(value[1]) / daily(barograph.now_ms + 30 * MINUTE)).toBeCloseTo(1, 1)
  expect(await asked(barograph, 'count(count_over_time(job:requests:rate5m[2d]) > 2800)')).toMatchObject([
    { value: [expect.anything(), '2'] },
  ])
})

test('a second start fetches only what was missed', async () => {
  const server = await prometheus()
  const set = [`upstream.prom={url: "${server.url}", history: 2d}`]
  const first = await started(set)
  await readyAgain(first)
  await first.stop()
  const before = server.asked.length
  const second = await Barograph.start({ rules: RULES, set, data: first.data, begin_ms: first.now_ms + 10 * MINUTE })
  running.push(second)
  await readyAgain(second)
  const state = await second.get<{ upstreams: { history: { fetched: number; refused: number } }[] }>(
    '/api/v1/upstreams',
  )
  expect(state.upstreams[0]?.history).toMatchObject({ fetched: 0, refused: 0 })
  const spans = server.asked
    .slice(before)
    .filter(({ path }) => path === 'query')
    .map(({ form }) => Number(/\[(\d+)ms\]/.exec(form.get('query')!)![1]))
  expect(Math.max(...spans)).toBeLessThan(15 * MINUTE)
})

test('results go back by remote write, and what came of history does not', async () => {
  const server = await prometheus()
  const receiver = new Receiver()
  await receiver.start()
  running.push(receiver)
  const barograph = await started([
    `upstream.prom={url: "${server.url}", history: 2d, remote_write: {url: "${receiver.url}/api/v1/write", queue: {deadline: 1s}}}`,
  ])
  await readyAgain(barograph)
  await barograph.pass(3 * MINUTE, async () => new Promise((resolve) => setTimeout(resolve, 2)))
  await barograph.stop()
  const names = new Set([...receiver.series.keys()].map((series) => series.replace(/\{.*/, '')))
  expect([...names].toSorted()).toEqual(
    expect.arrayContaining([
      'ALERTS',
      'ALERTS_FOR_STATE',
      'barograph_expected',
      'barograph_forecast_ahead',
      'barograph_score',
      'job:requests:rate5m',
    ]),
  )
  expect([...names]).not.toContain('queue_length')
  const times = [...receiver.series.values()].flatMap((kept) => kept.map(({ time_ms }) => time_ms))
  expect(Math.min(...times)).toBeGreaterThanOrEqual(BEGIN - 60 * MINUTE)
  expect(Math.max(...times)).toBeLessThanOrEqual(barograph.now_ms)
})

test('history that comes again from the journal is history still: it does not go back', async () => {
  const server = await prometheus()
  const receiver = new Receiver()
  await receiver.start()
  running.push(receiver)
  const set = [
    `upstream.prom={url: "${server.url}", history: 2d, remote_write: {url: "${receiver.url}", what: all, max_age: 7d, queue: {deadline: 1s}}}`,
  ]
  const first = await started(set)
  await readyAgain(first)
  const second = await started(set, first.diskNow())
  await readyAgain(second)
  const [count] = await asked(second, 'sum(count_over_time(queue_length[3d]))')
  expect(count?.value[1]).toBe(String((2 * DAYS * 86_400_000) / STEP))
  await second.pass(5 * SECOND, async () => new Promise((resolve) => setTimeout(resolve, 20)))
  await second.stop()
  expect([...receiver.series.keys()].filter((series) => !/^(barograph_|job:|ALERTS)/.test(series))).toEqual([])
})

test('a crash while the receiver is away loses nothing and sends nothing twice', async () => {
  const receiver = new Receiver()
  await receiver.start()
  running.push(receiver)
  const set = [
    `upstream.prom={url: "${receiver.url}", history: off, remote_write: {what: all, max_age: 1d, queue: {deadline: 1s, batch: 5, shards: 1}}}`,
  ]
  const first = await started(set)
  const one = async (now_ms: number): Promise<void> => {
    expect((await post(first, gauge(now_ms))).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await first.pass(30 * SECOND, one)
  const before = (receiver.series.get('x{}') ?? receiver.series.get('x'))!.length
  expect(before).toBeGreaterThan(10)
  receiver.trouble = () => ({ status: 503 })
  await first.pass(30 * SECOND, one)
  await receiver.idle()
  const crashed = first.diskNow()
  receiver.trouble = () => undefined
  receiver.requests.length = 0
  const second = await started(set, crashed)
  await second.pass(5 * SECOND, async () => new Promise((resolve) => setTimeout(resolve, 20)))
  await second.stop()
  const kept = (receiver.series.get('x{}') ?? receiver.series.get('x'))!
  expect(kept.map(({ time_ms }) => time_ms)).toEqual(Array.from({ length: 60 }, (_, i) => BEGIN + (i + 1) * SECOND))
  expect([receiver.refused, receiver.repeated]).toEqual([0, 0])
})
