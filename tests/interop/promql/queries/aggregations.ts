// Every aggregation, over every kind of grouping; and subqueries.
const PLAIN = 'sum avg count min max group stddev stdvar'.split(' ')
const GROUPINGS = ['', 'by (job)', 'by (instance, mode)', 'without (mode)', 'by ()', 'without ()', 'by (nothing)']

const GROUPED = PLAIN.flatMap((op) => [
  ...GROUPINGS.map((grouping) => `${op} ${grouping}(demo_cpu_seconds_total)`),
  `${op}(demo_odd)`,
  `${op}(demo_gappy) by (kind)`,
  `${op} by (path) (rate(demo_requests_total[5m]))`,
])
const RANKED = ['topk', 'bottomk'].flatMap((op) => [
  `${op}(2, demo_memory_bytes)`,
  `${op}(1, demo_memory_bytes) by (type)`,
  `${op} without (type) (2, demo_memory_bytes)`,
  `${op}(0, demo_memory_bytes)`,
  `${op}(-1, demo_memory_bytes)`,
  `${op}(100, demo_memory_bytes)`,
  `${op}(2.9, demo_memory_bytes)`,
  `${op}(scalar(demo_constant), demo_memory_bytes)`,
  `${op}(NaN, demo_memory_bytes)`,
  `${op}(1e30, demo_memory_bytes)`,
  `sum(${op}(2, demo_memory_bytes))`,
])
const QUANTILES = ['0.5', '0', '1', '0.9', '-0.1', '1.1', 'NaN', 'scalar(demo_ratio{instance="a:9090"})'].flatMap(
  (q) => [`quantile(${q}, demo_memory_bytes)`, `quantile by (type) (${q}, demo_memory_bytes)`],
)
const COUNTED = [
  'count_values("value", demo_up)',
  'count_values by (job) ("value", demo_up)',
  'count_values without (instance) ("value", demo_up)',
  'count_values("job", demo_up)',
  'count_values by (job) ("job", demo_up)',
  'count_values("a.b", demo_items)',
  'count_values("value", demo_odd)',
  'count_values("value", demo_memory_bytes > 2e9)',
  'count_values("", demo_up)',
]
const NESTED = [
  'sum(sum by (instance) (rate(demo_requests_total[5m])))',
  'max by (job) (sum without (mode) (rate(demo_cpu_seconds_total[5m])))',
  'sum by ("host.name") ({"demo.utf8 метрика"})',
  'sum without ("host.name") ({"demo.utf8 метрика"})',
  'sum by (__name__) ({__name__=~"demo_(up|items)"})',
  'sum without (__name__) ({__name__=~"demo_twin_.*"})',
  'count({__name__=~"demo_[^n].*"})',
  'count by (__name__) ({__name__=~"demo_[^n].*"})',
  'avg(demo_odd{kind="big"})',
  'sum(demo_none)',
  'count(demo_none)',
  'SUM by (job) (demo_up)',
  'sum by (job) (demo_up,)',
  'sum by (job,) (demo_up)',
]
const SUBQUERIES = [
  'demo_items[5m:1m]',
  'demo_items[5m:]',
  'demo_items[5m:1m] offset 3m',
  'demo_items[5m:1m] @ end()',
  'demo_gappy[3m:20s]',
  'max_over_time(rate(demo_cpu_seconds_total[5m])[30m:1m])',
  'max_over_time(rate(demo_cpu_seconds_total[5m])[30m:])',
  'min_over_time(sum by (job) (rate(demo_requests_total[1m]))[10m:30s])',
  'quantile_over_time(0.9, (demo_items + demo_ratio)[10m:15s])',
  'avg_over_time(avg_over_time(demo_items[5m:1m])[10m:2m])',
  'deriv(rate(demo_cpu_seconds_total[5m])[10m:30s])',
  'rate(demo_cpu_seconds_total[10m:1m])',
  'rate(demo_requests_total[10m:7s])',
  'increase((demo_items * 2)[5m:30s])',
  'count_over_time((demo_items > 0)[10m:1m])',
  'sum_over_time(vector(1)[10m:1m])',
  'sum_over_time(time()[1m:10s])',
  'last_over_time(demo_gappy[10m:1m])',
  'max_over_time((time() - timestamp(demo_items))[5m:7s])',
  'avg_over_time(demo_items[5m:1m] offset 5m)',
  'sum_over_time(demo_items[5m:1m] @ start())',
  'sum_over_time((demo_items @ end())[5m:1m])',
  'absent_over_time(demo_none[5m:1m])',
  'absent_over_time((demo_none > 3)[5m:1m])',
  'changes(demo_up[1h:1m])',
  'sum_over_time(demo_items[1m:2m])',
  'topk(1, max_over_time(rate(demo_cpu_seconds_total[5m])[10m:1m]))',
  'present_over_time(demo_gappy[10m:1m])',
  'holt_winters(demo_items[5m], 0.5, 0.5)',
]

export const aggregations: readonly string[] = [...GROUPED, ...RANKED, ...QUANTILES, ...COUNTED, ...NESTED]
export const subqueries: readonly string[] = SUBQUERIES
