import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

import fc from 'fast-check'
import { compressSync } from 'snappy'
import { describe, expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'
import { seeded } from '#core/random.ts'

import { Budget } from './budget.ts'
import { Inflater } from './inflate.ts'
import { unpackStream } from './snappy-stream.ts'

const HEAD = Buffer.from('ff060000734e61507059', 'hex')
const PADDING = Buffer.from('fe030000616263', 'hex')

function chunk(type: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUIntLE(data.length + 4, 1, 3)
  head[0] = type
  return Buffer.concat([head, data])
}

/** A stream as senders write it: what does not shrink is left as it is. */
function snappyStream(bytes: Buffer<ArrayBuffer>): Buffer {
  const chunks: Uint8Array[] = [HEAD]
  for (let from = 0; from < bytes.length; from += 65_536) {
    const part = bytes.subarray(from, from + 65_536)
    const packed = compressSync(Buffer.from(part))
    chunks.push(packed.length < part.length ? chunk(0, packed) : chunk(1, part))
  }
  return Buffer.concat(chunks)
}

/** A frame of LZ4 of blocks that are not packed. */
function lz4Frame(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [Buffer.from('04224d186040ff', 'hex')]
  for (let from = 0; from < bytes.length; from += 65_536) {
    const part = bytes.subarray(from, from + 65_536)
    const size = Buffer.alloc(4)
    size.writeUInt32LE((part.length | 0x80000000) >>> 0)
    parts.push(size, part)
  }
  return Buffer.concat([...parts, Buffer.alloc(4)])
}

const ENCODINGS: readonly (readonly [name: string, pack: (bytes: Buffer<ArrayBuffer>) => Buffer])[] = [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['deflate', deflateSync],
  ['zlib', deflateSync],
  ['snappy', compressSync],
  ['x-snappy-framed', snappyStream],
  ['lz4', lz4Frame],
]

function inflaterOf(limit: number) {
  const budget = new Budget(4 * limit, silentMeter)
  const inflater = new Inflater(limit, budget)
  return async (name: string, body: Uint8Array): Promise<Buffer> => {
    const share = budget.share()
    try {
      return Buffer.from(await inflater.inflate(name, body, share))
    } finally {
      share.release()
    }
  }
}

/** What shrinks, and what does not. */
const bytes = fc.record({ length: fc.nat(300_000), noise: fc.boolean() })
function bodyOf({ length, noise }: { readonly length: number; readonly noise: boolean }): Buffer<ArrayBuffer> {
  const random = seeded(length)
  return noise
    ? Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)))
    : Buffer.alloc(length, 'telemetry ')
}

describe.each(ENCODINGS)('%s', (name, pack) => {
  test('what was packed comes out as it went in', async () => {
    const inflate = inflaterOf(2 ** 20)
    await fc.assert(
      fc.asyncProperty(bytes, async (given) => {
        const body = bodyOf(given)
        expect((await inflate(name, pack(body))).equals(body)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('what would be too large is refused', async () => {
    await expect(inflaterOf(1000)(name, pack(Buffer.alloc(1001)))).rejects.toMatchObject({ code: 'too_large' })
    expect(await inflaterOf(1000)(name, pack(Buffer.alloc(1000)))).toHaveLength(1000)
  })

  test('bytes that are damaged, cut off or something else never do more than be refused', async () => {
    const inflate = inflaterOf(2 ** 20)
    const whole = pack(Buffer.alloc(100_000, 'telemetry '))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), async (at, value, end) => {
        const body = Buffer.from(whole.subarray(0, end))
        if (at < end) body[at] = value
        const outcome = await inflate(name, body).catch((error: unknown) => error)
        if (!Buffer.isBuffer(outcome))
          expect(outcome).toMatchObject({ code: expect.stringMatching(/bad_data|too_large/) })
      }),
    )
    await expect(inflate(name, Buffer.from('{"resourceMetrics":[]}'))).rejects.toMatchObject({ code: 'bad_data' })
    await expect(inflate(name, Buffer.alloc(0))).rejects.toMatchObject({ code: 'bad_data' })
  })
})

test.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)('%s may come in several parts, short and long, all of which count', async (name, pack) => {
  for (const length of [1, 100, 300_000]) {
    const inflate = inflaterOf(2 * length)
    const parts = [Buffer.alloc(length, 'a'), Buffer.alloc(0), Buffer.alloc(length, 'b')]
    const packed = Buffer.concat(parts.map((part) => pack(part)))
    expect((await inflate(name, packed)).equals(Buffer.concat(parts))).toBe(true)
    const more = Buffer.concat([packed, pack(Buffer.alloc(1))])
    await expect(inflate(name, more)).rejects.toMatchObject({ code: 'too_large' })
    const other = Buffer.concat([packed, Buffer.from('and more')])
    await expect(inflate(name, other)).rejects.toMatchObject({ code: 'bad_data' })
  }
})

test('a body of zstd in more frames than anybody writes is refused', async () => {
  const body = Buffer.concat(Array.from({ length: 300 }, () => zstdCompressSync(Buffer.of(1))))
  await expect(inflaterOf(1000)('zstd', body)).rejects.toMatchObject({ code: 'bad_data' })
})

test('a stream of Snappy may hold what readers skip, and nothing that they do not know', () => {
  const data = chunk(1, Buffer.from('abc'))
  expect(unpackStream(Buffer.concat([HEAD, PADDING, data, HEAD, data])).toString()).toBe('abcabc')
  expect(() => unpackStream(Buffer.concat([HEAD, chunk(2, Buffer.from('abc'))]))).toThrow(/no stream of Snappy/)
  expect(() => unpackStream(Buffer.concat([HEAD, chunk(1, Buffer.alloc(65_537))]))).toThrow(/no stream of Snappy/)
})
