// Every stable function over ordinary and odd values.
const ELEMENTWISE = [
  ...'abs ceil floor exp sqrt ln log2 log10 round sgn deg rad sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh'
    .split(' ')
    .flatMap((name) => [`${name}(demo_ratio)`, `${name}(demo_odd)`]),
  ...['demo_items, 4', 'demo_items, 0.3', 'demo_ratio, 0.05', 'demo_items, -2', 'demo_odd, 7'].map(
    (args) => `round(${args})`,
  ),
  ...['demo_items, 0, 10', 'demo_items, 10, 0', 'demo_odd, -5, 5', 'demo_items, NaN, 3', 'demo_items, -Inf, Inf'].map(
    (args) => `clamp(${args})`,
  ),
  'clamp_min(demo_items, 3)',
  'clamp_max(demo_items, 3)',
  'clamp_min(demo_odd, scalar(demo_constant))',
]
const OVER_TIME = [
  ...'avg min max sum count last first stddev stdvar present'
    .split(' ')
    .flatMap((name) => [
      `${name}_over_time(demo_items[5m])`,
      `${name}_over_time(demo_odd[3m])`,
      `${name}_over_time(demo_gappy[7m])`,
    ]),
  ...['0.5', '0', '1', '0.95', '-1', '2', 'NaN', 'scalar(demo_ratio{instance="a:9090"})'].map(
    (q) => `quantile_over_time(${q}, demo_items[5m])`,
  ),
  'quantile_over_time(0.5, demo_odd[5m])',
  ...'rate irate increase delta idelta deriv changes resets'
    .split(' ')
    .flatMap((name) => [
      `${name}(demo_cpu_seconds_total[5m])`,
      `${name}(demo_requests_total[1m])`,
      `${name}(demo_items[2m])`,
      `${name}(demo_odd[5m])`,
      `${name}(demo_gappy[10m])`,
      `${name}(demo_requests_total[15s])`,
    ]),
  'predict_linear(demo_items[10m], 3600)',
  'predict_linear(demo_gappy[10m], -600)',
  'predict_linear(demo_odd[5m], 60)',
  'predict_linear(demo_memory_bytes[30m], scalar(demo_constant) * 60)',
]
const TIMES = [
  'time()',
  'vector(time())',
  'pi()',
  ...'minute hour day_of_week day_of_month day_of_year days_in_month month year'
    .split(' ')
    .flatMap((name) => [
      `${name}()`,
      `${name}(demo_batch_last_success_timestamp_seconds)`,
      `${name}(demo_odd{kind=~"zero|tiny"})`,
    ]),
  'timestamp(demo_items)',
  'timestamp(demo_items + 1)',
  'timestamp(timestamp(demo_items))',
  'time() - demo_batch_last_success_timestamp_seconds',
  'minute(vector(1136239445))',
  'year(vector(-62135596800))',
]
const SHAPES = [
  'scalar(demo_constant)',
  'scalar(demo_items)',
  'scalar(demo_none)',
  'vector(1)',
  'vector(scalar(demo_constant)) + 1',
  'absent(demo_none)',
  'absent(demo_none{a="b", c=~"d"})',
  'absent(demo_up)',
  'absent(sum(demo_none))',
  'absent(demo_none{a="b", a="c"})',
  'absent_over_time(demo_none{a="b"}[5m])',
  'absent_over_time(demo_up[5m])',
  'sort(demo_items)',
  'sort_desc(demo_items)',
  'sort(demo_odd)',
  'sort_desc(demo_odd)',
  'sort(sum by (instance) (demo_memory_bytes))',
]
const LABELS = [
  'label_replace(demo_up, "host", "$1", "instance", "(.*):.*")',
  'label_replace(demo_up, "host", "x-${1}-$2", "instance", "(.*):(.*)")',
  'label_replace(demo_up, "host", "$1", "instance", "nothing(.*)")',
  'label_replace(demo_up, "instance", "", "instance", ".*")',
  'label_replace(demo_up, "job", "same", "instance", ".*")',
  'label_replace(demo_up, "host", "${name}", "instance", "(?P<name>.*):.*")',
  'label_replace(demo_up, "host", "$9$name$", "instance", "(.*)")',
  'label_replace(demo_up, "host.dotted", "$1", "instance", "(.*):.*")',
  'label_replace(demo_up, "__name__", "other_$1", "instance", "(.):.*")',
  'label_replace(demo_up, "instance", "all", "instance", ".*")',
  'label_replace(demo_up, "bad-\xff", "x", "instance", ".*")',
  'label_replace(demo_up, "", "x", "instance", ".*")',
  'label_replace(demo_up, "host", "x", "instance", "(")',
  'label_replace(rate(demo_cpu_seconds_total[5m]), "mode", "$1", "mode", "(.).*")',
  'label_join(demo_up, "both", "-", "job", "instance")',
  'label_join(demo_up, "both", "-")',
  'label_join(demo_up, "both", ", ", "job", "nothing", "instance")',
  'label_join(demo_up, "instance", "", "nothing")',
  'label_join(demo_up, "a.b", "/", "job")',
  'label_join(demo_up, "__name__", "_", "job", "job")',
]

export const functions: readonly string[] = [...ELEMENTWISE, ...OVER_TIME, ...TIMES, ...SHAPES, ...LABELS]
