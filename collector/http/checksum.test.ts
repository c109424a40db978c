import { crc32 } from 'node:zlib'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { checksum } from './checksum.ts'

describe('the checksum of a body', () => {
  it('is that of zlib, for whatever length and wherever the bytes begin', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(20), (bytes, from) => {
        const part = bytes.subarray(Math.min(from, bytes.length))
        expect(checksum(part)).toBe(crc32(part))
      }),
    )
  })
})
