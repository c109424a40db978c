// Requests of remote write at random: what senders send, and what a proxy between may have made of it. Custom buckets have
// a test of their own (custom-buckets.test.ts); nor are there two values of one series for one time, of which Prometheus takes one without a word and Barograph tells.
import fc from 'fast-check'

import type { WrittenHistogram, WrittenSeries } from '../../../collector/testing/remote-write.fixture.ts'

type Pairs = readonly (readonly [string, string])[]

const picked = fc.constantFrom
const NAMES = ['m', 'm_total', 'h_bucket', 'ü.x', 'a b', '1x', ':', 's']
const VALUES = [1, 2.5, -3, 0, 1e308, -Infinity, Infinity, NaN, 5e-324]

/** What is wrong with the labels, where anything is. */
const FAULTS = {
  reversed: (labels: Pairs): Pairs => labels.toReversed(),
  nameless: (labels: Pairs): Pairs => labels.filter(([name]) => name !== '__name__'),
  'with an empty name': (labels: Pairs): Pairs =>
    labels.map(([name, value]) => [name, name === '__name__' ? '' : value]),
  'with one twice': (labels: Pairs): Pairs => [...labels, ['zz', '1'], ['zz', '2']],
  'with one that has no name': (labels: Pairs): Pairs => [['', 'x'], ...labels],
  none: (): Pairs => [],
} as const

const labels = fc.tuple(
  picked(...NAMES),
  fc.uniqueArray(fc.tuple(picked('a', 'b', 'ü', '1a', 'a b', '__x__', 'Z'), picked('x', '', 'l\nn', '1.0')), {
    maxLength: 3,
    selector: ([name]) => name,
  }),
  fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: picked(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])) },
  ),
)

const GRID_MS = 1000
/** Steps between samples: some come late. */
const steps = fc
  .uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 4 })
  .chain((some) => fc.boolean().map((late) => (late ? some : some.toSorted((a, b) => a - b))))

interface Side {
  readonly spans: readonly { readonly offset: number; readonly length: number }[]
  readonly counts: readonly number[]
}

const side: fc.Arbitrary<Side> = fc
  .array(fc.tuple(fc.nat(3), fc.array(fc.nat(4), { minLength: 1, maxLength: 3 })), { maxLength: 3 })
  .map((runs) => ({
    spans: runs.map(([offset, counts], i) => ({ offset: i === 0 ? offset - 2 : offset, length: counts.length })),
    counts: runs.flatMap(([, counts]) => counts),
  }))

const deltas = (counts: readonly number[]): number[] => counts.map((count, i) => count - (counts[i - 1] ?? 0))

const histogram = fc
  .record({
    schema: picked(0, 1, 3, 8, -4, 9, -5),
    positive: side,
    negative: side,
    zero: fc.nat(2),
    sum: picked(1.5, -5, Infinity),
    fractions: fc.boolean(),
    hint: fc.nat(3),
    /** Buckets that do not hold what was counted. */
    off: fc.oneof({ weight: 7, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: picked(1, -1) }),
  })
  .map(({ schema, positive, negative, zero, sum, fractions, hint, off }) => {
    const counted = [...positive.counts, ...negative.counts].reduce((all, one) => all + one, zero)
    const count = Math.max(0, counted + off)
    const spans = { positiveSpans: positive.spans, negativeSpans: negative.spans }
    return {
      ...spans,
      ...(fractions
        ? { countFloat: count, zeroCountFloat: zero, positiveCounts: positive.counts, negativeCounts: negative.counts }
        : {
            countInt: count,
            zeroCountInt: zero,
            positiveDeltas: deltas(positive.counts),
            negativeDeltas: deltas(negative.counts),
          }),
      schema,
      sum,
      resetHint: hint,
    }
  })

const exemplar = fc.record({
  labels: picked<Pairs>([['trace_id', 'abc']], [['ü', 'x'.repeat(100)]], [['trace_id', 'x'.repeat(130)]], []),
  value: picked(1, 0.5),
})

/** None, more often than not. */
function seldom<T>(some: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant<T[]>([]) }, { weight: 1, arbitrary: some })
}

const series = fc.record({
  labels,
  steps,
  histograms: seldom(fc.array(histogram, { minLength: 4, maxLength: 4 })),
  values: fc.array(picked(...VALUES), { minLength: 4, maxLength: 4 }),
  exemplars: seldom(fc.array(exemplar, { maxLength: 2 })),
  metadata: fc.option(fc.record({ type: fc.nat(7), help: picked('help', ''), unit: picked('s', '') }), {
    nil: undefined,
  }),
})

type Series = typeof series extends fc.Arbitrary<infer One> ? One : never

/** What the series of a request are made of. */
export const written = fc.array(series, { minLength: 1, maxLength: 4 })

/** The series of a request under the label `case`, from `begin_ms` on. */
export function seriesOf(all: readonly Series[], name: string, begin_ms: number): WrittenSeries[] {
  return all.map(({ labels: [metric, more, fault], steps: at, histograms, values, exemplars, metadata }, i) => {
    const pairs: Pairs = [['__name__', `${metric}_${i}`], ['case', name], ...more]
    const sorted = pairs.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const times = at.map((step) => begin_ms + step * GRID_MS)
    return {
      labels: fault === undefined ? sorted : FAULTS[fault](sorted),
      ...(histograms.length > 0
        ? { histograms: times.map((timestamp, j): WrittenHistogram => ({ ...histograms[j], timestamp })) }
        : { samples: times.map((timestamp, j) => ({ value: values[j]!, timestamp })) }),
      exemplars: exemplars.map((one, j) => ({ ...one, timestamp: begin_ms + j })),
      ...(metadata !== undefined && { metadata }),
    }
  })
}
