// Points that are known again by their bytes: what was seen before must never change what is read.
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'

import { createDecoder } from './decoder.ts'
import { field } from './rpc/fields.ts'
import { decoded, request, storeWith } from './testing/decoding.fixture.ts'

const T = 1_795_192_692_702n

function fixed(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = number * 8 + 1
  bytes.writeBigUInt64LE(value, 1)
  return bytes
}

const text = (number: number, value: string): Buffer => field(number, Buffer.from(value))
const attribute = (key: string): Buffer => field(7, Buffer.concat([text(1, key), field(2, text(1, 'v'))]))
const TIMES = [fixed(2, 0n), fixed(3, T * 1_000_000n), fixed(6, 5n)]

/** Few attributes, so that they often begin alike, before, between and behind the numbers, in one place or in several. */
const points = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }), fc.nat(3), fc.nat(4), fc.boolean())
  .map(([keys, place, cut, split]) => {
    const [before, behind] = split ? [keys.slice(0, cut), keys.slice(cut)] : [keys, []]
    return Buffer.concat([
      ...TIMES.slice(0, place),
      ...before.map(attribute),
      ...TIMES.slice(place),
      ...behind.map(attribute),
    ])
  })

function bodyOf(list: readonly Buffer[]): Buffer {
  const metric = Buffer.concat([text(1, 'x'), field(5, Buffer.concat(list.map((point) => field(1, point))))])
  const resource = field(1, field(1, Buffer.concat([text(1, 'service.name'), field(2, text(1, 's'))])))
  return field(1, Buffer.concat([resource, field(2, field(2, metric))]))
}

test('points are read alike whether they were seen before or not, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(fc.array(points, { minLength: 1, maxLength: 6 }), { maxLength: 6 }), (bodies) => {
      const warm = { decoder: createDecoder({ meter: silentMeter }), store: storeWith() }
      for (const list of bodies) {
        const body = request('metrics', bodyOf(list))
        expect(decoded(body, warm)).toEqual(decoded(body))
      }
    }),
    { numRuns: 150 },
  )
})
