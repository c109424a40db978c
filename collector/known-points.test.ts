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
  { data: 5, attributes: 7, numbers: [...TIMES, fixed(4, 0x4045_0000_0000_0000n)] },
  { data: 9, attributes: 9, numbers: [...TIMES, fixed(4, 5n), field(6, fixed(0, 5n).subarray(1)), fixed(5, 1n)] },
]

/**
 * Few attributes, so that they often begin alike, before, between and behind the numbers, in one place or in several. Numbers may be missing,
 * or stand in another order, and the last bytes may be cut off.
 */
function pointsOf({ attributes, numbers: all }: Kind): fc.Arbitrary<Buffer> {
  const attribute = (key: string): Buffer => {
    return field(attributes, Buffer.concat([text(1, key), field(2, text(1, 'v'))]))
  }
  return fc
    .record({
      keys: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }),
      place: fc.nat(3),
      cut: fc.nat(4),
      split: fc.boolean(),
      numbers: fc.oneof(
        { weight: 3, arbitrary: fc.constant(all) },
        { weight: 1, arbitrary: fc.shuffledSubarray([...all]) },
      ),
      missing: fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }),
    })
    .map(({ keys, place, cut, split, numbers, missing }) => {
      const [before, behind] = split ? [keys.slice(0, cut), keys.slice(cut)] : [keys, []]
      const whole = Buffer.concat([
        ...numbers.slice(0, place),
        ...before.map(attribute),
        ...numbers.slice(place),
        ...behind.map(attribute),
      ])
      return whole.subarray(0, Math.max(0, whole.length - missing))
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

/** What is read, or why nothing is. */
function outcomeOf(...[body, known]: Parameters<typeof decoded>): unknown {
  try {
    return decoded(body, known)
  } catch (error) {
    return error
  }
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
          expect(outcomeOf(body, warm)).toEqual(outcomeOf(body))
        }
      }),
      { numRuns: 200 },
    )
  },
)
