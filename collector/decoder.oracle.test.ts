// protobufjs as the oracle of what stands on the wire.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { SignalKind } from '#core/ports/intake.ts'

import { decoded, outcomeOf, request } from './testing/decoding.fixture.ts'
import { messages } from './testing/messages.fixture.ts'
import { decodeTree, encode } from './testing/otlp.fixture.ts'
import { requests } from './wire/schema.ts'
import { toOtlpJson } from './wire/to-json.ts'

const SIGNALS: readonly SignalKind[] = ['metrics', 'logs', 'traces']

/** Ids from base64, which another's JSON has, to hex. */
function withHexIds(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withHexIds)
  if (typeof tree !== 'object' || tree === null) return tree
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      const isId = key === 'traceId' || key === 'spanId' || key === 'parentSpanId'
      return [key, isId ? Buffer.from(String(value), 'base64').toString('hex') : withHexIds(value)]
    }),
  )
}

describe.each(SIGNALS)('random %s', (signal) => {
  test('decode from protobuf as from the JSON that another decoder makes of it', () => {
    fc.assert(
      fc.property(messages[signal], (message) => {
        const bytes = encode(signal, message)
        const theirs = withHexIds(decodeTree(signal, bytes)) as object
        expect(decoded(request(signal, bytes))).toEqual(decoded(request(signal, theirs)))
      }),
      { numRuns: 300 },
    )
  })

  test('decode alike from protobuf and from our JSON of it', () => {
    fc.assert(
      fc.property(messages[signal], (message) => {
        const bytes = encode(signal, message)
        const ours = toOtlpJson(bytes, requests[signal])
        expect(decoded(request(signal, ours))).toEqual(decoded(request(signal, bytes)))
      }),
      { numRuns: 200 },
    )
  })

  test('cut off or damaged anywhere are read or refused, and nothing else', () => {
    fc.assert(
      fc.property(messages[signal], fc.nat(), fc.nat(), fc.nat(255), (message, cut, at, byte) => {
        const bytes = encode(signal, message).slice()
        if (bytes.length === 0) return
        bytes[at % bytes.length] = byte
        for (const damaged of [bytes, bytes.subarray(0, cut % bytes.length)]) {
          expect(['read', 'bad_data']).toContain(outcomeOf(() => decoded(request(signal, damaged))))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('that are noise are read or refused, and nothing else', () => {
    const noise = fc.uint8Array({ maxLength: 200 })
    const behindTags = noise.map((bytes) => Uint8Array.from([10, bytes.length, ...bytes].slice(0, bytes.length + 2)))
    fc.assert(
      fc.property(fc.oneof(noise, behindTags), (bytes) => {
        expect(['read', 'bad_data']).toContain(outcomeOf(() => decoded(request(signal, bytes))))
      }),
      { numRuns: 500 },
    )
  })
})
