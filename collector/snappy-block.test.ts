import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { blockLength, unpackBlock, unpackBlockAside } from './snappy-block.ts'
import { outcomeOf } from './testing/decoding.fixture.ts'
import { snappy } from './testing/remote-write.fixture.ts'

/** Bytes that repeat themselves near and far, as real ones do. */
const repeating = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 80 }), fc.nat(40)), { maxLength: 30 })
  .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))))

describe('a snappy block', () => {
  test('that another wrote comes out as it went in', () => {
    fc.assert(
      fc.property(fc.oneof(repeating, fc.uint8Array({ maxLength: 5000 })), (bytes) => {
        const block = snappy(bytes)
        expect(blockLength(block)).toBe(bytes.length)
        expect(Buffer.compare(unpackBlock(block), bytes)).toBe(0)
      }),
    )
  })

  test('of a megabyte, with long literals and far copies, comes out too', async () => {
    const noise = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 2_654_435_761) >>> 13))
    const bytes = Buffer.concat([noise, Buffer.alloc(900_000, 'ab'), noise])
    expect(Buffer.compare(unpackBlock(snappy(bytes)), bytes)).toBe(0)
    expect(Buffer.compare(await unpackBlockAside(snappy(bytes)), bytes)).toBe(0)
  })

  test('copies what is just being written, at every distance', () => {
    for (let offset = 1; offset <= 8; offset++) {
      const seed = Buffer.from('abcdefgh').subarray(0, offset)
      // A literal, then a copy of 60 from `offset` bytes back.
      const block = Buffer.concat([
        Buffer.from([offset + 60, (offset - 1) << 2]),
        seed,
        Buffer.from([(59 << 2) | 2, offset, 0]),
      ])
      expect(String(unpackBlock(block))).toBe(
        String(seed)
          .repeat(100)
          .slice(0, offset + 60),
      )
    }
  })

  test.each([
    ['nothing', []],
    ['a length without end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a length beyond 2^32', [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['less than it says', [5, 0, 97]],
    ['more than it says', [1, 4, 97, 98]],
    ['a literal that breaks off', [9, 8 << 2, 97]],
    ['a long literal without a length', [9, 63 << 2]],
    ['a copy from before the beginning', [9, 0, 97, 1 | (4 << 2), 2]],
    ['a copy from nowhere', [9, 0, 97, 1, 0]],
    ['a copy without its offset', [9, 0, 97, 2, 1]],
    ['a copy beyond the end', [3, 0, 97, 1 | (7 << 2), 1]],
  ])('that is none is refused: %s', async (_, bytes) => {
    expect(outcomeOf(() => unpackBlock(Uint8Array.from(bytes)))).toBe('bad_data')
    await expect(unpackBlockAside(Uint8Array.from(bytes))).rejects.toMatchObject({ code: 'bad_data' })
  })

  test('made of anything is read or refused, and gives no more than it says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const block = Uint8Array.of(bytes.length, 0, ...bytes)
        if (outcomeOf(() => unpackBlock(block)) === 'read') {
          expect(unpackBlock(block)).toHaveLength(blockLength(block))
        }
      }),
    )
  })
})
