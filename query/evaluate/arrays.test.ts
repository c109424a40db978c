import fc from 'fast-check'
import { expect, test } from 'vitest'

import { BlockPool, QueryArrays } from './arrays.ts'

const wanted = fc.array(fc.record({ length: fc.integer({ min: 0, max: 20_000 }), flags: fc.boolean() }), {
  maxLength: 40,
})

test('arrays are zeros, as long as was asked for and apart from each other, also where an earlier query filled their blocks', () => {
  fc.assert(
    fc.property(fc.array(wanted, { minLength: 1, maxLength: 5 }), (queries) => {
      const pool = new BlockPool()
      for (const query of queries) {
        const arrays = new QueryArrays(pool)
        const taken = query.map(({ length, flags }) => (flags ? arrays.flags(length) : arrays.numbers(length)))
        expect(taken.map(({ length }) => length)).toEqual(query.map(({ length }) => length))
        expect(taken.every((array) => array.every((one) => one === 0))).toBe(true)
        for (const [i, array] of taken.entries()) array.fill(i + 1)
        expect(taken.every((array, i) => array.every((one) => one === i + 1))).toBe(true)
        arrays.release()
      }
    }),
    { numRuns: 30 },
  )
})

test('the next query uses the blocks of the last', () => {
  const pool = new BlockPool()
  const first = new QueryArrays(pool)
  const { buffer } = first.numbers(100)
  first.release()
  expect(new QueryArrays(pool).flags(100).buffer).toBe(buffer)
})
