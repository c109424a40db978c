// History from a real Prometheus and VictoriaMetrics. Set BAROGRAPH_TEST_PROMETHEUS_BIN and _VICTORIAMETRICS_BIN to the programs.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { boundsOfShape } from '#core/exponential.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels } from '#core/series.ts'

import { RemoteQueryEngine } from '../../upstream/client/remote-query-engine.ts'
import { clientOf, forecast, HistoryStand, HOUR, inspect } from '../../upstream/testing/history.fixture.ts'
import { NOW, removeFolders, Stand } from '../../upstream/testing/stand.fixture.ts'
import { MetricsServer, PROMETHEUS, VICTORIAMETRICS } from './process/metrics-server.ts'

const SERIES = 12
const STEP = 15_000

/** Samples at times of their own, six hours of them up to `now_ms`, the oldest first; by series. */
async function filled(server: MetricsServer, now_ms: number): Promise<Map<string, [number, number][]>> {
  const one = new Stand({ url: server.url, shards: 1, limits: { batch: 2000, samples: 1e6 } })
  one.writers.start()
  const expected = new Map<string, [number, number][]>()
  const count = (6 * HOUR) / STEP
  for (let i = 0; i < count; i++) {
    const round = Array.from({ length: SERIES }, (_, series) => {
      const time_ms = now_ms - (count - 1 - i) * STEP - (SERIES - series) * 37
      return [`metric_${series % 3}`, time_ms, i + series / 8, String(series)] as const
    })
    one.put(round)
    for (const [name, time_ms, value, series] of round) {
      const key = `${name}{job="test", series="${series}"}`
      const kept = expected.get(key)
      if (kept === undefined) expected.set(key, [[time_ms, value]])
      else kept.push([time_ms, value])
    }
  }
  await one.stop(20_000)
  expect(one.writer.state().counts).toMatchObject({ sent: count * SERIES, refused: 0 })
  return expected
}

const WISHES = ['metric_0', 'metric_1', 'metric_2'].map(forecast)

function keptOf(one: HistoryStand): Map<string, [number, number][]> {
  return new Map(['metric_0', 'metric_1', 'metric_2'].flatMap((name) => [...one.kept(name)]))
}

afterEach(removeFolders)

describe.skipIf(PROMETHEUS === '')('Prometheus (skipped unless BAROGRAPH_TEST_PROMETHEUS_BIN names it)', () => {
  let server: MetricsServer
  let expected: Map<string, [number, number][]>
  beforeAll(async () => {
    server = await MetricsServer.prometheus()
    expected = await filled(server, NOW)
  })
  afterAll(() => server.stop())

  test('gives every sample with its own time and value', async () => {
    const one = new HistoryStand({ url: server.url, wishes: WISHES })
    await one.backfill.first()
    expect(one.warnings).toEqual([])
    expect(keptOf(one)).toEqual(expected)
  })

  test('gives them in small pieces and groups as well', async () => {
    const one = new HistoryStand({
      url: server.url,
      wishes: WISHES,
      settings: { samples: 1000, range: '6h', parallel: 4 },
    })
    await one.backfill.first()
    expect(keptOf(one)).toEqual(expected)
  })

  test('gives native histograms, which are the same rows as before', async () => {
    const writing = new Stand({ url: server.url })
    writing.writers.start()
    const shape = {
      schema: 3,
      zero_threshold: 2 ** -128,
      positive_offset: 16,
      positive_count: 16,
      negative_offset: -16,
      negative_count: 16,
    }
    const bounds = boundsOfShape(shape)
    const labels = Labels.of({ __name__: 'native_seconds', job: 'test' })
    const series = writing.store.resolve({ labels, type: 'histogram', unit: '', help: '', kind: 'exponential', bounds })
    const builder = new SampleBuilder()
    const buckets = Array.from({ length: 33 }, (_, i) => (i * i) % 7)
    const count = buckets.reduce((sum, one) => sum + one, 0)
    builder.histogram({ series, time_ms: NOW - 60_000, sum: 12.5, count, buckets })
    const batch = builder.batch()
    writing.writers.stored(batch, writing.store.append(batch), 'received')
    await writing.stop()
    const one = new HistoryStand({ url: server.url, wishes: [forecast('native_seconds')] })
    await one.backfill.first()
    expect(one.backfill.state()).toMatchObject({ fetched: 1, skipped: 0 })
    const row = one.store.resolve({ labels, type: 'unknown', unit: '', help: '', kind: 'exponential', bounds })
    expect(one.store.newest(row)).toEqual({ time_ms: NOW - 60_000, values: Float64Array.of(12.5, count, ...buckets) })
  })

  test('evaluates what is asked of it', async () => {
    const engine = new RemoteQueryEngine(clientOf(server.url), { inspect, format: (expr) => expr, matchers: () => [] })
    expect(await engine.instant('count by (job) (metric_0)', NOW)).toMatchObject({
      type: 'vector',
      series: [{ labels: Labels.of({ job: 'test' }), value: Float64Array.of(4) }],
    })
    const range = await engine.range('sum(metric_1)', { from_ms: NOW - HOUR, to_ms: NOW, step_ms: 60_000 })
    expect(range.type === 'matrix' ? range.series[0]?.time_ms : undefined).toHaveLength(61)
    await expect(engine.instant('metric_0 + on(job) metric_1', NOW)).rejects.toMatchObject({ code: 'execution' })
    await expect(engine.instant('sum(', NOW)).rejects.toMatchObject({ code: 'bad_data' })
  })
})

describe.skipIf(VICTORIAMETRICS === '')(
  'VictoriaMetrics (skipped unless BAROGRAPH_TEST_VICTORIAMETRICS_BIN names it)',
  () => {
    let server: MetricsServer
    beforeAll(async () => {
      server = await MetricsServer.victoria()
    })
    afterAll(() => server.stop())

    test('gives every sample with its own time and value', async () => {
      // It keeps what is not older than its retention by the wall clock.
      const now_ms = Math.floor((Date.now() - HOUR) / STEP) * STEP
      const expected = await filled(server, now_ms)
      await server.flush()
      const one = new HistoryStand({ url: server.url, wishes: WISHES, now_ms })
      await one.backfill.first()
      expect(one.warnings).toEqual([])
      expect(keptOf(one)).toEqual(expected)
    })
  },
)
