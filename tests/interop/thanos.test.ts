// Thanos as an upstream: its stores, its querier, its receivers. Set BAROGRAPH_TEST_THANOS_BIN to the program.
import { afterEach, describe, expect, test } from 'vitest'

import { snappy, version1 } from '../../collector/testing/remote-write.fixture.ts'
import { forecast, HistoryStand, HOUR } from '../../upstream/testing/history.fixture.ts'
import { NOW, removeFolders, Stand, until } from '../../upstream/testing/stand.fixture.ts'
import { Barograph, BEGIN, MINUTE } from '../acceptance/barograph.ts'
import { AWAY, outcome, passAsking, rulesText, Samples, STEP, write } from '../acceptance/upstream-rules.ts'
import { endAll } from './process/barograph.ts'
import { Thanos, THANOS } from './process/thanos.ts'

const SERIES = 60
const HISTORY = 60 * MINUTE
const END_MINUTE = 36
const RECEIVE = '/api/v1/receive'
/** Labels that stores add, without which series have the names that their senders gave them. */
const PLAIN = '?replicaLabels[]=receive&replicaLabels[]=tenant_id'

const running: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
  await endAll()
  removeFolders()
})

/** What every Prometheus writes of itself, here of the one beside the store that stays. */
function heartbeat(from_ms: number, to_ms: number): Uint8Array<ArrayBuffer> {
  const count = Math.round((to_ms - from_ms) / STEP)
  const samples = Array.from({ length: count }, (_, i) => ({ value: 1, timestamp: from_ms + (i + 1) * STEP }))
  return snappy(version1([{ labels: [['__name__', 'up'], ['job', 'stays']], samples }])) // prettier-ignore
}

/** Twelve series with a sample every 15 s for an hour up to `now_ms`, by series. */
async function filled(url: string): Promise<Map<string, [number, number][]>> {
  const names = Array.from({ length: 12 }, (_, i) => [`metric_${i % 3}`, String(i)] as const)
  const expected = names.map(([, series]) =>
    Array.from({ length: HOUR / STEP }, (_, i): [number, number] => [
      NOW - (HOUR / STEP - 1 - i) * STEP - (12 - Number(series)) * 37,
      i + Number(series) / 8,
    ]),
  )
  const series = names.map(([name, label], i) => ({
    labels: [['__name__', name], ['job', 'test'], ['series', label]] as const, // prettier-ignore
    samples: expected[i]!.map(([timestamp, value]) => ({ timestamp, value })),
  }))
  await write(url, snappy(version1(series)), RECEIVE)
  return new Map(names.map(([name, label], i) => [`${name}{job="test", series="${label}"}`, expected[i]!]))
}

const WISHES = ['metric_0', 'metric_1', 'metric_2'].map(forecast)
const keptOf = (one: HistoryStand) =>
  new Map(['metric_0', 'metric_1', 'metric_2'].flatMap((name) => [...one.kept(name)]))

describe.skipIf(THANOS === '')('Thanos (skipped unless BAROGRAPH_TEST_THANOS_BIN names it)', () => {
  test('evaluates rules as local data does, a store that is gone for five minutes notwithstanding', async () => {
    const thanos = await Thanos.start(2)
    const [stays, goes] = thanos.stores as [Thanos['stores'][0], Thanos['stores'][0]]
    const begin_ms = BEGIN - MINUTE
    const local = await Barograph.start({ rules: rulesText(), begin_ms, set: ['limits.out_of_order=1d'] })
    running.push(local)
    const samples = new Samples(SERIES)
    const both = async (from_ms: number, to_ms: number): Promise<void> => {
      const body = samples.body(from_ms, to_ms)
      await write(local.service.apiUrl, body)
      await write(goes.url, body, RECEIVE)
      await write(stays.url, heartbeat(from_ms, to_ms), RECEIVE)
    }
    await both(begin_ms - HISTORY, begin_ms)
    await local.pass(4000)
    await both(begin_ms, begin_ms + STEP)
    await local.pass(STEP - 4000)
    await thanos.has('queue_length', local.now_ms)
    const back = `{url: "${stays.url}${RECEIVE}", headers: {THANOS-TENANT: results}}`
    const there = await Barograph.start({
      rules: rulesText('thanos'),
      set: [
        `upstream.thanos={url: "${thanos.url}/${PLAIN}", history: 60m, rules: {rate: 1000}, remote_write: ${back}}`,
      ],
      begin_ms: local.now_ms,
    })
    running.push(there)

    const kept: Uint8Array<ArrayBuffer>[] = []
    while (local.now_ms < BEGIN + END_MINUTE * MINUTE) {
      const minute = (local.now_ms - BEGIN) / MINUTE
      if (minute === AWAY.from_minute) await goes.kill()
      // From here on it is not asked any more, and nothing is said of that.
      if (minute === AWAY.from_minute + 2) {
        await thanos.sees(1)
        const silent = await thanos.query('queue_length', local.now_ms, { partial_response: 'false' })
        expect(silent).toEqual({ result: [], warnings: [] })
      }
      if (minute === AWAY.to_minute) {
        await goes.start()
        for (const body of kept.splice(0)) await write(goes.url, body, RECEIVE)
        await thanos.sees(2)
      }
      if (minute < AWAY.from_minute || minute >= AWAY.to_minute) await both(local.now_ms, local.now_ms + STEP)
      else {
        const body = samples.body(local.now_ms, local.now_ms + STEP)
        kept.push(body)
        await write(local.service.apiUrl, body)
        await write(stays.url, heartbeat(local.now_ms, local.now_ms + STEP), RECEIVE)
      }
      await local.pass(STEP)
      await passAsking(there, local.now_ms - there.now_ms)
    }
    await local.pass(5000)
    await passAsking(there, local.now_ms - there.now_ms)

    const from_ms = BEGIN + 2 * MINUTE
    const [here, remote] = [await outcome(local, from_ms, local.now_ms), await outcome(there, from_ms, local.now_ms)]
    expect(Object.keys(here.alerts).length).toBeGreaterThan(12)
    expect(new Set(here.findings.map((one) => (one as { rule?: string }).rule)).size).toBe(3)
    for (const what of ['alerts', 'since'] as const) expect([what, remote[what]]).toEqual([what, here[what]])
    expect(Object.keys(remote.alerts).filter((key) => key.includes('NobodyReports'))).toEqual([])
    for (const what of ['recorded', 'scores'] as const)
      for (const [series, values] of Object.entries(here[what])) {
        const other = remote[what][series]!
        expect([series, other.map(([at]) => at)]).toEqual([series, values.map(([at]) => at)])
        for (const [i, [, value]] of values.entries()) expect(Number(other[i]![1])).toBeCloseTo(Number(value), 6)
      }
    expect(remote.findings.map(({ id }) => id)).toEqual(here.findings.map(({ id }) => id))

    interface Rules {
      upstreams: { rules: object; writing: { sent: number; refused: number; waiting: number } }[]
    }
    const writing = async () => (await there.get<Rules>('/api/v1/upstreams')).upstreams[0]!
    await expect.poll(async () => (await writing()).writing.waiting, { timeout: 5000 }).toBe(0)
    const state = await writing()
    expect(state).toMatchObject({ rules: { behind_seconds: 0, passed_over: 0 }, writing: { refused: 0 } })
    const expr = 'count by (tenant_id) (count_over_time(job:queue_length:sum[30m]))'
    const { result } = await thanos.query(expr, local.now_ms)
    expect(result).toMatchObject([{ metric: { tenant_id: 'results' }, value: [expect.anything(), '5'] }])
    process.stdout.write(`${JSON.stringify({ ...state, findings: here.findings.length })}\n`)
  }, 600_000)

  test('gives history with its own times and values; none of it counts as fetched while a store is missing', async () => {
    const thanos = await Thanos.start(2)
    const [stays, goes] = thanos.stores as [Thanos['stores'][0], Thanos['stores'][0]]
    const expected = await filled(goes.url)
    await write(stays.url, heartbeat(NOW - HOUR, NOW), RECEIVE)
    await thanos.has('metric_0', NOW)
    await goes.kill()
    const one = new HistoryStand({ url: `${thanos.url}/${PLAIN}`, wishes: WISHES })
    running.push(one.backfill)
    await one.backfill.first()
    expect(one.backfill.state()).toMatchObject({ state: 'waiting', fetched: 0 })
    expect(one.backfill.state().trouble).toMatch(/answers without|code = Unavailable/)
    await goes.start()
    await thanos.sees(2)
    one.backfill.start(false)
    await until('it is there', () => one.backfill.state().state === 'done')
    expect(keptOf(one)).toEqual(expected)
  })

  test('takes results, and of a request what is not late', async () => {
    const { stores } = await Thanos.start(1)
    const { url } = stores[0]!
    const one = new Stand({ url, path: RECEIVE, shards: 1, limits: { batch: 500, backoff_max_ms: 500 } })
    one.writers.start()
    one.rounds(0, 100, 50)
    await until('it is sent', () => one.writer.state().counts.sent === 5000)
    await stores[0]!.kill()
    one.rounds(100, 10, 50)
    await until('it was missed', () => one.writer.state().counts.retried > 0)
    await stores[0]!.start()
    await until('that is sent as well', () => one.writer.state().counts.sent === 5500)
    one.put([
      ...Array.from({ length: 200 }, (_, i) => [`good_${i}`, NOW + 200_000, 1] as const),
      ['late', NOW - 7_200_000, 1],
    ])
    await one.stop(5000)
    expect(one.writer.state().counts).toMatchObject({ sent: 5700, refused: 1 })
  })

  test('does not say that it knows remote write 2.0, and we do not take it for written', async () => {
    const { stores } = await Thanos.start(1)
    const one = new Stand({ url: stores[0]!.url, path: RECEIVE, version: 2 })
    one.writers.start()
    one.rounds(0, 2, 50)
    await one.stop(5000)
    expect(one.writer.state()).toMatchObject({ counts: { sent: 0, refused: 100 } })
    expect(one.writer.state().trouble).toContain('try version: 1')
  })
})
