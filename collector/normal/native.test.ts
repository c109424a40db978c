import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { customShape } from '#core/exponential.ts'

import { fitExponential } from './exponential.ts'
import { fitNative, type NativeHistogram, type NativeSide } from './native.ts'

const NONE: NativeSide = { spans: [], counts: [], deltas: false }

function nativeOf(native: Partial<NativeHistogram>): NativeHistogram {
  const given = { schema: 0, zero_threshold: 0, zero_count: 0, positive: NONE, negative: NONE, custom: [], ...native }
  const counted = [given.positive, given.negative].flatMap(({ counts, deltas }) => {
    let last = 0
    return Array.from(counts, (count) => (last = deltas ? last + count : count))
  })
  return { sum: 1, count: counted.reduce((all, one) => all + one, given.zero_count), ...given }
}

/** Dense counts as spans and deltas, the way Prometheus writes them: gaps are left out. */
function sparse(offset: number, counts: readonly number[], deltas: boolean): NativeSide {
  const spans: number[] = []
  const values: number[] = []
  let last = 0
  let gap = offset
  let open = false
  for (const count of counts) {
    if (count === 0) {
      gap = open ? 1 : gap + 1
      open = false
      continue
    }
    if (open) spans[spans.length - 1]!++
    else spans.push(gap, 1)
    open = true
    gap = 0
    values.push(deltas ? count - last : count)
    last = count
  }
  return { spans, counts: values, deltas }
}

describe('a native histogram', () => {
  test('is the OTLP one whose indexes are one less', () => {
    const side = fc.tuple(fc.integer({ min: -300, max: 300 }), fc.array(fc.nat(5), { maxLength: 60 }))
    fc.assert(
      fc.property(fc.integer({ min: -4, max: 8 }), side, side, fc.boolean(), (schema, [p, ps], [n, ns], deltas) => {
        const native = nativeOf({
          schema,
          zero_count: 3,
          positive: sparse(p, ps, deltas),
          negative: sparse(n, ns, deltas),
        })
        const otlp = {
          scale: schema,
          zero_threshold: 0,
          zero_count: 3,
          positive: { offset: p - 1, counts: ps },
          negative: { offset: n - 1, counts: ns },
        }
        expect(fitNative(native)).toEqual(fitExponential(otlp))
      }),
    )
  })

  test('finer than the finest row is merged down', () => {
    const row = fitNative(nativeOf({ schema: 9, positive: { spans: [1, 2], counts: [4, 5], deltas: false } }))
    expect(row).toMatchObject({ shape: { schema: 8, positive_offset: 0 } })
  })

  test('with custom bounds has them in its shape', () => {
    const positive = { spans: [0, 1, 1, 2], counts: [1, 1, 1], deltas: true }
    expect(fitNative(nativeOf({ schema: -53, positive, custom: [1, 2, 5] }))).toEqual({
      shape: customShape(Float64Array.of(1, 2, 5)),
      buckets: Float64Array.of(0, 1, 0, 2, 3),
    })
  })

  test('whose sum is no number may have counted more than its buckets hold', () => {
    const positive = { spans: [0, 1], counts: [2], deltas: true }
    expect(fitNative(nativeOf({ positive, count: 3, sum: NaN }))).toHaveProperty('shape')
    expect(fitNative(nativeOf({ positive, count: 3, sum: 1 }))).toHaveProperty('refused')
    expect(fitNative(nativeOf({ positive, count: 1, sum: NaN }))).toHaveProperty('refused')
  })

  test('that counts fractions need not agree with its buckets, but cannot count below zero', () => {
    const positive = { spans: [0, 1], counts: [2], deltas: false }
    expect(fitNative(nativeOf({ positive, count: 3, sum: 1 }))).toHaveProperty('shape')
    for (const count of [-1, NaN, Infinity]) {
      expect(fitNative(nativeOf({ positive, count, sum: 1 }))).toEqual({ refused: 'a histogram counts below zero' })
    }
  })

  const one = { spans: [0, 1], counts: [1], deltas: false }
  test.each([
    [{ schema: -5, positive: one }, 'scale -5'],
    [{ schema: 53, positive: one }, 'schema 53 is not known'],
    [{ positive: { spans: [0, 2], counts: [1], deltas: false } }, 'need more buckets'],
    [{ positive: { spans: [0, 1], counts: [1, 1], deltas: false } }, 'need 1 buckets'],
    [{ positive: { spans: [0, 1, -1, 1], counts: [1, 1], deltas: false } }, 'begins before'],
    [{ positive: { spans: [0, 2], counts: [1, -2], deltas: true }, count: 0 }, 'counts below zero'],
    [{ positive: one, custom: [1] }, 'has custom bounds'],
    [{ schema: -53, positive: one, custom: [2, 1] }, 'do not ascend'],
    [{ schema: -53, positive: one, custom: [Infinity] }, 'are not finite'],
    [{ schema: -53, positive: { spans: [2, 1], counts: [1], deltas: false }, custom: [1] }, 'a bucket beyond'],
    [{ schema: -53, negative: one, custom: [1] }, 'at or below zero'],
    [{ schema: -53, positive: one, zero_count: 1, custom: [1] }, 'at or below zero'],
  ])('that contradicts itself is refused: %#', (part, message) => {
    expect(fitNative(nativeOf(part))).toEqual({ refused: expect.stringContaining(message) })
  })
})
