// Names and values of labels from the index are those that the label sets have.
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { labelNamesOf, labelValuesOf } from '../label-listing.ts'
import { silentMeter } from '../ports/meter.ts'
import type { Matcher } from '../ports/series-reader.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { atOnce } from '../steps.ts'
import { Store } from './store.ts'

const BOUNDS = [Float64Array.of(1), Float64Array.of(0.5, 2)]
const NAMES = ['__name__', 'le', 'job', 'zone', 'absent']

const series = fc.record({
  name: fc.constantFrom('x', 'h', 'h_bucket', 'h_sum', ''),
  labels: fc.dictionary(fc.constantFrom('job', 'zone', 'le'), fc.constantFrom('a', 'b', '2.0'), { maxKeys: 3 }),
  bounds: fc.option(fc.nat(1)),
  times: fc.array(fc.nat(9), { maxLength: 3 }),
  sum: fc.constantFrom(1, Number.NaN),
})

const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({
    name: fc.constantFrom(...NAMES),
    op: fc.constantFrom<Matcher['op']>('=', '!='),
    value: fc.constantFrom('', 'x', 'h', 'h_bucket', 'h_sum', 'h_count', 'a', 'b', '2.0', '+Inf'),
  }),
  fc.record({
    name: fc.constantFrom(...NAMES),
    op: fc.constantFrom<Matcher['op']>('=~', '!~'),
    value: fc.constantFrom('h_(sum|count)', 'h_.*', '.*', '.+', 'a|b', '[ab]', '', 'x|'),
  }),
)

function storeOf(all: readonly (typeof series extends fc.Arbitrary<infer T> ? T : never)[]): Store {
  const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  const builder = new SampleBuilder()
  for (const { name, labels: pairs, bounds: which, times, sum } of all) {
    const [kind, bounds] =
      which === null ? (['float', new Float64Array(0)] as const) : (['histogram', BOUNDS[which]!] as const)
    const labels = Labels.of({ ...pairs, __name__: name, ...(kind === 'histogram' && { le: '' }) })
    const definition: SeriesDefinition = { labels, type: 'unknown', unit: '', help: '', kind, bounds }
    const id = store.resolve(definition)
    for (const time_ms of times) {
      if (kind === 'float') builder.float(id, time_ms, 1)
      else builder.histogram({ series: id, time_ms, sum, count: 3, buckets: [1, 2, 0].slice(0, bounds.length + 1) })
    }
  }
  store.append(builder.batch())
  return store
}

test('whatever is asked for', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(
      fc.array(series, { maxLength: 12 }),
      fc.array(matcher, { maxLength: 3 }),
      fc.option(fc.tuple(fc.nat(9), fc.nat(9)), { nil: undefined }),
      (all, matchers, times) => {
        const store = storeOf(all)
        const range = times && { from_ms: Math.min(...times), to_ms: Math.max(...times) }
        const plain = { labelSets: store.labelSets.bind(store) }
        expect(atOnce(store.labelNames(matchers, range))).toEqual(atOnce(labelNamesOf(plain, matchers, range)))
        for (const name of NAMES) {
          expect([name, atOnce(store.labelValues(name, matchers, range))]).toEqual([
            name,
            atOnce(labelValuesOf(plain, name, matchers, range)),
          ])
        }
      },
    ),
    { numRuns: 150 },
  )
})
