import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Labels } from '#core/series.ts'

import { LabelTree } from './label-tree.ts'

const NAMES = ['__name__', 'a', 'b', 'c']
const sets = fc.array(
  fc
    .dictionary(fc.constantFrom(...NAMES), fc.constantFrom('', 'a', 'b', '__name__'))
    .map((labels) => Labels.of(labels)),
  { maxLength: 20 },
)

test('label sets meet where the labels that count are equal, and only there', () => {
  fc.assert(
    fc.property(sets, fc.subarray(NAMES), fc.boolean(), fc.boolean(), (all, names, without, isApart) => {
      const tree = new LabelTree<{ key: string; apart: boolean }>(names, without)
      const made: string[] = []
      for (const [i, labels] of all.entries()) {
        const apart = isApart && i % 2 === 1
        const { key } = tree.common(labels)
        const place = tree.at(labels, apart)
        if (place.held === undefined) {
          made.push(`${apart} ${key}`)
          place.held = { key, apart }
        }
        expect(place.held).toEqual({ key, apart })
      }
      expect(new Set(made).size).toBe(made.length)
    }),
  )
})
