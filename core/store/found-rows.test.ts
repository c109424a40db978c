import { expect, test } from 'vitest'

import { FoundRows } from './found-rows.ts'

const rows = (length: number): Uint32Array => Uint32Array.from({ length }, (_, i) => i)

test('rows are remembered until the series change', () => {
  const found = new FoundRows()
  expect(found.get('a', 1)).toBeUndefined()
  found.keep('a', rows(3))
  expect(found.get('a', 1)).toEqual(rows(3))
  expect(found.get('a', 2)).toBeUndefined()
  expect(found.get('a', 1)).toBeUndefined()
})

test('a million rows are remembered at most, and none of a selector with a large part of them', () => {
  const found = new FoundRows()
  found.get('', 0)
  for (let i = 0; i < 12; i++) found.keep(String(i), rows(100_000))
  const kept = Array.from({ length: 12 }, (_, i) => found.get(String(i), 0)).filter((one) => one !== undefined)
  expect(kept.length).toBeGreaterThan(0)
  expect(kept.length).toBeLessThan(10)
  found.keep('all', rows(300_000))
  expect(found.get('all', 0)).toBeUndefined()
})

test('selectors are told apart by every part of their matchers', () => {
  const keys = [
    [{ name: 'a', op: '=', value: 'b' }],
    [{ name: 'a', op: '!=', value: 'b' }],
    [{ name: 'a', op: '=', value: 'c' }],
    [
      { name: 'a', op: '=', value: 'b' },
      { name: 'a', op: '!=', value: 'c' },
    ],
  ] as const
  expect(new Set(keys.map((matchers) => FoundRows.key(matchers))).size).toBe(keys.length)
})
