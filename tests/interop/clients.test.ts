// The libraries through which our users ask: Grafana's data source, promtool, client_golang, KEDA, Argo Rollouts, prometheus-query.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { PrometheusDriver } from 'prometheus-query'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { endAll } from './process/barograph.ts'
import { goClient, PROMETHEUS_3, PROMTOOL_3 } from './process/prometheus.ts'
import { STEP_MS, STEPS } from './promql/demo.ts'
import { Pair } from './promql/pair.ts'

const run = promisify(execFile)
const pair = new Pair()

const GRAFANA = goClient('promlib')
const CLIENT_GOLANG = goClient('prometheus-api')
const KEDA = goClient('keda')
const ARGO = goClient('argo')

/** What dashboards ask. */
const PANELS = [
  'demo_up',
  'sum by (job) (rate(demo_requests_total[5m]))',
  'rate(demo_cpu_seconds_total[$__rate_interval])',
  'histogram_quantile(0.9, sum by (le) (rate(demo_latency_seconds_bucket[5m])))',
  'topk(2, demo_memory_bytes)',
  '{"demo.utf8 метрика"}',
  'demo_memory_bytes * on(instance) group_left(version) demo_build_info',
]
/** The same without Grafana's variables, and sorted: Prometheus promises no order of a vector. */
const EXPRESSIONS = PANELS.map((expr) => `sort(${expr.replace('$__rate_interval', '1m')})`).flatMap((expr) => [
  '--expr',
  expr,
])
/** Not among what we answer: where there are no flags Grafana does not take us for Thanos. */
const UNANSWERED = 'Flags,AlertManagers,Snapshot,DeleteSeries,CleanTombstones,TSDBBlocks,WalReplay,TargetsMetadata'

/** The programs print what they saw as JSON, and end with 1, which throws, where an answer is not as it must be. */
async function expectGood(program: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await run(program, args)).stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${stderr.slice(-2000)}\n${stdout.slice(0, 1500)}`, { cause: error })
  }
}

describe.skipIf(PROMETHEUS_3 === '')(
  'beside Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)',
  () => {
    beforeAll(() => pair.start(-2, false), 60_000)
    afterAll(endAll)

    const end_s = (): number => pair.begin_s + ((STEPS - 1) * STEP_MS) / 1000

    describe.skipIf(GRAFANA === '')("Grafana's own data source (skipped where promlib is not built)", () => {
      const expectAsked = (...args: readonly string[]): Promise<string> =>
        expectGood(GRAFANA, '--url', pair.ours, '--metric', 'demo_up', ...args)

      test.each(['POST', 'GET'])('draws the same panels by %s', async (method) => {
        const exprs = PANELS.flatMap((expr) => ['--expr', expr])
        await expectAsked('--against', pair.theirs, '--method', method, '--back', '1h', ...exprs)
      })

      test('takes us for plain Prometheus', async () => {
        const said = await expectAsked('--expr', 'demo_up')
        expect(said).not.toMatch(/mimir|thanos|cortex/i)
        expect((await fetch(`${pair.ours}/api/v1/status/flags`)).status).toBe(404)
      })

      test('looks past now', async () => {
        await expectAsked(
          '--against',
          pair.theirs,
          '--back',
          '1h',
          '--ahead',
          '2h',
          '--allow-empty',
          '--expr',
          'demo_up',
          '--expr',
          'vector(1)',
        )
      })
    })

    test.skipIf(CLIENT_GOLANG === '')(
      'client_golang: every call (skipped where prometheus-api is not built)',
      async () => {
        const where = ['--url', pair.ours, '--against', pair.theirs, '--optional', UNANSWERED]
        await expectGood(
          CLIENT_GOLANG,
          ...where,
          '--metric',
          'demo_up',
          '--at',
          String(end_s()),
          '--back',
          '1h',
          ...EXPRESSIONS,
        )
      },
    )

    describe.skipIf(PROMTOOL_3 === '')('promtool prints the same (skipped where it is not built)', () => {
      const both = async (what: string, flags: readonly string[], ...words: readonly string[]): Promise<string[]> =>
        Promise.all(
          [pair.theirs, pair.ours].map(async (url) => {
            const printed = await expectGood(PROMTOOL_3, 'query', what, ...flags, url, ...words)
            return printed.split('\n').toSorted().join('\n')
          }),
        )
      const expectAlike = async (...asked: Parameters<typeof both>): Promise<void> => {
        const [theirs, ours] = await both(...asked)
        expect(ours).toBe(theirs)
        expect(ours).not.toBe('')
      }

      test('for an instant', async () => {
        for (const query of ['demo_up', 'sum by (job) (demo_requests_total)', '1 + 1', 'demo_up[1m]']) {
          await expectAlike('instant', [`--time=${end_s()}`], query)
        }
      })

      test('for a range', async () => {
        const range = [`--start=${end_s() - 3600}`, `--end=${end_s()}`, '--step=60s']
        for (const query of ['demo_up', 'topk(2, demo_items)', 'demo_gappy']) await expectAlike('range', range, query)
      })

      test('for series and labels', async () => {
        const range = [`--start=${end_s() - 3600}`, `--end=${end_s()}`]
        await expectAlike('series', [...range, '--match=demo_up', '--match={__name__=~"demo_twin_.*"}'])
        await expectAlike('labels', range, 'instance')
      })
    })

    describe.skipIf(KEDA === '')('KEDA (skipped where its scalers are not built)', () => {
      const expectTrigger = (query: string, ...more: readonly string[]): Promise<string> => {
        const meta = [`serverAddress=${pair.ours}`, `query=${query}`, 'threshold=1']
        return expectGood(KEDA, '--trigger', 'prometheus', ...meta.flatMap((one) => ['--meta', one]), ...more)
      }

      test('scales by what a query says', async () => {
        await expectTrigger('demo_limit{job="demo"}', '--expect-value', '100', '--expect-active', 'true')
      })

      test('takes an empty answer for nothing', async () => {
        await expectTrigger('demo_none', '--expect-value', '0', '--expect-active', 'false')
      })

      test('refuses an empty answer where it may not ignore it, and more than one series', async () => {
        await expect(expectTrigger('demo_none', '--meta', 'ignoreNullValues=false')).rejects.toThrow(/./)
        await expect(expectTrigger('demo_up')).rejects.toThrow(/multiple elements/)
      })
    })

    describe.skipIf(ARGO === '')('Argo Rollouts (skipped where its providers are not built)', () => {
      const expectMeasured = (query: string, ...more: readonly string[]): Promise<string> =>
        expectGood(ARGO, '--provider', 'prometheus', '--url', pair.ours, '--query', query, ...more)

      test('measures an instant', async () => {
        const expected = ['--expect-phase', 'Successful', '--expect-value', '[200]']
        await expectMeasured('demo_limit{job="other"}', '--success', 'result[0] > 150', ...expected)
        await expectMeasured('demo_limit{job="demo"}', '--success', 'result[0] > 150', '--expect-phase', 'Failed')
        await expectMeasured(
          'scalar(demo_limit{job="demo"})',
          '--success',
          'result == 100',
          '--expect-phase',
          'Successful',
        )
      })

      test('measures a range', async () => {
        await expectMeasured(
          'demo_constant',
          '--range',
          '5m',
          '--success',
          'all(result, # == 3)',
          '--expect-phase',
          'Successful',
        )
      })
    })

    describe('prometheus-query', () => {
      const driver = (endpoint: string): PrometheusDriver => new PrometheusDriver({ endpoint })
      const expectSame = async <T>(ask: (one: PrometheusDriver) => Promise<T>): Promise<void> => {
        const [theirs, ours] = await Promise.all([driver(pair.theirs), driver(pair.ours)].map(ask))
        expect(ours).toEqual(theirs)
      }
      const inOrder = <T>(list: readonly T[]): T[] =>
        list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

      test('queries an instant and a range', async () => {
        await expectSame(async (one) => inOrder((await one.instantQuery('demo_up', end_s() * 1000)).result))
        const [start, end] = [(end_s() - 3600) * 1000, end_s() * 1000]
        await expectSame(async (one) => (await one.rangeQuery('demo_items', start, end, 60)).result)
      })

      test('lists series, labels and values', async () => {
        const [start, end] = [(end_s() - 3600) * 1000, end_s() * 1000]
        await expectSame(async (one) => inOrder(await one.series('demo_build_info', start, end)))
        await expectSame(async (one) => one.labelNames())
        await expectSame(async (one) => one.labelValues('instance'))
      })

      test('asks for rules, alerts and how the server is', async () => {
        await expectSame(async (one) => one.rules())
        await expectSame(async (one) => one.alerts())
        expect(Object.keys((await driver(pair.ours).status()) as object)).toEqual(['yaml'])
      })
    })
  },
)
