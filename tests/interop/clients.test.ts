// The libraries through which our users ask: Grafana's data source, promtool, client_golang, KEDA, Argo Rollouts, prometheus-query.
import { execFile } from 'node:child_process'
import { isDeepStrictEqual, promisify } from 'node:util'

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
async function said(program: string, ...args: readonly string[]): Promise<string> {
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
    beforeAll(() => pair.start(-2, false))
    afterAll(endAll)

    const end_s = (): number => pair.begin_s + ((STEPS - 1) * STEP_MS) / 1000

    describe.skipIf(GRAFANA === '')("Grafana's own data source (skipped where promlib is not built)", () => {
      const asked = (...args: readonly string[]): Promise<string> =>
        said(GRAFANA, '--url', pair.ours, '--metric', 'demo_up', ...args)

      test.each(['POST', 'GET'])('draws the same panels by %s', async (method) => {
        const exprs = PANELS.flatMap((expr) => ['--expr', expr])
        expect(await asked('--against', pair.theirs, '--method', method, '--back', '1h', ...exprs)).toContain('{')
      })

      test('takes us for plain Prometheus', async () => {
        expect(await asked('--expr', 'demo_up')).not.toMatch(/mimir|thanos|cortex/i)
        expect((await fetch(`${pair.ours}/api/v1/status/flags`)).status).toBe(404)
      })

      test('looks past now', async () => {
        expect(
          await asked(
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
          ),
        ).toContain('{')
      })
    })

    test.skipIf(CLIENT_GOLANG === '')(
      'client_golang: every call (skipped where prometheus-api is not built)',
      async () => {
        const where = ['--url', pair.ours, '--against', pair.theirs, '--optional', UNANSWERED]
        expect(
          await said(
            CLIENT_GOLANG,
            ...where,
            '--metric',
            'demo_up',
            '--at',
            String(end_s()),
            '--back',
            '1h',
            ...EXPRESSIONS,
          ),
        ).toContain('{')
      },
    )

    describe.skipIf(PROMTOOL_3 === '')('promtool prints the same (skipped where it is not built)', () => {
      const both = async (what: string, flags: readonly string[], ...words: readonly string[]): Promise<string[]> =>
        Promise.all(
          [pair.theirs, pair.ours].map(async (url) => {
            const printed = await said(PROMTOOL_3, 'query', what, ...flags, url, ...words)
            return printed.split('\n').toSorted().join('\n')
          }),
        )
      const alike = ([theirs, ours]: readonly string[]): boolean => theirs === ours && ours !== ''

      test('for an instant', async () => {
        for (const query of ['demo_up', 'sum by (job) (demo_requests_total)', '1 + 1', 'demo_up[1m]']) {
          expect(await both('instant', [`--time=${end_s()}`], query)).toSatisfy(alike)
        }
      })

      test('for a range', async () => {
        const range = [`--start=${end_s() - 3600}`, `--end=${end_s()}`, '--step=60s']
        for (const query of ['demo_up', 'topk(2, demo_items)', 'demo_gappy'])
          expect(await both('range', range, query)).toSatisfy(alike)
      })

      test('for series and labels', async () => {
        const range = [`--start=${end_s() - 3600}`, `--end=${end_s()}`]
        expect(await both('series', [...range, '--match=demo_up', '--match={__name__=~"demo_twin_.*"}'])).toSatisfy(
          alike,
        )
        expect(await both('labels', range, 'instance')).toSatisfy(alike)
      })
    })

    describe.skipIf(KEDA === '')('KEDA (skipped where its scalers are not built)', () => {
      const trigger = (query: string, ...more: readonly string[]): Promise<string> => {
        const meta = [`serverAddress=${pair.ours}`, `query=${query}`, 'threshold=1']
        return said(KEDA, '--trigger', 'prometheus', ...meta.flatMap((one) => ['--meta', one]), ...more)
      }

      test('scales by what a query says', async () => {
        expect(await trigger('demo_limit{job="demo"}', '--expect-value', '100', '--expect-active', 'true')).toContain(
          '{',
        )
      })

      test('takes an empty answer for nothing', async () => {
        expect(await trigger('demo_none', '--expect-value', '0', '--expect-active', 'false')).toContain('{')
      })

      test('refuses an empty answer where it may not ignore it, and more than one series', async () => {
        await expect(trigger('demo_none', '--meta', 'ignoreNullValues=false')).rejects.toThrow(/./)
        await expect(trigger('demo_up')).rejects.toThrow(/multiple elements/)
      })
    })

    describe.skipIf(ARGO === '')('Argo Rollouts (skipped where its providers are not built)', () => {
      const measure = (query: string, ...more: readonly string[]): Promise<string> =>
        said(ARGO, '--provider', 'prometheus', '--url', pair.ours, '--query', query, ...more)

      test('measures an instant', async () => {
        const expected = ['--expect-phase', 'Successful', '--expect-value', '[200]']
        expect(await measure('demo_limit{job="other"}', '--success', 'result[0] > 150', ...expected)).toContain('{')
        expect(
          await measure('demo_limit{job="demo"}', '--success', 'result[0] > 150', '--expect-phase', 'Failed'),
        ).toContain('{')
        expect(
          await measure('scalar(demo_limit{job="demo"})', '--success', 'result == 100', '--expect-phase', 'Successful'),
        ).toContain('{')
      })

      test('measures a range', async () => {
        expect(
          await measure(
            'demo_constant',
            '--range',
            '5m',
            '--success',
            'all(result, # == 3)',
            '--expect-phase',
            'Successful',
          ),
        ).toContain('{')
      })
    })

    describe('prometheus-query', () => {
      const driver = (endpoint: string): PrometheusDriver => new PrometheusDriver({ endpoint })
      const both = <T>(ask: (one: PrometheusDriver) => Promise<T>): Promise<T[]> =>
        Promise.all([driver(pair.theirs), driver(pair.ours)].map(ask))
      const alike = ([theirs, ours]: readonly unknown[]): boolean => isDeepStrictEqual(ours, theirs)
      const inOrder = <T>(list: readonly T[]): T[] =>
        list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

      test('queries an instant and a range', async () => {
        expect(
          await both(async (one) => inOrder((await one.instantQuery('demo_up', end_s() * 1000)).result)),
        ).toSatisfy(alike)
        const [start, end] = [(end_s() - 3600) * 1000, end_s() * 1000]
        expect(await both(async (one) => (await one.rangeQuery('demo_items', start, end, 60)).result)).toSatisfy(alike)
      })

      test('lists series, labels and values', async () => {
        const [start, end] = [(end_s() - 3600) * 1000, end_s() * 1000]
        expect(await both(async (one) => inOrder(await one.series('demo_build_info', start, end)))).toSatisfy(alike)
        expect(await both(async (one) => one.labelNames())).toSatisfy(alike)
        expect(await both(async (one) => one.labelValues('instance'))).toSatisfy(alike)
      })

      test('asks for rules, alerts and how the server is', async () => {
        expect(await both(async (one) => one.rules())).toSatisfy(alike)
        expect(await both(async (one) => one.alerts())).toSatisfy(alike)
        expect(Object.keys((await driver(pair.ours).status()) as object)).toEqual(['yaml'])
      })
    })
  },
)
