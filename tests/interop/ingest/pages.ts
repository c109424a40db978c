// Pages of targets at random, each a few after another, and the jobs that scrape them. What Prometheus writes as its parser happens to stand (bounds
// behind a histogram that ended, a metric whose type changes) is not among them; nor are faults behind samples, which do not end there.
import fc from 'fast-check'

const picked = fc.constantFrom
type Texts = fc.Arbitrary<string>

const VALUES = [
  '1',
  '0',
  '-0',
  '+1',
  '1.5',
  '1e3',
  '.5',
  '5.',
  'NaN',
  '+Inf',
  '-inf',
  'Infinity',
  '1e-400',
  '9007199254740993',
  '00012',
  '123456789012345678901234567890',
]
const number: Texts = fc.oneof(
  { weight: 4, arbitrary: picked('1', '2.5', '7') },
  { weight: 1, arbitrary: picked(...VALUES) },
)
/** Labels that may stand on a line, as they stand there. */
const LABELS = [
  'a="x"',
  'a=""',
  'b="ü"',
  'b="q\\"q"',
  'c="n\\nn"',
  'c="\\\\t"',
  'job="own"',
  'instance=""',
  'exported_job="e"',
  '"a.b"="v"',
  'A="}"',
  '__x="{,=#"',
  'd="😀"',
]

const labels = fc.uniqueArray(picked(...LABELS), { maxLength: 3, selector: (text) => text.split('=')[0]! })
const braced = (some: readonly string[]): string => (some.length === 0 ? '' : `{${some.join()}}`)

const sample = fc.tuple(labels, number).map(
  ([some, one]) =>
    (name: string) =>
      `${name}${braced(some)} ${one}`,
)

/** Cumulative, or not quite. */
const histogram = fc
  .record({
    bounds: picked(['0.5', '1', '2', '+Inf'], ['1', '2', '+Inf'], ['0.5', '+Inf'], ['0.5', '1'], ['+Inf'], []),
    steps: fc.array(fc.oneof({ weight: 12, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.constant(-4) }), {
      minLength: 4,
      maxLength: 4,
    }),
    sum: picked('1.5', '1.5', '1.5', 'NaN', ''),
    more: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
    counted: fc.oneof({ weight: 8, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  })
  .map(({ bounds, steps, sum, more, counted }) => (name: string) => {
    let count = 0
    const buckets = bounds.map((le, i) => `${name}_bucket{le="${le}"} ${(count += steps[i]!)}`)
    const parts = [...(sum === '' ? [] : [`${name}_sum ${sum}`]), ...(counted ? [`${name}_count ${count + more}`] : [])]
    return [`# TYPE ${name} histogram`, ...buckets, ...parts]
  })

const summary = fc.tuple(fc.subarray(['0', '0.5', '0.90', '1', '.99']), number).map(([some, one]) => (name: string) => [
  `# TYPE ${name} summary`,
  ...some.map((quantile) => `${name}{quantile="${quantile}"} ${one}`),
  `${name}_sum ${one}`,
  `${name}_count 5`,
])

const plain = fc.uniqueArray(sample, { maxLength: 3, selector: (line) => line('').split(' ')[0] })

const FAULTS = ['x{ 1', 'x y', 'x{a="b} 1', '# TYPE x bogus', 'x 1 1.5']
const COMMENTS = ['', '#', '# hello', '#HELP x', '# TYPE', '# FOO bar', ' ']

/** A page of the text format; '' where the target has nothing to say. */
const page: Texts = fc
  .record({
    gauges: plain,
    untyped: plain,
    histogram: fc.option(histogram, { nil: undefined }),
    summary: fc.option(summary, { nil: undefined }),
    comment: picked(...COMMENTS),
    fault: fc.oneof({ weight: 15, arbitrary: fc.constant('') }, { weight: 1, arbitrary: picked(...FAULTS) }),
  })
  .map(({ gauges, untyped, histogram: buckets, summary: quantiles, comment, fault }) => {
    const lines = [
      ...(fault === '' ? [] : [fault]),
      ...(gauges.length === 0 ? [] : ['# HELP g help \\\\ me', '# TYPE g gauge', ...gauges.map((line) => line('g'))]),
      ...(buckets?.('h') ?? []),
      ...(quantiles?.('s') ?? []),
      '# TYPE u untyped',
      comment,
      ...untyped.map((line) => line('u')),
    ]
    return `${lines.join('\n')}\n`
  })

const SOURCES = ['__name__', 'a', 'b', 'job', 'missing', '__address__', '__meta_x', '__param_q', 'ü', 'a.b']
const regex = picked(
  '(.*)',
  '.+',
  '(.+);(.+)',
  'a',
  '(?i)X',
  '(a)?(b)?.*',
  '.*ü.*',
  '__meta_(.+)',
  '(.*)_(.*)',
  '[a-z]+',
  '(?s).*',
  '(.)(.*)',
)
const replacement = picked('$1', '${1}_x', '$2', '$0', '$$', '', 'fixed', '$1x', '${2}-${1}', 'ü$1', '$01', '$ 1')
const sources = fc.array(picked(...SOURCES), { minLength: 1, maxLength: 2 })
const target = picked('a', 'b', 'c', 'x_$1', '${1}_t', 'ü', 'a.b', '__tmp')
const changing = fc.oneof(
  fc.record(
    { source_labels: sources, regex, replacement, target_label: target },
    { requiredKeys: ['source_labels', 'target_label'] },
  ),
  fc.record({ action: picked('lowercase', 'uppercase'), source_labels: sources, target_label: picked('a', 'c', 'ü') }),
  fc.record({
    action: fc.constant('hashmod'),
    source_labels: sources,
    target_label: picked('c'),
    modulus: picked(1, 3, 4_294_967_296),
    separator: picked('', ';', '-'),
  }),
  fc.record({
    action: fc.constant('labelmap'),
    regex: picked('__meta_(.+)', 'a(.)', '(b)', 'exported_(.*)'),
    replacement: picked('$1', 'm_$1', '${1}'),
  }),
  fc.record({ action: fc.constant('labeldrop'), regex: picked('a', 'x.*', '.*ü.*', 'le', 'exported_.*') }),
)

/** All that series may be put to; targets stay. */
const rule = fc.oneof(
  { weight: 3, arbitrary: changing },
  {
    weight: 1,
    arbitrary: fc.record({
      action: picked('keep', 'drop'),
      source_labels: fc.constant(['__name__']),
      regex: picked('h_.*|u|g', '.*_count', '[a-t].*', 'zz'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      action: picked('keepequal', 'dropequal'),
      source_labels: picked(['a'], ['missing']),
      target_label: picked('zone', 'b'),
    }),
  },
)

const LIMITS = [
  { sample_limit: 3 },
  { label_limit: 6 },
  { label_name_length_limit: 10 },
  { label_value_length_limit: 20 },
  { body_size_limit: '150B' },
]

const more = fc.record(
  {
    honor_labels: fc.boolean(),
    params: picked({ q: ['1', '2'] }, { q: ['a b&c'], 'r[]': ['x'] }),
    relabel_configs: fc.array(changing, { maxLength: 2 }),
    metric_relabel_configs: fc.array(rule, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: [] },
)
const limits = fc.oneof({ weight: 6, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: picked<object>(...LIMITS) })

/** Settings of a job, beside its name and target. */
const settings = fc.tuple(more, limits).map(([one, other]) => ({ ...one, ...other }))

export const PAGES = 3

/** A job and the pages that its target shows, one after the other. */
export const scraped = fc.tuple(settings, fc.array(page, { minLength: PAGES, maxLength: PAGES }))
