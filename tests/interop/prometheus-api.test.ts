// The paths of Prometheus' API beside those of Prometheus 3: the same answers to good and bad requests.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { endAll } from './process/barograph.ts'
import { PROMETHEUS_3 } from './process/prometheus.ts'
import { STEP_MS, STEPS } from './promql/demo.ts'
import { Pair } from './promql/pair.ts'

const pair = new Pair()

interface Raw {
  readonly status: number
  readonly type: string | null
  readonly body: unknown
}

interface Stats {
  readonly timings: Readonly<Record<string, number>>
  readonly samples: { readonly totalQueryableSamples: number }
}

async function raw(url: string, path: string, init: RequestInit = {}): Promise<Raw> {
  const response = await fetch(`${url}${path}`, init)
  const type = response.headers.get('content-type')
  const body = await response.text()
  return { status: response.status, type, body: type === 'application/json' ? (JSON.parse(body) as object) : body }
}

/** Begin and end of the data stand for `B` and `E` in a path. */
function placed(path: string): string {
  const end_s = pair.begin_s + ((STEPS - 1) * STEP_MS) / 1000
  return path.replaceAll('=B', `=${pair.begin_s}`).replaceAll('=E', `=${end_s}`)
}

async function both(path: string, init: RequestInit = {}): Promise<{ theirs: Raw; ours: Raw }> {
  const [theirs, ours] = await Promise.all([raw(pair.theirs, placed(path), init), raw(pair.ours, placed(path), init)])
  return { theirs, ours }
}

const q = encodeURIComponent
const RANGE = 'start=B&end=E'

/** To be the same, and not only in what JSON makes of it: values are texts. */
const SAME: readonly string[] = [
  // A query, its times and numbers.
  '/api/v1/query?query=demo_up{instance="a:9090"}&time=E',
  '/api/v1/query?query=demo_odd{kind="big"}&time=E',
  '/api/v1/query?query=demo_odd{kind="tiny"}&time=E',
  '/api/v1/query?query=1&time=1.5',
  '/api/v1/query?query=1&time=1.0005',
  '/api/v1/query?query=1&time=1.0004',
  '/api/v1/query?query=1&time=-3.25',
  '/api/v1/query?query=1&time=1e3',
  '/api/v1/query?query=time()&time=2026-01-02T03:04:05.678Z',
  '/api/v1/query?query=time()&time=2026-01-02T03:04:05%2B02:00',
  '/api/v1/query?query=time()&time=4e9',
  ...[
    '1/3',
    '1e21',
    '1e20',
    '123456789012345678',
    '0.000001',
    '0.0000001',
    '1e-7',
    '-0',
    '0/0',
    '1/0',
    '-1/0',
    '1e300',
    '5e-324',
    '0.1%2B0.2',
  ].map((number) => `/api/v1/query?query=${number}&time=0`),
  `/api/v1/query?query=${q('"text \\u2028 <b> & \\"quoted\\" é"')}&time=0`,
  '/api/v1/query?query=demo_up{instance="a:9090"}&time=E&timeout=10s&lookback_delta=1m',
  '/api/v1/query?query=demo_up&time=E&limit=0&lookback_delta=0.001',
  '/api/v1/query_range?query=demo_items{instance="a:9090"}&start=B&end=E&step=600',
  '/api/v1/query_range?query=demo_items{instance="a:9090"}&start=B&end=E&step=10m',
  '/api/v1/query_range?query=demo_items{instance="a:9090"}&start=B&end=E&step=333.333',
  '/api/v1/query_range?query=demo_gappy{kind="gaps"}&start=B&end=E&step=15&lookback_delta=10s',
  '/api/v1/query_range?query=1&start=0&end=0&step=1',
  '/api/v1/query_range?query=1&start=0&end=11000&step=1',
  // What is wrong.
  '/api/v1/query',
  '/api/v1/query?query=',
  '/api/v1/query?query=demo_up&time=yesterday',
  '/api/v1/query?query=demo_up&time=2026-02-30T00:00:00Z',
  '/api/v1/query?query=demo_up&timeout=soon',
  '/api/v1/query?query=demo_up&lookback_delta=far',
  '/api/v1/query?query=demo_up&lookback_delta=-1s',
  '/api/v1/query?query=demo_up&lookback_delta=0',
  '/api/v1/query?query=demo_up&limit=many',
  '/api/v1/query?query=demo_up&limit=-1',
  '/api/v1/query?query=demo_up{',
  '/api/v1/query?query=demo_memory_bytes%2Bon(job)demo_up',
  '/api/v1/query_range?query=demo_up',
  '/api/v1/query_range?query=demo_up&start=B',
  '/api/v1/query_range?query=demo_up&start=B&end=E',
  '/api/v1/query_range?query=demo_up&start=E&end=B&step=1',
  '/api/v1/query_range?query=demo_up&start=B&end=E&step=0',
  '/api/v1/query_range?query=demo_up&start=B&end=E&step=-1',
  '/api/v1/query_range?query=demo_up&start=B&end=E&step=x',
  '/api/v1/query_range?query=demo_up&start=0&end=11001&step=1',
  '/api/v1/query_range?query=demo_up[5m]&start=B&end=E&step=60',
  '/api/v1/query_range?query="text"&start=B&end=E&step=60',
  '/api/v1/query_range?query=demo_up&start=x&end=E&step=60',
  // What there is.
  '/api/v1/labels',
  `/api/v1/labels?${RANGE}&match[]=demo_up`,
  `/api/v1/labels?match[]=demo_up&match[]=demo_limit&${RANGE}`,
  `/api/v1/labels?limit=3&${RANGE}`,
  '/api/v1/labels?limit=-1',
  '/api/v1/labels?limit=x',
  '/api/v1/labels?match[]={}',
  '/api/v1/labels?match[]=demo_up{',
  '/api/v1/labels?match[]={job=~".*"}',
  '/api/v1/labels?start=1&end=2',
  '/api/v1/label/job/values',
  '/api/v1/label/__name__/values',
  `/api/v1/label/instance/values?match[]=demo_up&${RANGE}`,
  '/api/v1/label/instance/values?limit=1',
  '/api/v1/label/U__host_2e_name/values',
  '/api/v1/label/host.name/values',
  '/api/v1/label/none/values',
  '/api/v1/label/bad-name/values',
  '/api/v1/label/%20/values',
  `/api/v1/series?match[]=demo_limit{job="demo"}&${RANGE}`,
  `/api/v1/series?match[]=demo_none&${RANGE}`,
  '/api/v1/series',
  '/api/v1/series?match[]=',
  '/api/v1/series?match[]=demo_up&start=x',
  '/api/v1/series?match[]=demo_up&limit=x',
  '/api/v1/series?match[]={__name__=~".*"}',
  '/api/v1/query_exemplars?query=demo_up&start=B&end=E',
  '/api/v1/query_exemplars?query=demo_up{&start=B&end=E',
  '/api/v1/query_exemplars?query=demo_up&start=E&end=B',
  '/api/v1/metadata?metric=none',
  '/api/v1/metadata?limit=x',
  '/api/v1/metadata?limit_per_metric=x',
  '/api/v1/rules',
  '/api/v1/rules?type=alert',
  '/api/v1/rules?type=other',
  '/api/v1/rules?exclude_alerts=maybe',
  '/api/v1/alerts',
  // Written well.
  ...[
    'sum(rate(demo_requests_total[5m]))by(job)',
    'demo_up{instance=~"a.*",job!="b"}offset 5m@1.5',
    '-demo_up+on(instance)group_left(job)demo_items',
    'sum by (job, instance, path) (rate(demo_requests_total{status!~"5.."}[5m])) / ignoring(status) group_left sum by (job, instance, path) (rate(demo_requests_total[5m]))',
    'topk(3, histogram_quantile(0.99, sum without (instance, job, method, status) (rate(demo_latency_seconds_bucket{job="demo"}[5m]))))',
    'max_over_time((sum by (job) (rate(demo_requests_total{job="demo"}[5m])) + sum by (job) (rate(demo_requests_total[10m])))[1h:5m] offset 1d)',
    'label_replace(demo_up, "a", "$1", "b", "(.*)")',
    'demo_up{"a.b"="c"}',
    '{"demo.utf8 метрика"}',
    'demo_up >bool 1e3',
    'sum by(job)(rate(demo_up[5m]))>0',
    '',
  ].map((expr) => `/api/v1/format_query?query=${q(expr)}`),
  // Elsewhere.
  '/api/v1/nothing',
  '/api/v1/label/job',
  '/api/v1/status/nothing',
]

describe.skipIf(PROMETHEUS_3 === '')(
  'as Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)',
  () => {
    beforeAll(() => pair.start(10, false))
    afterAll(endAll)

    test.each(SAME)('GET %s', async (path) => {
      const { theirs, ours } = await both(path)
      expect(ours).toEqual(theirs)
    })

    test.each(['query', 'query_range', 'labels', 'series', 'query_exemplars', 'format_query'])(
      'POST of a form to %s, what the address says behind it',
      async (path) => {
        const body = new URLSearchParams(
          placed('query=demo_limit{job="demo"}&match[]=demo_limit{job="demo"}&time=E&start=B&end=E'),
        )
        const { theirs, ours } = await both(`/api/v1/${path}?query=demo_none&step=600`, { method: 'POST', body })
        expect(ours).toEqual(theirs)
        expect(theirs.status).toBe(200)
      },
    )

    test.each(['query?query=demo_items&time=E', `series?match[]=demo_items&${RANGE}`])(
      'limit cuts %s with a warning',
      async (path) => {
        const { theirs, ours } = await both(`/api/v1/${path}&limit=2`)
        expect(ours.body).toMatchObject({ warnings: (theirs.body as { warnings: string[] }).warnings })
      },
    )

    test.each(['label/job/values', 'metadata', 'rules', 'alerts', 'status/buildinfo'])(
      '%s is not to be POSTed',
      async (path) => {
        const { theirs, ours } = await both(`/api/v1/${path}`, { method: 'POST', body: new URLSearchParams('a=b') })
        expect([ours.status, theirs.status]).toEqual([405, 405])
      },
    )

    test.each([
      'query?query=demo_items&time=E',
      'query?query=1%2B1&time=E',
      'query?query=rate(demo_requests_total[5m])&time=E',
      `query_range?query=demo_items&${RANGE}&step=60`,
      `query_range?query=sum(rate(demo_requests_total[5m]))&${RANGE}&step=60`,
      `query_range?query=demo_items*demo_items&${RANGE}&step=60`,
    ])('what %s took: as many samples, and the same times are told', async (path) => {
      const { theirs, ours } = await both(`/api/v1/${path}&stats=all`)
      const [expected, told] = [theirs, ours].map(({ body }) => (body as { data: { stats: Stats } }).data.stats)
      expect(told!.samples.totalQueryableSamples).toBe(expected!.samples.totalQueryableSamples)
      expect(Object.keys(told!.timings).toSorted()).toEqual(Object.keys(expected!.timings).toSorted())
      expect(Object.values(told!.timings).every((seconds) => seconds >= 0 && seconds < 60)).toBe(true)
    })

    test('any page may ask, and ask before it asks', async () => {
      const [theirs, ours] = await Promise.all(
        [pair.theirs, pair.ours].map(async (url) => {
          const asked = {
            method: 'OPTIONS',
            headers: { origin: 'http://elsewhere.test', 'access-control-request-method': 'POST' },
          }
          const before = await fetch(`${url}/api/v1/query`, asked)
          const then = await fetch(`${url}/api/v1/query?query=1`, { headers: { origin: 'http://elsewhere.test' } })
          return {
            status: before.status,
            methods: before.headers.get('access-control-allow-methods')?.includes('POST'),
            origins: [before, then].map(({ headers }) => headers.get('access-control-allow-origin')),
          }
        }),
      )
      expect(ours).toMatchObject({ methods: true })
      expect(ours!.origins.every((origin) => origin === '*' || origin === theirs!.origins[0])).toBe(true)
      expect(ours!.status).toBe(theirs!.status)
    })
  },
)
