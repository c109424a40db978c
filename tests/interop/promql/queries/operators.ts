// Every operator: between scalars and vectors, with every form of matching.
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2']
const COMPARISONS = ['==', '!=', '>', '<', '>=', '<=']
const SETS = ['and', 'or', 'unless']

const SCALARS = [
  ...ARITHMETIC.flatMap((op) => [`7 ${op} -3`, `-7.5 ${op} 0`, `Inf ${op} NaN`]),
  ...COMPARISONS.flatMap((op) => [`3 ${op} bool 3`, `NaN ${op} bool NaN`]),
  '-2 ^ 2',
  '2 ^ 3 ^ 2',
  '1 + 2 * 3 - -4 / 2 % 3',
  '-demo_items',
  '+demo_items',
  '--demo_items',
  '-(demo_items + 1)',
  '0x1F + 1e3 + .5 + 1_000',
  '1h30m + 5',
]
const VECTOR_SCALAR = [
  ...ARITHMETIC.flatMap((op) => [`demo_items ${op} 3`, `3 ${op} demo_items`, `demo_odd ${op} 2`]),
  ...COMPARISONS.flatMap((op) => [
    `demo_items ${op} 5`,
    `5 ${op} demo_items`,
    `demo_items ${op} bool 5`,
    `demo_odd ${op} bool 0`,
  ]),
]
const VECTOR_VECTOR = [
  ...ARITHMETIC.flatMap((op) => [
    `demo_items ${op} demo_ratio`,
    `demo_items ${op} on(instance) demo_up`,
    `demo_memory_bytes ${op} ignoring(type) group_left demo_up`,
  ]),
  ...COMPARISONS.flatMap((op) => [
    `demo_items ${op} demo_ratio`,
    `demo_items ${op} bool demo_ratio`,
    `demo_items ${op} on(instance) demo_up`,
    `demo_memory_bytes ${op} on(instance) group_left() demo_up`,
  ]),
  ...SETS.flatMap((op) => [
    `demo_up ${op} demo_items > 0`,
    `demo_memory_bytes ${op} on(instance) (demo_up == 1)`,
    `demo_memory_bytes ${op} ignoring(type) demo_up`,
    `demo_gappy ${op} demo_odd`,
    `demo_gappy ${op} on() vector(1)`,
    `demo_switch{state="on"} ${op} demo_switch{state="off"}`,
    `demo_switch{state="on"} ${op} ignoring(state) demo_switch{state="off"}`,
  ]),
]
const GROUPS = [
  'demo_memory_bytes * on(instance) group_left(version) demo_build_info',
  'demo_memory_bytes * on(instance) group_left(version, "dc.name") demo_build_info',
  'demo_memory_bytes * on(instance, job) group_left(nothing) demo_build_info',
  'demo_build_info * on(instance) group_right(version) demo_memory_bytes',
  'demo_build_info * on(job, instance) group_right() demo_memory_bytes',
  'sum by (job, status) (rate(demo_requests_total[5m])) / on(job) group_left sum by (job) (rate(demo_requests_total[5m]))',
  'sum by (job) (rate(demo_requests_total[5m])) / on(job) group_left(team) demo_limit',
  'demo_limit / on(job) group_right(team) demo_requests_total',
  'demo_up * on() group_left demo_constant',
  'demo_up + on("instance") demo_items',
  'demo_memory_bytes / ignoring(type) group_left sum without (type) (demo_memory_bytes)',
  'demo_up == on(instance) group_left() demo_build_info',
  'demo_up > bool on(instance) group_left(version) demo_build_info',
  'demo_twin_a + demo_twin_b',
  'demo_twin_a == bool demo_twin_b',
  'demo_twin_a < demo_twin_b',
  'rate(demo_twin_a[5m]) or rate(demo_twin_b[5m])',
]
const PRECEDENCE = [
  'demo_up or demo_items and demo_ratio',
  'demo_items > 0 and demo_items < 20 or demo_up',
  'demo_items > 0 unless demo_items > 10',
  '(demo_items + 1) * 2 ^ 2 % 7',
  'demo_items + demo_items > 3',
  '1 + demo_items == bool 2 + demo_items',
  'demo_items AND demo_up',
  'sum(demo_items) > BOOL 3',
]
const CONFLICTS = [
  'demo_memory_bytes + on(instance) demo_up',
  'demo_up + on(instance) demo_memory_bytes',
  'demo_memory_bytes + on(instance) demo_memory_bytes',
  'demo_up + on(job) group_left demo_build_info',
  'demo_memory_bytes + on(job) group_right demo_up',
  'demo_memory_bytes * on(instance) group_left(type) demo_memory_bytes',
  'rate({__name__=~"demo_twin_.*"}[5m])',
  '-{__name__=~"demo_twin_.*"}',
  '{__name__=~"demo_twin_.*"} * 2',
  'sum_over_time({__name__=~"demo_twin_.*"}[5m]) + 1',
  'demo_constant + on() demo_up',
]

export const operators: readonly string[] = [
  ...SCALARS,
  ...VECTOR_SCALAR,
  ...VECTOR_VECTOR,
  ...GROUPS,
  ...PRECEDENCE,
  ...CONFLICTS,
]
