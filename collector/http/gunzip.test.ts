import { gunzipSync, gzipSync } from 'node:zlib'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { KeptGunzip } from './gunzip.ts'

describe('a gzip inflater that is kept', () => {
  it('is there in this Node, and gives what went in, body after body', () => {
    const gunzip = new KeptGunzip()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 0, max: 9 }), (bytes, level) => {
        const inflated = gunzip.inflate(gzipSync(bytes, { level }), bytes.length)
        expect(inflated && Buffer.compare(inflated, bytes)).toBe(0)
      }),
    )
  })

  it('leaves several members and heads with names to others', () => {
    const body = Buffer.concat([gzipSync('one'), gzipSync('two')])
    for (const length of [3, 6]) expect(new KeptGunzip().inflate(body, length)).toBeUndefined()
    const plain = gzipSync('one')
    const named = Buffer.concat([plain.subarray(0, 10), Buffer.from('a name\0'), plain.subarray(10)])
    named[3] = 8
    expect(gunzipSync(named).toString()).toBe('one')
    expect(new KeptGunzip().inflate(named, 3)).toBeUndefined()
  })

  it('gives nothing where it does not come to the length that was told', () => {
    const gunzip = new KeptGunzip()
    const body = gzipSync('hello')
    for (const length of [1, 4, 6, 100]) expect(gunzip.inflate(body, length)).toBeUndefined()
    expect(gunzip.inflate(body, 5)?.toString()).toBe('hello')
  })

  it('gives nothing for what is cut, changed, or no gzip, and the next body as if nothing had been', () => {
    const gunzip = new KeptGunzip()
    const text = 'a body that says something '.repeat(20)
    const body = gzipSync(text)
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        expect(gunzip.inflate(body.subarray(0, at), text.length)).toBeUndefined()
        const other = Buffer.from(body)
        other[at]! ^= change
        const inflated = gunzip.inflate(other, text.length)
        // In its head stands what no checksum covers.
        if (inflated !== undefined) expect(inflated.toString()).toBe(text)
        expect(gunzip.inflate(body, text.length)?.toString()).toBe(text)
      }),
    )
  })
})
