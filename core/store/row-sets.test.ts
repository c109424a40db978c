import fc from 'fast-check'
import { expect, test } from 'vitest'

import { difference, intersection, union } from './row-sets.ts'

const rows = fc
  .tuple(fc.constantFrom(3, 50, 100_000), fc.array(fc.nat(), { maxLength: 60, size: 'max' }), fc.constantFrom(0, 1e9))
  .map(([range, list, base]) => Uint32Array.from(new Set(list.map((n) => base + (n % range)))).toSorted())

test('lists meet, join and part as sets do', () => {
  fc.assert(
    fc.property(rows, rows, rows, (a, b, c) => {
      const [inB, inA] = [new Set(b), new Set(a)]
      expect([...intersection(a, b)]).toEqual([...a].filter((row) => inB.has(row)))
      expect([...difference(a, b)]).toEqual([...a].filter((row) => !inB.has(row)))
      expect([...difference(b, a)]).toEqual([...b].filter((row) => !inA.has(row)))
      expect([...union([a, b, c])]).toEqual([...new Set([...a, ...b, ...c])].toSorted((x, y) => x - y))
    }),
    { numRuns: 1000 },
  )
  expect([...union([])]).toEqual([])
})

test('a short list finds its rows in a long one', () => {
  const long = Uint32Array.from({ length: 100_000 }, (_, i) => i * 3)
  const short = Uint32Array.of(0, 1, 2997, 2998, 299_997, 400_000)
  expect([...intersection(short, long)]).toEqual([0, 2997, 299_997])
  expect([...difference(short, long)]).toEqual([1, 2998, 400_000])
})
