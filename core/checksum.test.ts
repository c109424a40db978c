import { crc32 } from 'node:zlib'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { checksum } from './checksum.ts'

describe('a checksum', () => {
  it('is that of zlib, for whatever length, wherever the bytes begin and whatever stands before them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(20), fc.nat(2 ** 32 - 1), (bytes, from, before) => {
        const part = bytes.subarray(Math.min(from, bytes.length))
        expect(checksum(part)).toBe(crc32(part))
        expect(checksum(part, before)).toBe(crc32(part, before))
      }),
    )
  })

  it('takes memory that threads share as well', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(64)).fill(7, 8).subarray(8)
    expect(checksum(shared)).toBe(crc32(shared))
  })
})
