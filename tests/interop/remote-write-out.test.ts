// Remote write out into a real Prometheus and VictoriaMetrics. Set BAROGRAPH_TEST_PROMETHEUS_BIN and _VICTORIAMETRICS_BIN to the programs.
import { execFileSync } from 'node:child_process'

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { boundsOfShape } from '#core/exponential.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels } from '#core/series.ts'

import { NOW, removeFolders, Stand, type StandOptions, until } from '../../upstream/testing/stand.fixture.ts'
import { MetricsServer, PROMETHEUS, VICTORIAMETRICS } from './process/metrics-server.ts'

const major = PROMETHEUS === '' ? 0 : Number(/version (\d+)/.exec(versionOf(PROMETHEUS))?.[1] ?? 0)
const versions = major >= 3 ? ([1, 2] as const) : ([1] as const)
const stands: Stand[] = []

function versionOf(binary: string): string {
  return execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function stand(server: MetricsServer, options: Partial<StandOptions> = {}): Stand {
  const one = new Stand({
    url: server.url,
    shards: 4,
    limits: { batch: 500, backoff_ms: 30, backoff_max_ms: 500 },
    ...options,
  })
  stands.push(one)
  one.writers.start()
  return one
}

afterEach(async () => {
  for (const one of stands.splice(0)) await one.stop(0)
  removeFolders()
})

const END = NOW + 999_000

describe.skipIf(PROMETHEUS === '').each(versions)(
  'Prometheus (skipped unless BAROGRAPH_TEST_PROMETHEUS_BIN names it), remote write %i.0,',
  (version) => {
    let server: MetricsServer
    beforeAll(async () => {
      server = await MetricsServer.prometheus()
    })
    afterAll(() => server.stop())

    test('has every sample with its value, though it was killed and came back while they were sent', async () => {
      const one = stand(server, { version })
      let sum = one.rounds(0, 300, 50)
      await until('some are sent', () => one.writer.state().counts.sent > 5000)
      await server.kill()
      sum += one.rounds(300, 300, 50)
      await until('it was missed', () => one.writer.state().counts.retried > 0)
      await server.start()
      sum += one.rounds(600, 400, 50)
      await one.stop(20_000)
      const { waiting, counts } = one.writer.state()
      expect([waiting, counts.dropped, counts.sent + counts.refused]).toEqual([0, 0, 50_000])
      // What was under way when it was killed may be there already: then it comes too late.
      expect(counts.refused).toBeLessThanOrEqual(4 * 500)
      expect(await server.samples('{job="test"}[20m]', END)).toEqual({ count: 50_000, sum })
    })

    test('knows from the stale marker that a series has ended', async () => {
      const one = stand(server, { version })
      one.put([['ending', END, 1]])
      one.put([['ending', END + 1000, Number.NaN]])
      await one.stop()
      expect(await server.query('ending', END + 500)).toHaveLength(1)
      expect(await server.query('ending', END + 1500)).toHaveLength(0)
    })

    test('answers quantiles of classic and native histograms', async () => {
      const one = stand(server, { version })
      const classic = one.store.resolve({
        labels: Labels.of({ __name__: 'classic_seconds', job: 'h' }),
        type: 'histogram',
        unit: 's',
        help: 'Classic.',
        kind: 'histogram',
        bounds: Float64Array.of(1, 2),
      })
      const shape = {
        schema: 0,
        zero_threshold: 0,
        positive_offset: 0,
        positive_count: 3,
        negative_offset: 0,
        negative_count: 0,
      }
      const native = one.store.resolve({
        labels: Labels.of({ __name__: 'native_seconds', job: 'h' }),
        type: 'histogram',
        unit: 's',
        help: 'Native.',
        kind: 'exponential',
        bounds: boundsOfShape(shape),
      })
      const builder = new SampleBuilder()
      builder.histogram({ series: classic, time_ms: END, sum: 15, count: 10, buckets: [0, 10, 0] })
      // (2, 4] holds all ten.
      builder.histogram({ series: native, time_ms: END, sum: 30, count: 10, buckets: [0, 0, 10, 0] })
      const batch = builder.batch()
      one.writers.stored(batch, one.store.append(batch), 'received')
      await one.stop()
      expect(await server.number('histogram_quantile(0.5, classic_seconds_bucket)', END)).toBe(1.5)
      const [found] = await server.query('native_seconds', END)
      expect(found?.histogram?.[1]).toMatchObject({ count: '10', sum: '30' })
      const median = await server.number('histogram_quantile(0.5, native_seconds)', END)
      expect([2.8284, 3]).toContainEqual(expect.closeTo(median, 3))
    })

    test('has the exemplars of floats, classic and native histograms', async () => {
      const one = stand(server, { version, exemplars: 100 })
      const defined = (name: string, kind: 'float' | 'histogram' | 'exponential', bounds: Float64Array): number =>
        one.store.resolve({
          labels: Labels.of({ __name__: name, job: 'e', version: String(version) }),
          type: kind === 'float' ? 'counter' : 'histogram',
          unit: '',
          help: '',
          kind,
          bounds,
        })
      const shape = {
        schema: 0,
        zero_threshold: 0,
        positive_offset: 0,
        positive_count: 2,
        negative_offset: 0,
        negative_count: 0,
      }
      const [float, classic, native] = [
        defined('e_total', 'float', new Float64Array()),
        defined('e_classic', 'histogram', Float64Array.of(1, 2)),
        defined('e_native', 'exponential', boundsOfShape(shape)),
      ]
      const builder = new SampleBuilder()
      for (const round of [0, 1]) {
        builder.clear()
        const time_ms = END + round * 1000
        builder.float(float, time_ms, 1)
        builder.histogram({ series: classic, time_ms, sum: 15, count: 10, buckets: [0, 10, 0] })
        builder.histogram({ series: native, time_ms, sum: 30, count: 10, buckets: [0, 5, 5] })
        for (const [series, value] of [
          [float, 1],
          [classic, 5],
          [classic, 1.5],
          [native, 3],
          [native, 1.5],
        ] as const)
          builder.exemplar({
            series,
            time_ms: time_ms - 10 + value,
            value,
            labels: Labels.of({ trace_id: `t${round}` }),
          })
        const batch = builder.batch()
        one.writers.stored(batch, one.store.append(batch), 'received')
      }
      await one.stop()
      expect(one.writer.state()).toMatchObject({ trouble: '', counts: { refused: 0 } })
      const found = await server.get<
        { seriesLabels: Record<string, string>; exemplars: { labels: Record<string, string>; value: string }[] }[]
      >('/api/v1/query_exemplars', {
        query: `{job="e", version="${version}"}`,
        start: String(END / 1000 - 10),
        end: String(END / 1000 + 10),
      })
      const told = found.map(({ seriesLabels: { __name__: name, le = '' }, exemplars }) => [
        `${name} ${le}`,
        ...exemplars.map(({ labels, value }) => `${labels['trace_id']} ${value}`),
      ])
      expect(told.toSorted(([a = ''], [b = '']) => a.localeCompare(b, 'en'))).toEqual([
        ['e_classic_bucket +Inf', 't0 5', 't1 5'],
        ['e_classic_bucket 2.0', 't0 1.5', 't1 1.5'],
        ['e_native ', 't0 1.5', 't0 3', 't1 1.5', 't1 3'],
        ['e_total ', 't0 1', 't1 1'],
      ])
    })

    test('takes what is good of a request in which one sample is too old for it', async () => {
      const one = stand(server, { version, shards: 1 })
      one.put([['fresh', END + 7_200_000, 1]])
      await until('it is sent', () => one.writer.state().counts.sent === 1)
      one.put([
        ...Array.from({ length: 200 }, (_, i) => [`good_${i}`, END + 7_201_000, 1] as const),
        ['late', END - 7_200_000, 1],
      ])
      await one.stop()
      expect(one.writer.state().counts).toMatchObject({ sent: 201, refused: 1 })
      expect(await server.number('count({__name__=~"good_.*"})', END + 7_201_000)).toBe(200)
    })
  },
)

describe.skipIf(VICTORIAMETRICS === '')(
  'VictoriaMetrics (skipped unless BAROGRAPH_TEST_VICTORIAMETRICS_BIN names it)',
  () => {
    let server: MetricsServer
    beforeAll(async () => {
      server = await MetricsServer.victoria()
    })
    afterAll(() => server.stop())

    test('has every sample with its value', async () => {
      const one = stand(server)
      const from = Math.floor((Date.now() - 3_600_000 - NOW) / 1000)
      const sum = one.rounds(from, 200, 50)
      await one.stop(20_000)
      await server.flush()
      const end_ms = NOW + (from + 199) * 1000
      await expect.poll(() => server.samples('{job="test"}[20m]', end_ms)).toEqual({ count: 10_000, sum })
    })
  },
)
