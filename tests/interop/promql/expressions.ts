// Queries at random: of the right types, over the series of `wild.ts`.
import fc from 'fast-check'

import { WILD_MS } from './wild.ts'

type Texts = fc.Arbitrary<string>

const pick = (words: string): Texts => fc.constantFrom(...words.trim().split(/\s+/))
const joined = (...parts: (string | Texts)[]): Texts =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''))
const sometimes = (text: Texts, weight = 1, other = 3): Texts =>
  fc.oneof({ weight: other, arbitrary: fc.constant('') }, { weight, arbitrary: text })

const LABELS = 'job instance code le version at'
const label = fc.oneof(
  { weight: 9, arbitrary: pick(LABELS) },
  { weight: 1, arbitrary: pick('"a.b" "ключ" nothing "dc.name"') },
)
const labels = fc.uniqueArray(label, { maxLength: 3 }).map((some) => `(${some.join(', ')})`)

const METRIC = fc.oneof(
  { weight: 10, arbitrary: pick('c_total g k up limit odd') },
  { weight: 3, arbitrary: pick('h_bucket h_sum h_count') },
  { weight: 1, arbitrary: pick('target_info none') },
)
const COUNTER = pick('c_total h_bucket h_sum h_count')
const NATIVE = pick('n mix')
const matcher = fc.constantFrom(
  'job="a"',
  'job!="a"',
  'instance=~"0|1"',
  'instance!~"2|3"',
  'instance="0"',
  'code="200"',
  'code=~"2.*"',
  'code!~"5.."',
  'nothing=""',
  'job=~".+"',
  'instance=~"[^1]"',
  'job="b"',
  'le="1.0"',
  'le!="+Inf"',
)
const matchers = fc.array(matcher, { maxLength: 2 }).map((some) => some.join(', '))
const floats = fc.oneof(
  { weight: 8, arbitrary: joined(METRIC, sometimes(joined('{', matchers, '}'), 2)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{"метр.é"}',
      '{"метр.é", "ключ"="1"}',
      '{__name__=~"k|limit"}',
      '{__name__=~"c_total|g", instance="0"}',
      '{__name__="k", job!~"b"}',
      '{__name__=~"h_(sum|count)"}',
    ),
  },
)
const series = fc.oneof({ weight: 7, arbitrary: floats }, { weight: 1, arbitrary: NATIVE })
const duration = pick('1s 7s 15s 29s 30s 1m 61s 2m 5m 7m 20m 1h')
const shift = sometimes(
  fc.oneof(
    joined(
      ' offset ',
      fc.oneof(
        duration,
        joined('-', duration),
        fc.constantFrom('500ms', '0s', '10s500ms', 'step()', '-(step() * 2)', 'max_of(step(), 1m)'),
      ),
    ),
    joined(' @ ', fc.oneof(fc.constantFrom('start()', 'end()', 'T'))),
    joined(' @ ', fc.constantFrom('start()', 'end()', 'T'), ' offset ', duration),
  ),
)
const selector = fc.oneof(
  { weight: 30, arbitrary: joined(series, shift) },
  { weight: 1, arbitrary: joined(COUNTER, ' smoothed', shift) },
)
const range = fc.oneof(
  { weight: 9, arbitrary: duration },
  { weight: 1, arbitrary: fc.constantFrom('step()', '2 * step()', 'max_of(step(), 90s)', '1m + 30s', 'range()') },
)
const window = joined(series, '[', range, ']', shift)
/** Of what only grows: what such a window makes of less than nothing is not the same everywhere. */
const edged = fc.oneof(
  joined(pick('rate increase delta'), '(', COUNTER, '[', range, '] smoothed', shift, ')'),
  joined(pick('rate increase delta changes resets'), '(', COUNTER, '[', range, '] anchored', shift, ')'),
)

const number = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '2',
    '-1',
    '0.5',
    '3',
    '10',
    '-0.25',
    '100',
    '1e3',
    '0x10',
    '1.5e-3',
    '1m',
    '-30s',
    '1e300',
  ),
  fc.constantFrom('NaN', 'Inf', '-Inf'),
  fc.integer({ min: -20, max: 20 }).map(String),
)
const ARITHMETIC = '+ - * / % ^ atan2'
const COMPARISON = '== != > < >= <='
const arithmetic = pick(ARITHMETIC)
const comparison = pick(COMPARISON)
const fill = sometimes(
  joined(' ', fc.constantFrom('fill', 'fill_left', 'fill_right'), '(', pick('0 1 -1 NaN 7'), ')'),
  1,
  5,
)
const on = fc.oneof(joined(' on', labels), joined(' ignoring', labels))
const one = sometimes(on)
const many = joined(on, fc.oneof(joined(' ', pick('group_left group_right'), sometimes(labels, 1, 1))))

const grouping = sometimes(joined(' ', pick('by without'), ' ', labels, ' '), 3, 2)
const aggregation = pick('sum avg count min max group stddev stdvar')
const elementwise = pick(
  'abs ceil floor exp sqrt ln log2 log10 sgn deg rad sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh round timestamp',
)
const calendar = pick('minute hour day_of_week day_of_month day_of_year days_in_month month year')
const overTime = pick(
  `avg_over_time min_over_time max_over_time sum_over_time count_over_time last_over_time first_over_time stddev_over_time stdvar_over_time
   present_over_time mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time absent_over_time
   rate increase delta irate idelta deriv changes resets rate increase rate`,
)
const quantile = fc.oneof(
  { weight: 6, arbitrary: pick('0 0.1 0.25 0.5 0.9 0.99 1') },
  { weight: 1, arbitrary: pick('-1 1.5 NaN') },
)
const histogramPart = pick('histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar')
const k = pick('0 1 2 3 5 -1 1.9 100 NaN 1e10')
const replacement = fc.constantFrom(
  '"host", "$1", "instance", "(.*)"',
  '"job", "all", "job", ".*"',
  '"x", "${1}_$2", "code", "(.)(.).*"',
  '"instance", "", "", ""',
  '"__name__", "$1_x", "job", "(.*)"',
  '"é.b", "v", "job", "a"',
  '"le", "$1", "le", "(.*)\\\\.0"',
)
const joining = fc.constantFrom(
  '"both", "-", "job", "instance"',
  '"instance", "", "job", "nothing"',
  '"x", ","',
  '"__name__", "_", "__name__", "job"',
)

const depth = { maxDepth: 4, depthSize: 'small' as const }

const kinds = fc.letrec<{ vector: string; scalar: string; matrix: string }>((tie) => {
  const vector = tie('vector')
  const scalar = tie('scalar')
  const matrix = tie('matrix')
  const some = fc.oneof({ weight: 3, arbitrary: scalar }, { weight: 1, arbitrary: number })
  const call = (name: string | Texts, ...args: Texts[]): Texts =>
    joined(name, '(', ...args.flatMap((arg, i) => (i === 0 ? [arg] : [', ', arg])), ')')
  const functions = fc.oneof(
    depth,
    selector,
    { weight: 5, arbitrary: call(overTime, matrix) },
    edged,
    { weight: 2, arbitrary: call(elementwise, vector) },
    call(calendar, joined(pick('up k time()*up'), shift)),
    call('round', vector, some),
    call('clamp', vector, some, some),
    call(pick('clamp_min clamp_max'), vector, some),
    call('vector', scalar),
    call('absent', vector),
    call(pick('sort sort_desc'), vector),
    call(pick('sort_by_label sort_by_label_desc'), vector, pick('"instance" "job" "code" "none" "__name__"')),
    call('quantile_over_time', fc.oneof(quantile, scalar), matrix),
    call('predict_linear', matrix, some),
    call('double_exponential_smoothing', matrix, pick('0.1 0.5 0.9'), pick('0.2 0.5')),
    call('label_replace', vector, replacement),
    call('label_join', vector, joining),
    call('info', vector),
    call(
      'info',
      vector,
      fc.constantFrom(
        '{version="1"}',
        '{version=~".+"}',
        '{"dc.name"=~"dc[01]"}',
        '{nothing=""}',
        '{__name__="target_info"}',
      ),
    ),
  )
  const histograms = fc.oneof(
    depth,
    joined(pick('h_bucket n mix'), shift),
    { weight: 3, arbitrary: call('histogram_quantile', fc.oneof(quantile, scalar), vector) },
    call(
      'histogram_quantile',
      quantile,
      joined(
        'sum by (le',
        sometimes(
          pick('job instance').map((l) => `, ${l}`),
          1,
          1,
        ),
        ') (rate(h_bucket[',
        duration,
        ']))',
      ),
    ),
    call('histogram_quantile', quantile, joined(overTime, '(', NATIVE, '[', duration, '])')),
    call('histogram_fraction', some, some, vector),
    call('histogram_fraction', number, number, joined(overTime, '(', pick('n mix h_bucket'), '[', duration, '])')),
    call('histogram_quantiles', vector, fc.constant('"q"'), quantile, quantile),
    call(histogramPart, vector),
    call(histogramPart, joined(overTime, '(', NATIVE, '[', duration, '])')),
    joined(NATIVE, ' ', pick('+ - * / == != </ >/'), ' ', fc.oneof(pick('n mix k up'), number)),
    joined(pick('sum avg count min stddev'), grouping, '(', pick('n mix {__name__=~"n|mix|k"}'), ')'),
  )
  const aggregations = fc.oneof(
    depth,
    selector,
    { weight: 5, arbitrary: joined(aggregation, grouping, '(', vector, ')') },
    // Which of equals are chosen is promised to nobody: none are equal, or all are only counted.
    joined(pick('topk bottomk'), grouping, '(', k, ', g', shift, ')'),
    joined('count(', pick('topk bottomk limitk'), grouping, '(', fc.oneof(k, scalar), ', ', vector, '))'),
    joined('quantile', grouping, '(', fc.oneof(quantile, scalar), ', ', vector, ')'),
    joined('count_values', grouping, '("', pick('v job é.v'), '", ', selector, ')'),
    joined('limit_ratio', grouping, '(', pick('0.5 -0.5 0.1 -0.9 1 0 2 NaN'), ', ', vector, ')'),
  )
  const operators = fc.oneof(
    depth,
    selector,
    { weight: 2, arbitrary: joined(vector, ' ', arithmetic, one, fill, ' ', vector) },
    joined(vector, ' ', arithmetic, many, fill, ' ', vector),
    // What a comparison of vectors leaves has the name of what was compared, dropped or not, in Prometheus.
    joined('0 + (', vector, ' ', comparison, sometimes(fc.constant(' bool')), one, fill, ' ', vector, ')'),
    joined('0 + (', vector, ' ', comparison, sometimes(fc.constant(' bool')), many, fill, ' ', vector, ')'),
    { weight: 2, arbitrary: joined(vector, ' ', pick('and or unless'), one, ' ', vector) },
    joined(vector, ' ', arithmetic, ' ', some),
    joined(some, ' ', arithmetic, ' ', vector),
    joined(vector, ' ', comparison, sometimes(fc.constant(' bool'), 1, 1), ' ', some),
    joined(some, ' ', comparison, sometimes(fc.constant(' bool'), 1, 1), ' ', vector),
    joined(pick('- +'), vector),
    joined('(', vector, ')'),
  )
  return {
    vector: fc.oneof(
      depth,
      { weight: 4, arbitrary: selector },
      { weight: 4, arbitrary: functions },
      { weight: 2, arbitrary: histograms },
      { weight: 3, arbitrary: aggregations },
      { weight: 3, arbitrary: operators },
    ),
    scalar: fc.oneof(
      depth,
      { weight: 3, arbitrary: number },
      fc.constantFrom('time()', 'pi()', 'time() % 60', 'start()', 'end()', 'range()', 'step()'),
      call('scalar', vector),
      call(pick('min_of max_of'), scalar, scalar),
      joined(scalar, ' ', arithmetic, ' ', scalar),
      joined(scalar, ' ', comparison, ' bool ', scalar),
      joined('-', scalar),
      joined('(', scalar, ')'),
    ),
    matrix: fc.oneof(
      depth,
      { weight: 4, arbitrary: window },
      joined('(', vector, ')[', duration, ':', sometimes(duration, 1, 1), ']', shift),
      joined(selector, '[', duration, ':', sometimes(duration, 1, 1), ']', shift),
    ),
  }
})

/** What is asked, when: seconds behind the begin of the data. */
export interface Question {
  readonly query: string
  readonly path: 'query' | 'query_range'
  readonly from_s: number
  readonly to_s: number
  readonly step_s: number
}

const moment = fc.oneof(
  fc.integer({ min: -1, max: WILD_MS / 60_000 + 6 }).map((minutes) => minutes * 60),
  fc.integer({ min: 0, max: WILD_MS + 400_000 }).map((ms) => ms / 1000),
)

const anyPath = fc.constantFrom('query' as const, 'query_range' as const)

/** Where `T` stands in a query, a moment of the data is put in. */
export const question: fc.Arbitrary<Question> = fc
  .record({
    asked: fc.oneof(
      { weight: 9, arbitrary: fc.record({ query: kinds.vector, path: anyPath }) },
      { weight: 1, arbitrary: fc.record({ query: kinds.scalar, path: anyPath }) },
      { weight: 1, arbitrary: fc.record({ query: window, path: fc.constant('query' as const) }) },
    ),
    from_s: moment,
    length_s: fc.oneof(
      fc.constant(0),
      fc.constantFrom(60, 600, 1800, 3600),
      fc.integer({ min: 0, max: 4_000_000 }).map((ms) => ms / 1000),
    ),
    step_s: fc.oneof(
      fc.constantFrom(15, 30, 60, 137, 300, 3600, 100_000),
      fc.integer({ min: 7000, max: 400_000 }).map((ms) => ms / 1000),
    ),
  })
  .map(({ asked, length_s, from_s, step_s }) => ({
    ...asked,
    step_s,
    from_s,
    to_s: Math.round((from_s + length_s) * 1000) / 1000,
  }))
