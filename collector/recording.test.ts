import { readFileSync } from 'node:fs'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { CHANGE_KINDS } from '#core/change.ts'
import { FEEDBACK } from '#core/finding.ts'
import type { Input, SamplesInput } from '#core/ports/intake.ts'
import { Labels } from '#core/series.ts'

import { inputLine, readInput, readInputs } from './recording.ts'
import { decoded, metrics, nanos, request } from './testing/decoding.fixture.ts'

const ORIGIN = { file: 'input.jsonl', line: 7 }
const time = fc.oneof(fc.integer({ min: -1e12, max: 4e12 }), fc.double({ noNaN: true, noDefaultInfinity: true }))

const inputs: fc.Arbitrary<Exclude<Input, SamplesInput>> = fc.oneof(
  fc.record(
    { kind: fc.constant('tick' as const), time_ms: time, complete_ms: time },
    { requiredKeys: ['kind', 'time_ms'] },
  ),
  fc.record({
    kind: fc.constant('change' as const),
    change: fc.record(
      {
        id: fc.string(),
        kind: fc.constantFrom(...CHANGE_KINDS),
        service: fc.string(),
        at_ms: time,
        title: fc.string(),
        source: fc.string(),
        url: fc.string(),
        until_ms: time,
        factor: fc.double({ min: 0.01, max: 1000, noNaN: true }),
      },
      { requiredKeys: ['id', 'kind', 'service', 'at_ms', 'title', 'source', 'url'] },
    ),
  }),
  fc.record({
    kind: fc.constant('command' as const),
    command: fc.constantFrom('ack', 'resolve'),
    incident: fc.string(),
    by: fc.string(),
    at_ms: time,
  }),
  fc.record({
    kind: fc.constant('feedback' as const),
    feedback: fc.constantFrom(...FEEDBACK),
    finding: fc.string(),
    by: fc.string(),
    at_ms: time,
  }),
)

const noMinusZero = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

describe('a recorded input', () => {
  test('comes back as it was, from one line', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const line = inputLine(input)
        expect(line).not.toContain('\n')
        expect(noMinusZero(readInput(line, ORIGIN))).toEqual(noMinusZero(input))
      }),
    )
  })

  test('of an upstream has floats, native histograms, errors and outages', () => {
    const value = { count: 2, sum: -0.5, buckets: [{ bounds: 3 as const, lower: -Infinity, upper: 2, count: 2 }] }
    const asked = { rule: 'f;g;record;r', expr: 'h', from_ms: 0, to_ms: 60_000, step_ms: 60_000 }
    const series = {
      labels: Labels.of({ job: 'a' }),
      time_ms: Float64Array.of(0),
      value: Float64Array.of(Number.NaN),
      histograms: [{ time_ms: 60_000, value }],
    }
    const input: Input = {
      kind: 'answers',
      datasource: 'prom',
      answers: [
        { ...asked, series: [series], error: '' },
        { ...asked, series: [], error: 'it was away', away: true },
        { ...asked, series: [], error: 'many-to-many' },
      ],
    }
    expect(readInput(inputLine(input), ORIGIN)).toEqual(input)
  })

  test('has times that people can read', () => {
    expect(inputLine({ kind: 'tick', time_ms: 1_795_192_692_700, complete_ms: 1_795_192_600_000 })).toBe(
      '{"tick":"2026-11-20T16:38:12.700Z","complete":"2026-11-20T16:36:40.000Z"}',
    )
  })

  test('keeps a JSON request byte for byte, its position beside it', () => {
    const position = { topic: 'otlp_metrics', partition: 3, offset: '9007199254740993' }
    const body = '{"resourceMetrics":[],"unknown":1e400,"big":18446744073709551615,"zero":-0.0}'
    const input = { ...request('metrics', body), position }
    const line = inputLine(input)
    expect(line).toBe(`{"otlp":"metrics","position":${JSON.stringify(position)},"request":${body}}`)
    const back = readInput(line, ORIGIN)
    expect(back).toEqual(input)
  })

  test('stays on one line when its request had many', () => {
    const line = inputLine(request('logs', '{\n  "resourceLogs": [\r\n  ]\n}\n'))
    expect(line.split(/\r|\n/)).toHaveLength(1)
    expect(readInput(line, ORIGIN)).toMatchObject({ signal: 'logs' })
  })

  test.each(['js-05-metrics.pb', 'js-06-metrics.pb'])('of protobuf means the same: %s', (name) => {
    const input = request('metrics', readFileSync(`${import.meta.dirname}/../tests/fixtures/otlp-js/${name}`))
    const back = readInput(inputLine(input), ORIGIN)
    expect(back).toMatchObject({ encoding: 'json' })
    expect(decoded(back as typeof input)).toEqual(decoded(input))
  })

  test('that cannot be read is refused', () => {
    for (const body of [Uint8Array.of(255), '{', '[]', '{"a":1,"a":2}']) {
      expect(() => inputLine(request('logs', body))).toThrow(expect.objectContaining({ code: 'bad_data' }))
    }
  })
})

describe('a line of a recording', () => {
  test('written by others may have its keys in any order', () => {
    const input = readInput(' {"request": {"resourceLogs": []}, "otlp": "logs"} ', ORIGIN)
    expect(input).toEqual(request('logs', '{"resourceLogs":[]}'))
  })

  test.each([
    ['resourceMetrics', 'metrics'],
    ['resourceLogs', 'logs'],
    ['resourceSpans', 'traces'],
  ])('of the Collector is a request: %s', (root, signal) => {
    expect(readInput(`{"${root}":[]}`, ORIGIN)).toMatchObject({ kind: 'otlp', signal, encoding: 'json' })
  })

  test.each([
    ['{"tick":"yesterday"}', 'an RFC 3339 time'],
    ['{"tick":1,"tock":2}', 'tock'],
    ['{"otlp":"profiles","request":{}}', 'otlp'],
    ['{"change":{"kind":"party"}}', 'change'],
    [
      '{"what":1}',
      'one of otlp, samples, answers, tick, change, command, feedback, resourceMetrics, resourceLogs, resourceSpans is expected',
    ],
    ['[1]', 'a JSON object is expected'],
    ['{"tick":1,"tick":2}', '"tick" stands twice'],
    ['nonsense', 'malformed JSON'],
  ])('that is none is refused with its place: %s', (line, message) => {
    expect(() => readInput(line, ORIGIN)).toThrow(/^input\.jsonl:7: /)
    expect(() => readInput(line, ORIGIN)).toThrow(message)
  })

  test('that is empty is passed over, and counted', async () => {
    const gauge = { name: 'x', gauge: { dataPoints: [{ timeUnixNano: nanos(5), asInt: '1' }] } }
    const seen: unknown[] = []
    for await (const { input, line } of readInputs(['{"tick":1}', '', JSON.stringify(metrics(gauge))], 'f')) {
      seen.push([line, input.kind])
    }
    expect(seen).toEqual([
      [1, 'tick'],
      [3, 'otlp'],
    ])
  })
})
