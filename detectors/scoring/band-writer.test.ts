import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { Labels } from '#core/series.ts'

import { BandWriter } from './band-writer.ts'

const about = { key: 'k', rule: 'Cpu', labels: Labels.of({ service_name: 'shop' }), metric: 'cpu', unit: 's' }

test('scores and bands become series of the rule; what is not known is left out', () => {
  const series: string[] = []
  const written: [string, number, number][] = []
  const writer: SeriesWriter = {
    resolve: ({ labels }) => series.push(labels.toString()) - 1,
    definition() {
      throw new Error('not asked')
    },
    newest: () => undefined,
    append({ floats }) {
      for (let i = 0; i < floats.length; i++) {
        written.push([series[floats.series[i]!]!, floats.time_ms[i]!, floats.value[i]!])
      }
      return { counts: {} as never, refused_histograms: 0, exemplars: [], fresh: new Uint8Array(floats.length) }
    },
  }
  const bands = new BandWriter(writer, silentMeter)
  bands.scored(about, 1000, { score: 0, expected: NaN, lower: NaN, upper: NaN })
  bands.scored(about, 2000, { score: 0.5, expected: 3, lower: 2, upper: 4 })
  bands.flush()
  bands.flush()
  const labels = '{metric="cpu", rule="Cpu", service_name="shop"}'
  expect(written).toEqual([
    [`barograph_score${labels}`, 1000, 0],
    [`barograph_score${labels}`, 2000, 0.5],
    [`barograph_expected${labels}`, 2000, 3],
    [`barograph_lower${labels}`, 2000, 2],
    [`barograph_upper${labels}`, 2000, 4],
  ])
})

test('a full store is counted and asked no more', () => {
  let asked = 0
  let refused = 0
  const writer = {
    resolve() {
      asked++
      throw new ServiceError('too_large', 'full')
    },
  } as unknown as SeriesWriter
  const meter = { ...silentMeter, counter: () => ({ add: (value: number) => void (refused += value) }) }
  const bands = new BandWriter(writer, meter)
  for (const time_ms of [1, 2]) bands.scored(about, time_ms, { score: 0, expected: NaN, lower: NaN, upper: NaN })
  bands.flush()
  expect([asked, refused]).toEqual([1, 1])
})

test('series that have ended are resolved again, the others are not', () => {
  const resolved: string[] = []
  const ended = new Set<number>()
  let generation = 0
  const ids: number[] = []
  const writer = {
    get generation() {
      return generation
    },
    isLive: (id: number) => !ended.has(id),
    resolve: ({ labels }: { labels: Labels }) => resolved.push(labels.name) - 1,
    append: ({ floats }: { floats: { series: Uint32Array } }) => void ids.push(...floats.series),
  } as unknown as SeriesWriter
  const bands = new BandWriter(writer, silentMeter)
  const score = (time_ms: number): void => bands.scored(about, time_ms, { score: 1, expected: 1, lower: 0, upper: 2 })
  score(1)
  generation++
  score(2)
  expect(resolved).toHaveLength(4)
  ended.add(2)
  generation++
  score(3)
  expect(resolved).toHaveLength(8)
  bands.flush()
  expect(ids).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7])
})
