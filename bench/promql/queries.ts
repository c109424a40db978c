/** What the bar is: aggregating range queries, or what is mostly reading and writing. */
export type QueryClass = 'aggregate' | 'matrix' | 'join' | 'instant'

export interface BenchQuery {
  readonly name: string
  readonly of: QueryClass
  readonly expr: string
  /** Of a range query over the last hour; none: an instant query at its end. */
  readonly step_s?: number
}

const REQUESTS = 'http_requests_total'
const BUCKETS = 'http_request_duration_seconds_bucket'
const USED = 'node_memory_used_bytes'
const LIMIT = 'node_memory_limit_bytes'

const AGGREGATES: Readonly<Record<string, string>> = {
  'sum rate': `sum(rate(${REQUESTS}[5m]))`,
  'sum by job rate': `sum by (job) (rate(${REQUESTS}[5m]))`,
  'sum by instance, status': `sum by (instance, status) (rate(${REQUESTS}[5m]))`,
  'sum without': `sum without (method, status) (increase(${REQUESTS}[10m]))`,
  'error ratio': `sum by (job) (rate(${REQUESTS}{status=~"5.."}[5m])) / sum by (job) (rate(${REQUESTS}[5m]))`,
  histogram_quantile: `histogram_quantile(0.9, sum by (le, job) (rate(${BUCKETS}[5m])))`,
  'histogram_quantile each': `histogram_quantile(0.99, rate(${BUCKETS}{job="api-3"}[5m]))`,
  topk: `topk(5, rate(${REQUESTS}[5m]))`,
  'avg gauge': `avg by (job) (${USED})`,
  'max, regex on names': `max by (job, __name__) ({__name__=~"node_memory_.*", instance=~"10\\\\.1\\\\.0\\\\..*"})`,
  quantile: `quantile by (job) (0.95, ${USED})`,
  avg_over_time: `sum by (job) (avg_over_time(${USED}[10m]))`,
  max_over_time: `max by (job) (max_over_time(${USED}[10m]))`,
  subquery: `max_over_time(sum by (job) (rate(${REQUESTS}[1m]))[10m:1m])`,
  count: `count by (job) (${REQUESTS} > 1000)`,
}

const MATRICES: Readonly<Record<string, string>> = {
  gauges: `${USED}{job=~"api-[0-3]"}`,
  rates: `rate(${REQUESTS}{job="api-1"}[5m])`,
}

const JOINS: Readonly<Record<string, string>> = {
  'one to one': `${USED} / ${LIMIT}`,
  group_left: `rate(${REQUESTS}[5m]) * on (instance) group_left (version) build_info{image="app"}`,
  and: `${USED} and on (instance, area) (${LIMIT} > 0)`,
  'sum of join': `sum by (version) (rate(${REQUESTS}[5m]) * on (instance) group_left (version) build_info{image="app"})`,
}

const INSTANTS: Readonly<Record<string, string>> = {
  vector: USED,
  'sum by job rate': AGGREGATES['sum by job rate']!,
  topk: AGGREGATES['topk']!,
  histogram_quantile: AGGREGATES['histogram_quantile']!,
  'range vector': `${USED}{job="api-1"}[10m]`,
  'one series': `${REQUESTS}{instance="10.1.0.1:8080",method="GET",status="200"}`,
  regex: `count(${REQUESTS}{status=~"[45]..", method!~"P.*"})`,
}

function ranged(of: QueryClass, queries: Readonly<Record<string, string>>, steps_s: readonly number[]): BenchQuery[] {
  return Object.entries(queries).flatMap(([name, expr]) => steps_s.map((step_s) => ({ name, of, expr, step_s })))
}

export const QUERIES: readonly BenchQuery[] = [
  ...ranged('aggregate', AGGREGATES, [60, 15]),
  ...ranged('matrix', MATRICES, [60, 15]),
  ...ranged('join', JOINS, [60]),
  ...Object.entries(INSTANTS).map(([name, expr]): BenchQuery => ({ name, of: 'instant', expr })),
]
