import { expect, test } from 'vitest'

import { Labels } from '#core/series.ts'

import { hashOf, xxh64 } from './label-hash.ts'

test.each([
  ['', 0xef46_db37_51d8_e999n],
  ['a', 0xd24e_c4f1_a98c_6e5bn],
  ['abc', 0x44bc_2cf5_ad77_0999n],
])('XXH64 of %j is that of the reference implementation', (text, hash) => {
  expect(xxh64(Buffer.from(text))).toBe(hash)
})

test('a label set is hashed by names and values in order, each behind its length', () => {
  expect(hashOf(Labels.of({ b: 'x', a: 'yz' }))).toBe(xxh64(Buffer.from('\u0001a\u0002yz\u0001b\u0001x')))
  const long = 'v'.repeat(300)
  const bytes = Buffer.concat([Buffer.from([1, 97, 255, 44, 1, 0]), Buffer.from(long)])
  expect(hashOf(Labels.of({ a: long }))).toBe(xxh64(bytes))
})
