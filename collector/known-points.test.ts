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

interface Kind {
  /** Its number in a metric, and that of attributes in its points. */
  readonly data: number
  readonly attributes: number
  readonly numbers: readonly Buffer[]
}

const TIMES = [fixed(2, 0n), fixed(3, T * 1_000_000n)]
const KINDS: readonly Kind[] = [
  { data: 5, attributes: 7, numbers: [...TIMES, fixed(6, 5n)] },
  { data: 9, attributes: 9, numbers: [...TIMES, fixed(4, 5n), field(6, fixed(0, 5n).subarray(1)), fixed(5, 1n)] },
]

/** Few attributes, so that they often begin alike, before, between and behind the numbers, in one place or in several. */
function pointsOf({ attributes, numbers }: Kind): fc.Arbitrary<Buffer> {
  const attribute = (key: string): Buffer => {
    return field(attributes, Buffer.concat([text(1, key), field(2, text(1, 'v'))]))
  }
  return fc
    .tuple(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }), fc.nat(3), fc.nat(4), fc.boolean())
    .map(([keys, place, cut, split]) => {
      const [before, behind] = split ? [keys.slice(0, cut), keys.slice(cut)] : [keys, []]
      return Buffer.concat([
        ...numbers.slice(0, place),
        ...before.map(attribute),
        ...numbers.slice(place),
        ...behind.map(attribute),
      ])
    })
}

function bodyOf(data: number, list: readonly Buffer[]): Buffer {
  // Cumulative, where that is asked for.
  const timing = data === 9 ? [Buffer.of(16, 2)] : []
  const points = field(data, Buffer.concat([...list.map((point) => field(1, point)), ...timing]))
  const metric = Buffer.concat([text(1, 'x'), points])
  const resource = field(1, field(1, Buffer.concat([text(1, 'service.name'), field(2, text(1, 's'))])))
  return field(1, Buffer.concat([resource, field(2, field(2, metric))]))
}

test.each(KINDS)(
  'points are read alike whether they were seen before or not, in whatever order they come: field $data',
  (kind) => {
    const bodies = fc.array(fc.array(pointsOf(kind), { minLength: 1, maxLength: 6 }), { maxLength: 6 })
    fc.assert(
      fc.property(bodies, (lists) => {
        const warm = { decoder: createDecoder({ meter: silentMeter }), store: storeWith() }
        for (const list of lists) {
          const body = request('metrics', bodyOf(kind.data, list))
          const read = decoded(body)
          expect(read.rejected).toBe(0)
          expect(decoded(body, warm)).toEqual(read)
        }
      }),
      { numRuns: 100 },
    )
  },
)
