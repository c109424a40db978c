import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { boundsOfShape } from '#core/exponential.ts'
import type { Signals } from '#core/ports/decoder.ts'
import type { Input } from '#core/ports/intake.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'
import { atOnce } from '#core/steps.ts'
import type { Store } from '#core/store/store.ts'

import { samplesLine } from './recorded-samples.ts'
import { readInput } from './recording.ts'
import { storeWith } from './testing/decoding.fixture.ts'

const ORIGIN = { file: 'input.jsonl', line: 7 }
const SHAPE = boundsOfShape({
  schema: 3,
  zero_threshold: 1e-9,
  positive_offset: -16,
  positive_count: 2,
  negative_offset: 0,
  negative_count: 0,
})

const DEFINITIONS: readonly SeriesDefinition[] = [
  { type: 'counter', unit: 's', help: 'all', kind: 'float', bounds: new Float64Array(0) },
  { type: 'unknown', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) },
  { type: 'histogram', unit: '', help: 'h', kind: 'histogram', bounds: Float64Array.of(0.1, 2) },
  { type: 'gaugehistogram', unit: 'By', help: '', kind: 'exponential', bounds: SHAPE },
].map((rest, i) => ({
  ...(rest as Omit<SeriesDefinition, 'labels'>),
  labels: Labels.of({ __name__: `m${i}`, job: 'a"\n' }),
}))

const time = fc.integer({ min: -1e12, max: 4e12 })
const value = fc.double()
const item = fc.record({
  which: fc.nat(3),
  time,
  value,
  stale: fc.boolean(),
  buckets: fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }),
})
const exemplar = fc.record({ which: fc.nat(3), time, value, trace: fc.string({ minLength: 1 }) })

interface Drawn {
  readonly which: number
  readonly time: number
  readonly value: number
  readonly stale: boolean
  readonly buckets: readonly number[]
}

function built(
  store: Store,
  items: readonly Drawn[],
  exemplars: readonly { which: number; time: number; value: number; trace: string }[],
): Signals {
  const ids = DEFINITIONS.map((definition) => store.resolve(definition))
  const builder = new SampleBuilder()
  for (const { which, time: time_ms, value: one, stale, buckets } of items) {
    const series = ids[which]!
    if (which < 2) builder.float(series, time_ms, stale ? NaN : one, stale)
    else if (stale) builder.histogram({ series, time_ms, sum: NaN, count: 0, buckets: [0, 0, 0], stale })
    else builder.histogram({ series, time_ms, sum: one, count: 27, buckets })
  }
  for (const { which, time: time_ms, value: one, trace } of exemplars) {
    builder.exemplar({ series: ids[which]!, time_ms, value: one, labels: Labels.of({ trace_id: trace }) })
  }
  return { samples: builder.batch(), logs: [], spans: [], rejected: 0, message: '' }
}

/** All that is in a batch, the definitions in place of ids. */
function whole({ samples: { floats, histograms, exemplars }, rejected }: Signals, store: Store): unknown {
  const named = (ids: Uint32Array) => Array.from(ids, (id) => store.definition(id))
  return {
    floats: { ...floats, series: named(floats.series) },
    histograms: { ...histograms, series: named(histograms.series) },
    exemplars: exemplars.map((one) => ({ ...one, series: store.definition(one.series) })),
    rejected,
  }
}

function readBack(line: string): Extract<Input, { kind: 'samples' }> {
  const input = readInput(line, ORIGIN)
  if (input.kind !== 'samples') throw new Error(`it is ${input.kind}`)
  return input
}

describe('recorded samples', () => {
  test('come back as they were: order, values, ends, histograms, exemplars', () => {
    fc.assert(
      fc.property(fc.array(item), fc.array(exemplar), fc.nat(3), (items, exemplars, rejected) => {
        const store = storeWith()
        const signals = { ...built(store, items, exemplars), rejected }
        const line = samplesLine(signals, (id) => store.definition(id))
        expect(line).not.toContain('\n')
        const other = storeWith()
        expect(whole(atOnce(readBack(line).decode(other)), other)).toEqual(whole(signals, store))
        // Recorded again, it is the same line.
        const again = storeWith()
        expect(samplesLine(atOnce(readBack(line).decode(again)), (id) => again.definition(id))).toBe(line)
      }),
    )
  })

  test('are written the way people can read them', () => {
    const store = storeWith()
    const items = [
      { which: 0, time: 1000, value: 1.5, stale: false, buckets: [] },
      { which: 0, time: 2000, value: 0, stale: true, buckets: [] },
      { which: 2, time: 3000, value: NaN, stale: false, buckets: [1, 0, 2] },
    ]
    const line = samplesLine(built(store, items, []), (id) => store.definition(id))
    expect(JSON.parse(line)).toEqual({
      samples: [
        {
          labels: { __name__: 'm0', job: 'a"\n' },
          type: 'counter',
          unit: 's',
          help: 'all',
          kind: 'float',
          points: [
            [1000, 1.5],
            [2000, 'stale'],
          ],
        },
        {
          labels: { __name__: 'm2', job: 'a"\n' },
          type: 'histogram',
          help: 'h',
          kind: 'histogram',
          bounds: [0.1, 2],
          histograms: [{ at: 3000, sum: 'NaN', count: 27, buckets: [1, 0, 2] }],
        },
      ],
    })
    expect(readBack(line).newest_ms).toBe(3000)
  })

  test('that a limit refuses are counted with what was refused when they came', () => {
    const store = storeWith()
    const items = [0, 1].map((which) => ({ which, time: 1000, value: 1, stale: false, buckets: [] }))
    const line = samplesLine({ ...built(store, items, []), rejected: 3 }, (id) => store.definition(id))
    const { samples, rejected, message } = atOnce(readBack(line).decode(storeWith({ series: 1 })))
    expect([samples.floats.length, rejected]).toEqual([1, 4])
    expect(message).toContain('limits.series')
  })

  const m = '"labels":{"__name__":"m"},"type":"histogram"'
  test.each([
    [`{"samples":[{${m},"kind":"float","histograms":[{"at":1,"stale":true}]}]}`, 'do not fit'],
    [
      `{"samples":[{${m},"kind":"histogram","bounds":[1],"histograms":[{"at":1,"sum":1,"count":1,"buckets":[1]}]}]}`,
      'do not fit',
    ],
    [`{"samples":[{${m},"kind":"exponential","bounds":[1]}]}`, 'has 6 bounds'],
    [`{"samples":[{${m},"kind":"float","points":[[1,"much"]]}]}`, 'samples.0.points.0'],
    [`{"samples":[{${m},"kind":"vague"}]}`, 'samples.0.kind'],
    [`{"samples":[],"more":1}`, 'more'],
  ])('that make no sense are refused with their place: %s', (line, message) => {
    expect(() => readInput(line, ORIGIN)).toThrow(/^input\.jsonl:7: /)
    expect(() => readInput(line, ORIGIN)).toThrow(message)
  })
})
