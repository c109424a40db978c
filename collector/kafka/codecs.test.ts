// Against other people's encoders: those of a Kafka client, of the Snappy library, of zlib.
import { gzipSync, zstdCompressSync } from 'node:zlib'

import { compressionsAlgorithms } from '@platformatic/kafka'
import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { compressSync } from 'snappy'
import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { Codecs } from './codecs.ts'
import { unpackLz4 } from './lz4.ts'
import { decodeRecords } from './record-batches.ts'
import { unpackSnappy } from './snappy.ts'

const { CompressionCodecs, CompressionTypes } = kafkajs
const LIMIT = 2 ** 20

const lz4 = (bytes: Buffer): Buffer => compressionsAlgorithms.lz4.compressSync(bytes)
const snappy = (bytes: Buffer): Buffer => compressSync(bytes)

/** As snappy-java and Sarama write it. */
function framed(blocks: readonly Buffer[]): Buffer {
  const parts = blocks.flatMap((block) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(block.length)
    return [length, block]
  })
  return Buffer.concat([Buffer.from('82534e4150505900', 'hex'), Buffer.from('0000000100000001', 'hex'), ...parts])
}

/** Text that repeats itself near and far, as telemetry does, with noise in between. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom('service.name', 'http.route', '\0\0\0\0', 'a'.repeat(300)).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.nat(70_000).map((length) => Buffer.alloc(length, 'telemetry ')),
    ),
    { maxLength: 30 },
  )
  // The other encoder of LZ4 does not do without any.
  .map((parts) => Buffer.concat([...parts, Buffer.from('.')]))

const codeOf = (run: () => unknown): string => {
  try {
    run()
    return 'unpacked'
  } catch (error) {
    return error instanceof ServiceError ? error.code : `a bug: ${String(error)}`
  }
}

test('LZ4 frames of another encoder come out whole', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(unpackLz4(lz4(text), LIMIT * 4).equals(text)).toBe(true)
    }),
  )
})

test('of LZ4 all frames come out, those that say nothing aside, and nothing else may stand behind them', () => {
  const skipped = Buffer.concat([Buffer.from('5f2a4d1803000000', 'hex'), Buffer.from('any')])
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      const packed = Buffer.concat([lz4(a), skipped, lz4(b), lz4(a)])
      expect(unpackLz4(packed, LIMIT * 8).equals(Buffer.concat([a, b, a]))).toBe(true)
      expect(codeOf(() => unpackLz4(packed, a.length + b.length))).toBe('too_large')
      for (const rest of ['.', 'rest of it', '\0'.repeat(20)])
        expect(codeOf(() => unpackLz4(Buffer.concat([packed, Buffer.from(rest)]), LIMIT * 8))).toBe('bad_data')
    }),
    { numRuns: 50 },
  )
  expect(codeOf(() => unpackLz4(Buffer.alloc(0), LIMIT))).toBe('bad_data')
  // With checksums of its content, and of its blocks too, as the reference implementation writes "a".
  const content = Buffer.from('04224d186440a701000080610000000056740d55', 'hex')
  const blocks = Buffer.from('04224d187440bd010000806156740d550000000056740d55', 'hex')
  expect(unpackLz4(Buffer.concat([content, blocks, content]), LIMIT).toString()).toBe('aaa')
})

test('Snappy comes out whole, in one block and in a frame of several', () => {
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      expect(unpackSnappy(snappy(a), LIMIT * 4).equals(a)).toBe(true)
      const both = framed([snappy(a), snappy(b)])
      expect(unpackSnappy(both, LIMIT * 8).equals(Buffer.concat([a, b]))).toBe(true)
    }),
  )
})

test.each([
  ['LZ4', lz4, unpackLz4],
  ['Snappy', snappy, unpackSnappy],
])('%s: what was damaged is refused or comes out, and nothing else', (_, pack, unpack) => {
  const good = pack(Buffer.from('otlp '.repeat(2000)))
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, end) => {
      const damaged = Buffer.from(good)
      damaged[at] = byte
      for (const packed of [damaged, damaged.subarray(0, end), Buffer.concat([damaged, damaged])])
        expect(['unpacked', 'bad_data', 'too_large']).toContain(codeOf(() => unpack(packed, LIMIT)))
      expect(unpack(good, LIMIT)).toHaveLength(10_000)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['LZ4', lz4, unpackLz4],
  ['Snappy', snappy, unpackSnappy],
  ['framed Snappy', (bytes: Buffer) => framed([snappy(bytes), snappy(bytes)]), unpackSnappy],
])('%s that would be larger than the limit is refused as such', (_, pack, unpack) => {
  const packed = pack(Buffer.alloc(LIMIT * 3))
  expect(codeOf(() => unpack(packed, LIMIT))).toBe('too_large')
})

/** A record batch, format 2, as it lies in an answer: its head, then what is packed. Returns a view of the latter. */
function inBatch(packed: Buffer, records: number, lastOffsetDelta: number): Buffer {
  const head = Buffer.alloc(49)
  head.writeInt32BE(lastOffsetDelta, 11)
  head.writeInt32BE(records, 45)
  return Buffer.concat([Buffer.alloc(12), head, packed]).subarray(12 + 49)
}

interface Codec {
  decompress(packed: Buffer): Promise<Buffer>
}
const codecOf = (type: number): Codec => (CompressionCodecs[type as 1] as () => Codec)()

const ALL = [
  ['gzip', CompressionTypes.GZIP, (bytes: Buffer) => gzipSync(bytes)],
  ['snappy', CompressionTypes.Snappy, snappy],
  ['lz4', CompressionTypes.LZ4, lz4],
  ['zstd', CompressionTypes.ZSTD, (bytes: Buffer) => zstdCompressSync(bytes)],
] as const

test('a record that is too large by itself is refused before it is offered', () => {
  const codecs = new Codecs({ batch: 100, answer: 1000 })
  expect(codecs.refusal(Buffer.alloc(101))?.code).toBe('too_large')
  expect([codecs.refusal(Buffer.alloc(100)), codecs.refusal(null)]).toEqual([undefined, undefined])
})

test.each(ALL)('%s: small and large batches are unpacked', async (_, type, pack) => {
  const codecs = new Codecs({ batch: 4 * LIMIT, answer: 8 * LIMIT })
  for (const size of [1, 1000, 3 * LIMIT]) {
    const bytes = Buffer.alloc(size, 'some telemetry that goes on and on')
    const unpacked = await codecOf(type).decompress(inBatch(pack(bytes), 1, 0))
    expect(unpacked.equals(bytes)).toBe(true)
    expect(codecs.refusal(unpacked)).toBeUndefined()
  }
})

/** Offsets and values of records as they lie unpacked. */
function recordsOf(bytes: Buffer): { delta: number; value: Buffer }[] {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value % 2 === 1 ? -(value + 1) / 2 : value / 2
    }
  }
  const records: { delta: number; value: Buffer }[] = []
  while (at < bytes.length) {
    const end = varint() + at
    at += 1
    expect(varint()).toBe(0)
    const delta = varint()
    expect(varint()).toBe(-1)
    const length = varint()
    records.push({ delta, value: bytes.subarray(at, at + length) })
    at += length
    expect(varint()).toBe(0)
    expect(at).toBe(end)
  }
  return records
}

test.each(ALL)(
  '%s: for a batch that is too large, or damaged, as many records stand in and say why',
  async (_, type, pack) => {
    const codecs = new Codecs({ batch: LIMIT, answer: 8 * LIMIT })
    const large = await codecOf(type).decompress(inBatch(pack(Buffer.alloc(2 * LIMIT)), 300, 1_000_000))
    const records = recordsOf(large)
    expect(records.map(({ delta }) => delta)).toEqual([...Array.from({ length: 299 }, (__, i) => i), 1_000_000])
    for (const { value } of records) expect(codecs.refusal(value)?.code).toBe('too_large')
    const damaged = await codecOf(type).decompress(inBatch(Buffer.from('this is not it'), 1, 0))
    expect(codecs.refusal(recordsOf(damaged)[0]!.value)?.code).toBe('bad_data')
    expect(codecs.refusal(null)).toBeUndefined()
  },
)

/** One batch of so many records without a value, as it lies in an answer. */
function answerOf(records: number): { buffer: Buffer; offset: number } {
  // Nothing but a length, and six times nothing: attributes, time, offset, key, value (none), headers.
  const one = Buffer.from('0c000000010100', 'hex')
  const head = Buffer.alloc(65)
  head.writeInt32BE(61 + records * one.length, 0)
  head.writeInt32BE(49 + records * one.length, 12)
  head[20] = 2
  head.writeInt32BE(records - 1, 27)
  head.writeInt32BE(records, 61)
  return { buffer: Buffer.concat([head, Buffer.alloc(records * one.length, one)]), offset: 0 }
}

test('very many small records are too large too, and one stands in for them', async () => {
  const codecs = new Codecs({ batch: LIMIT, answer: 8 * LIMIT })
  expect(await decodeRecords(answerOf(4096))).toHaveLength(4096)
  const [refused, ...others] = await decodeRecords(answerOf(4097))
  expect([refused!.offset, others]).toEqual(['4096', []])
  expect(codecs.refusal(refused!.value)).toMatchObject({ code: 'too_large', retryable: false })
})

test('what exceeds the limit of an answer is not read, and fetched again with the next one', async () => {
  const codecs = new Codecs({ batch: LIMIT, answer: 1000 })
  expect(await decodeRecords(answerOf(4))).toHaveLength(4)
  expect(await decodeRecords(answerOf(4))).toEqual([])
  codecs.begin()
  const gzip = codecOf(CompressionTypes.GZIP)
  expect(await gzip.decompress(inBatch(gzipSync(Buffer.alloc(1000)), 2, 1))).toHaveLength(1000)
  expect(await decodeRecords(answerOf(4))).toEqual([])
})
