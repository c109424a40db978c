import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decoded, request } from '../testing/decoding.fixture.ts'

type Bytes = readonly number[]

const field = (number: number, content: Bytes): Bytes => [number * 8 + 2, content.length, ...content]
const text = (number: number, value: string): Bytes => field(number, [...Buffer.from(value)])

/** A number point with one attribute, which its last bytes are of. */
function pointOf(time_s: number, value: string): Bytes {
  const at = Buffer.alloc(8)
  at.writeBigUInt64LE(BigInt(time_s) * 1_000_000_000n)
  return field(1, [0x19, ...at, 0x21, ...Buffer.alloc(8), ...field(7, [...text(1, 'k'), ...field(2, text(1, value))])])
}

/** A request of one metric `x`: a sum (7), or a gauge (5), of these pieces. */
function linesOf(data: 5 | 7, pieces: readonly Bytes[]): unknown {
  const metric = field(2, [...text(1, 'x'), ...field(data, pieces.flat())])
  const { lines, rejected, message } = decoded(request('metrics', Uint8Array.from(field(1, field(2, metric)))))
  return { lines: lines.toSorted(), rejected, message }
}

const CUMULATIVE: Bytes = [0x10, 2]
const MONOTONIC: Bytes = [0x18, 1]
/** Ends in what timing looks like. */
const LURE = '\u0010\u0002\u0018\u0001'

describe('what says how values follow each other', () => {
  const points = [pointOf(1, 'a'), pointOf(1, 'b'), pointOf(1, LURE)]
  const timing = [CUMULATIVE, MONOTONIC]

  test('may stand before, between and behind the points', () => {
    const expected = linesOf(7, [...points, ...timing])
    expect(expected).toMatchObject({ rejected: 0 })
    fc.assert(
      fc.property(fc.shuffledSubarray([...points, ...timing], { minLength: 5 }), (pieces) => {
        expect(linesOf(7, pieces)).toEqual(expected)
      }),
    )
  })

  test('is not read from the last bytes of a point', () => {
    expect(linesOf(7, points)).toMatchObject({ lines: [], rejected: 3 })
    expect(linesOf(7, [...timing, ...points])).toEqual(linesOf(7, [...points, ...timing]))
    expect(linesOf(7, [CUMULATIVE, ...points])).toEqual(linesOf(7, [...points, CUMULATIVE]))
  })

  test('is what was said last', () => {
    expect(linesOf(7, [...points, [0x10, 1], ...timing])).toEqual(linesOf(7, [...points, ...timing]))
    expect(linesOf(7, [...points, ...timing, [0x10, 0x82, 0]])).toEqual(linesOf(7, [...points, ...timing]))
  })

  test('means nothing to a gauge', () => {
    expect(linesOf(5, [...points, ...timing])).toEqual(linesOf(5, points))
  })
})
