import fc from 'fast-check'
import { expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { atOnce } from '../steps.ts'
import { STORE_LIMITS } from './limits.ts'
import { SeriesTable } from './series-table.ts'

const float = (labels: Labels): SeriesDefinition => {
  return { labels, type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) }
}

const sets = fc.uniqueArray(
  fc
    .dictionary(fc.constantFrom('__name__', 'a', 'ab', 'b', 'Z'), fc.constantFrom('x', 'xy', 'y', 'é', '😀', '中'))
    .map((labels) => Labels.of(labels)),
  { selector: ({ key }) => key, maxLength: 60, size: 'max' },
)

test('rows come in the order of their label sets, whichever of them are asked for, again and again', () => {
  fc.assert(
    fc.property(sets, fc.infiniteStream(fc.nat(2)), (all, kept) => {
      const table = new SeriesTable(STORE_LIMITS, silentMeter.counter('refused', { description: '' }))
      const ids = all.map((labels) => table.add(float(labels)))
      for (let round = 0; round < 2; round++) {
        const some = ids.filter(() => kept.next().value !== 0)
        const expected = some.map((id) => all[ids.indexOf(id)]!).toSorted((a, b) => (a.key < b.key ? -1 : 1))
        const ordered = atOnce(table.ordering(Uint32Array.from(some)))
        expect(Array.from(ordered, (id) => table.labels(id).key)).toEqual(expected.map(({ key }) => key))
      }
    }),
  )
})

test('rows that have many pairs each, and pairs of their own, are ordered too', () => {
  const table = new SeriesTable(
    { ...STORE_LIMITS, series: Infinity, series_per_metric: Infinity },
    silentMeter.counter('refused', { description: '' }),
  )
  const ids = Array.from({ length: 5000 }, (_, i) => {
    const n = (i * 2_654_435_761) % 4999
    return table.add(float(Labels.of({ __name__: 'm', id: `${n}-${i}`, pod: `p${n % 40}`, zone: `z${n % 3}` })))
  })
  const keys = Array.from(atOnce(table.ordering(Uint32Array.from(ids))), (id) => table.labels(id).key)
  expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)))
  expect(new Set(keys).size).toBe(5000)
})
