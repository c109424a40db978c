// Long bodies of log records and spans are read in steps, to what they are in one.
import { expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'

import { createDecoder } from './decoder.ts'
import { request, storeWith } from './testing/decoding.fixture.ts'
import { encode } from './testing/otlp.fixture.ts'

const COUNT = 5000
const IDS = { traceId: '0123456789abcdef0123456789abcdef', spanId: '0123456789abcdef' }
/** As the encoder of protobuf takes them. */
const BYTES = Object.fromEntries(Object.entries(IDS).map(([name, hex]) => [name, Buffer.from(hex, 'hex')]))

test.each([
  ['logs', 'JSON', 'resourceLogs', 'scopeLogs', 'logRecords'],
  ['logs', 'protobuf', 'resourceLogs', 'scopeLogs', 'logRecords'],
  ['traces', 'JSON', 'resourceSpans', 'scopeSpans', 'spans'],
  ['traces', 'protobuf', 'resourceSpans', 'scopeSpans', 'spans'],
] as const)('of %s in %s', (signal, encoding, resources, scopes, items) => {
  const list = Array.from({ length: COUNT }, (_, i) => ({
    ...(encoding === 'JSON' ? IDS : BYTES),
    ...(signal === 'logs'
      ? { timeUnixNano: `${1_700_000_000_000 + i}000000`, body: { stringValue: `line ${i}` } }
      : {
          name: `op ${i}`,
          startTimeUnixNano: '1700000000000000000',
          endTimeUnixNano: `${1_700_000_000_000 + i}000000`,
        }),
  }))
  const body = { [resources]: [{ resource: {}, [scopes]: [{ [items]: list }] }] }
  const sent = request(signal, encoding === 'JSON' ? body : encode(signal, body))
  const steps = createDecoder({ meter: silentMeter }).decode(sent, storeWith())
  let count = 1
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) count++
  // None reads more than 512 of them, or 128 KiB.
  expect(count).toBeGreaterThan(COUNT / 512 + sent.body.length / 2 ** 17)
  const { logs, spans } = step.value
  expect(logs.map((record) => record.body)).toEqual(signal === 'logs' ? list.map((_, i) => `line ${i}`) : [])
  expect(spans.map(({ name }) => name)).toEqual(signal === 'logs' ? [] : list.map((_, i) => `op ${i}`))
})
