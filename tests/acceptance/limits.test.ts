// Reaching a limit is answered, counted, and harms nobody else.
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'

import { afterEach, expect, test } from 'vitest'

import type { Log } from '#core/ports/log.ts'

import { countingMeter } from '../../collector/testing/decoding.fixture.ts'
import { Barograph, MINUTE, SECOND } from './barograph.ts'
import { gauges, logs } from './shop.ts'

const RULES = `
groups:
  - name: tests
    interval: 1s
    rules:
      - anomaly: Unusual
        expr: level
      - record: sum:level
        expr: sum(level)
`

const running: Barograph[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

async function started(...set: readonly string[]) {
  const meter = countingMeter()
  const said: string[] = []
  const log: Log = {
    debug() {},
    info() {},
    error() {},
    warn: (message, facts) => said.push(`${message} ${JSON.stringify(facts)}`),
  }
  const barograph = await Barograph.start({ rules: RULES, set, meter, log })
  running.push(barograph)
  return { barograph, counts: meter.counts, said }
}

const levels = (from: number, to: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`service-${from + i}`, 1]))

interface Answer {
  partialSuccess?: { rejectedDataPoints: string; errorMessage: string }
}

async function told(response: Response): Promise<[number, Answer['partialSuccess']]> {
  return [response.status, ((await response.json()) as Answer).partialSuccess]
}

async function value(barograph: Barograph, query: string): Promise<number> {
  const parameters = new URLSearchParams({ query, time: String(barograph.now_ms / 1000) })
  const path = `/api/v1/query?${parameters.toString()}`
  const { data } = await barograph.get<{ data: { result: { value: [number, string] }[] } }>(path)
  return Number(data.result[0]?.value[1] ?? NaN)
}

test('limits.series: new series are refused one by one, those that are known go on', async () => {
  const { barograph, counts, said } = await started('limits.series=20')
  const post = (from: number, to: number) =>
    barograph.post('/v1/metrics', gauges('load', '', barograph.now_ms, levels(from, to)))
  expect(await told(await post(0, 10))).toEqual([200, undefined])
  const [status, partial] = await told(await post(0, 1000))
  expect(status).toBe(200)
  // The ten that were there come again at the same time, which is no loss; ten more fit.
  expect(partial).toEqual({
    rejectedDataPoints: '980',
    errorMessage: 'there are too many series: limits.series is 20 (980)',
  })
  expect(counts['barograph.collector.rejected{signal=metrics,reason=limit}']).toBe(980)
  expect(counts['barograph.store.series.refused{limit=series}']).toBeGreaterThanOrEqual(980)
  expect(said).toEqual([expect.stringMatching(/A new series was refused.*"limit":"limits.series","value":20/)])
  await barograph.pass(MINUTE, async () => {
    expect((await post(0, 10)).status).toBe(200)
  })
  expect(await value(barograph, 'count(load)')).toBe(20)
  expect(await value(barograph, 'count_over_time(load{service_name="service-3"}[1h])')).toBeGreaterThan(50)
})

test('limits.series_per_metric: a metric that floods leaves room for the others', async () => {
  const { barograph } = await started('limits.series_per_metric=5')
  const [, partial] = await told(
    await barograph.post('/v1/metrics', gauges('flood', '1', barograph.now_ms, levels(0, 100))),
  )
  expect(partial?.errorMessage).toBe('metric flood_ratio has too many series: limits.series_per_metric is 5 (95)')
  expect(await told(await barograph.post('/v1/metrics', gauges('calm', 's', barograph.now_ms, levels(0, 5))))).toEqual([
    200,
    undefined,
  ])
})

test('limits.scored_series: the rest is stored and not judged, and counted', async () => {
  const { barograph, counts } = await started('limits.scored_series=3')
  await barograph.post('/v1/metrics', gauges('level', '', barograph.now_ms, levels(0, 10)))
  expect(await value(barograph, 'count(level)')).toBe(10)
  expect(counts['barograph.detectors.rows_refused{}']).toBe(7)
  expect(counts['barograph.detectors.judged{}']).toBe(3)
})

test('a rollover: what replaces most of what there is gets in and is judged within minutes, and history stays', async () => {
  const { barograph, counts } = await started('limits.series=60', 'limits.scored_series=60', 'observe_self=off')
  const wave = (from: number) =>
    barograph.post('/v1/metrics', gauges('level', '', barograph.now_ms, levels(from, from + 50)))
  const pass = async (from: number) => {
    await wave(from)
    await barograph.pass(MINUTE)
  }
  for (let minute = 0; minute < 20; minute++) await pass(0)
  const refused = async () => Number((await told(await wave(100)))[1]?.rejectedDataPoints ?? 0)
  expect(await refused()).toBeGreaterThanOrEqual(40)
  for (let minute = 0; minute < 8; minute++) await pass(100)
  expect(await refused()).toBe(0)
  const judged = counts['barograph.detectors.judged{}']!
  await pass(100)
  await pass(100)
  expect(counts['barograph.detectors.judged{}']! - judged).toBeGreaterThanOrEqual(50)
  expect(await value(barograph, 'count(count_over_time(level[1h]))')).toBe(100)
})

test('limits.out_of_order and retention: what comes too late is refused, what is late is kept', async () => {
  const { barograph, counts } = await started('limits.out_of_order=5m')
  const at = async (minutes: number) =>
    told(await barograph.post('/v1/metrics', gauges('load', '', barograph.now_ms - minutes * MINUTE, levels(0, 1))))
  expect(await at(0)).toEqual([200, undefined])
  expect(await at(4)).toEqual([200, undefined])
  const [, partial] = await at(6)
  expect(partial).toMatchObject({ rejectedDataPoints: '1' })
  expect(partial?.errorMessage).toContain('further than limits.out_of_order')
  expect(counts).toMatchObject({
    'barograph.store.samples{outcome=stored}': 1,
    'barograph.store.samples{outcome=stored_late}': 1,
    'barograph.store.samples{outcome=late_refused}': 1,
  })
})

test('two senders of one series: the first value of a moment stays, the other is told', async () => {
  const { barograph, counts } = await started()
  const post = (number: number) =>
    barograph.post('/v1/metrics', gauges('level', '', barograph.now_ms, { twin: number }))
  expect(await told(await post(1))).toEqual([200, undefined])
  expect(await told(await post(1))).toEqual([200, undefined])
  const [, partial] = await told(await post(2))
  expect(partial?.errorMessage).toContain('at a time that has another value')
  expect(counts['barograph.store.samples.conflicting{}']).toBe(1)
  expect(await value(barograph, 'level')).toBe(1)
})

test('limits.templates_per_service: records beyond are counted together', async () => {
  const { barograph, counts } = await started('limits.templates_per_service=3')
  const words = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel']
  const bodies = words.map((word, i) => Array.from({ length: i + 3 }, (_, k) => `${word}${'xyz'[k % 3]}`).join(' '))
  const response = await barograph.post('/v1/logs', logs('shop', barograph.now_ms, 9, bodies))
  expect(response.status).toBe(200)
  expect(counts['barograph.detectors.log.overflow{}']).toBeGreaterThan(0)
  await barograph.pass(2 * MINUTE)
  expect(await value(barograph, 'sum(barograph_log_records_total)')).toBe(words.length)
})

/** Rules take as long as the test wants. */
function slowRules({ service: { engine } }: Barograph): () => void {
  let open: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const range = engine.query.range.bind(engine.query)
  engine.query.range = async (...args) => {
    await gate
    return range(...args)
  }
  return open
}

test('limits.queue: one input too many is sent away to come again, the waiting ones are taken', async () => {
  const { barograph, counts } = await started('limits.queue=3')
  const post = () => barograph.post('/v1/metrics', gauges('level', '', barograph.now_ms, levels(0, 1)))
  await barograph.pass(15 * SECOND, async () => void (await post()))
  const open = slowRules(barograph)
  barograph.clock.advanceTo(barograph.now_ms + SECOND)
  const waiting = [post(), post(), post(), post(), post()]
  const first = await Promise.race(waiting)
  expect([first.status, first.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await first.json()).toMatchObject({ code: 8, message: '3 inputs are waiting' })
  open()
  const statuses = (await Promise.all(waiting)).map(({ status }) => status)
  expect(statuses).toContain(200)
  expect(counts['barograph.pipeline.refused{code=overloaded}']).toBeGreaterThan(0)
  await barograph.service.pipeline.idle()
  expect((await post()).status).toBe(200)
})

/** A request whose body is written by hand. */
function opened(barograph: Barograph, length: number): { request: ClientRequest; answer: Promise<[number, string]> } {
  const { host, port } = new URL(barograph.service.otlpUrl)
  const headers = { host, 'content-type': 'application/json', 'content-length': length }
  const request = httpRequest({ host: 'localhost', port, path: '/v1/metrics', method: 'POST', headers })
  const answer = new Promise<[number, string]>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response: IncomingMessage) => {
      text(response).then((body) => resolve([response.statusCode ?? 0, body]), reject)
    })
  })
  return { request, answer }
}

test('limits.bodies_in_flight: a body that does not fit beside the others comes again later', async () => {
  const { barograph, counts } = await started('limits.body=1MiB', 'limits.bodies_in_flight=1MiB')
  const large = JSON.stringify(gauges('level', '', barograph.now_ms, { shop: 1 })).padEnd(800_000)
  const slow = opened(barograph, large.length)
  slow.request.write(large.slice(0, 700_000))
  const quick = async (): Promise<[number, string]> => {
    const { request, answer } = opened(barograph, large.length)
    request.end(large)
    return answer
  }
  await expect.poll(async () => (await quick())[0]).toBe(429)
  expect(await quick()).toEqual([429, expect.stringContaining('too many bodies at once; send again later')])
  expect(counts['barograph.collector.requests{receiver=otlp_http,signal=metrics,outcome=overloaded}']).toBeGreaterThan(
    0,
  )
  slow.request.end(large.slice(700_000))
  expect(await slow.answer).toEqual([200, '{}'])
  expect(await quick()).toEqual([200, '{}'])
})

test('a full disk: inputs are refused with 503 until there is room, and nothing that was taken is lost', async () => {
  const meter = countingMeter()
  let full = false
  const write = (await import('#core/store/segment-writer.ts')).write
  const barograph = await Barograph.start({
    rules: RULES,
    meter,
    write(fd, bytes, offset, length, position) {
      if (!full) return write(fd, bytes, offset, length, position)
      // Half of it still fits.
      write(fd, bytes, offset, length >> 1, position)
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    },
  })
  running.push(barograph)
  const post = () => barograph.post('/v1/metrics', gauges('level', '', barograph.now_ms, levels(0, 3)))
  await barograph.pass(5 * SECOND, async () => void (await post()))
  full = true
  const refused = await post()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await refused.json()).toMatchObject({ code: 14, message: 'the journal cannot be written; is the disk full?' })
  await barograph.pass(5 * SECOND)
  expect(meter.counts['barograph.journal.failures{}']).toBeGreaterThanOrEqual(6)
  expect(meter.counts['barograph.pipeline.refused{kind=tick,code=unavailable}']).toBe(5)
  full = false
  await barograph.pass(5 * SECOND, async () => expect((await post()).status).toBe(200))
  expect(await value(barograph, 'count_over_time(level{service_name="service-1"}[1h])')).toBe(10)

  const after = await Barograph.start({ rules: RULES, data: barograph.diskNow(), begin_ms: barograph.now_ms })
  running.push(after)
  expect(await value(after, 'count_over_time(level{service_name="service-1"}[1h])')).toBe(10)
})

test('limits of queries: too many samples or series is an error that names the limit', async () => {
  const { barograph } = await started('limits.query_series=5', 'limits.query_samples=1000')
  await barograph.post('/v1/metrics', gauges('level', '', barograph.now_ms, levels(0, 10)))
  const ask = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`${barograph.service.apiUrl}${path}`)
    return [response.status, await response.text()]
  }
  expect(await ask('/api/v1/query?query=level')).toEqual([422, expect.stringContaining('limit')])
  const range = new URLSearchParams({ query: 'vector(1)', start: '0', end: '10000', step: '1' })
  expect(await ask(`/api/v1/query_range?${range.toString()}`)).toEqual([422, expect.stringContaining('limit')])
})
