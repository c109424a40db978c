// Remote write through a whole process: kept over a restart, recorded, replayed; and what senders should not send.
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { loadConfig } from '#core/config/load.ts'

import { configSchema, DEFAULTS } from '../../app/config.ts'
import { replayCapture } from '../../app/replay.ts'
import { countingMeter } from '../../collector/testing/decoding.fixture.ts'
import { snappy, version1, version2, type WrittenSeries } from '../../collector/testing/remote-write.fixture.ts'
import { Barograph, BEGIN, SECOND } from './barograph.ts'
import { MIB } from './garbage.ts'

const RULES = `
groups:
  - name: tests
    interval: 1s
    rules:
      - alert: Hot
        expr: temperature > 30
      - record: sum:temperature
        expr: sum(temperature)
`
const TYPE1 = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
const TYPE2 = { ...TYPE1, 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' }

function write(
  barograph: Barograph,
  body: Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Response> {
  return fetch(`${barograph.service.apiUrl}/api/v1/write`, { method: 'POST', body, headers })
}

async function valueOf(barograph: Barograph, query: string): Promise<number> {
  const parameters = new URLSearchParams({ query, time: String(barograph.now_ms / 1000) })
  const { data } = await barograph.get<{ data: { result: { value: [number, string] }[] } }>(
    `/api/v1/query?${parameters.toString()}`,
  )
  return Number(data.result[0]?.value[1] ?? NaN)
}

/** The weather in two rooms, and how long it took to look. */
function weather(now_ms: number, degrees: number): WrittenSeries[] {
  const room = (name: string, value: number): WrittenSeries => ({
    labels: [
      ['__name__', 'temperature'],
      ['room', name],
    ],
    samples: [{ value, timestamp: now_ms }],
    metadata: { type: 2, help: 'how warm it is', unit: 'Cel' },
  })
  const took: WrittenSeries = {
    labels: [['__name__', 'look_seconds']],
    histograms: [
      {
        countInt: 3,
        sum: 4,
        schema: 0,
        positiveSpans: [{ offset: 0, length: 2 }],
        positiveDeltas: [1, 1],
        timestamp: now_ms,
      },
    ],
  }
  return [room('kitchen', degrees), room('cellar', 10), took]
}

test('what comes by remote write is judged, survives a crash, and is replayed byte for byte', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-recording-'))
  const first = await Barograph.start({ rules: RULES, record: folder })
  await first.pass(20 * SECOND, async (now_ms) => {
    const encode = now_ms % 2000 === 0 ? version2 : version1
    const headers = now_ms % 2000 === 0 ? TYPE2 : TYPE1
    const response = await write(first, snappy(encode(weather(now_ms, now_ms < BEGIN + 5 * SECOND ? 20 : 40))), headers)
    expect(response.status).toBe(204)
    expect(response.headers.get('x-prometheus-remote-write-samples-written')).toBe('2')
    expect(response.headers.get('x-prometheus-remote-write-histograms-written')).toBe('1')
  })
  expect(await valueOf(first, 'sum(temperature)')).toBe(50)
  const { data: metadata } = await first.get<{ data: Record<string, object[]> }>('/api/v1/metadata')
  expect(metadata['temperature']).toEqual([{ type: 'gauge', help: 'how warm it is', unit: 'Cel' }])
  const live = await first.get<{ incidents: object[] }>('/api/v1/incidents')
  expect(live.incidents).toHaveLength(1)

  const second = await Barograph.start({ rules: RULES, data: first.diskNow(), begin_ms: first.now_ms })
  expect(await valueOf(second, 'sum(temperature)')).toBe(50)
  const rules = join(first.data, 'rules')
  const { value: config } = loadConfig({ schema: configSchema, defaults: DEFAULTS, overrides: [], environment: {} })
  await Promise.all([first.stop(), second.stop()])

  const options = { config, rulePaths: [rules], capture: folder }
  const [once, twice] = [await replayCapture(options), await replayCapture(options)]
  expect(JSON.stringify(once)).toBe(JSON.stringify(twice))
  expect(once).toMatchObject({ incidents: live.incidents, counts: { requests: 20, samples: 60, refused: 0 } })
  expect(readFileSync(join(folder, 'input.jsonl'), 'utf8')).toContain('"type":"gauge","unit":"Cel"')
})

const GOOD: WrittenSeries[] = [{ labels: [['__name__', 'good']], samples: [{ value: 1, timestamp: BEGIN }] }]
const beside = (series: WrittenSeries): WrittenSeries[] => [
  series,
  { labels: [['__name__', 'beside']], samples: [{ value: 1, timestamp: BEGIN }] },
]
const sampleAt = (timestamp: number): WrittenSeries => {
  return { labels: [['__name__', `at_${timestamp}`]], samples: [{ value: 1, timestamp }] }
}
/** A field of bytes over and over. */
const many = (tag: number, count: number): Buffer => Buffer.alloc(2 * count, Buffer.from([tag, 0]))
const rejected = (reason: string): string => `barograph.collector.rejected{signal=metrics,reason=${reason}}`
const outcome = (name: string): string =>
  `barograph.collector.requests{receiver=remote_write,signal=metrics,outcome=${name}}`

interface Case {
  readonly what: string
  readonly headers?: Record<string, string>
  readonly body: () => Uint8Array
  readonly status: number
  readonly says: RegExp
  readonly counts: string
}

const CASES: readonly Case[] = [
  {
    what: 'what is no snappy',
    body: () => Buffer.from('hello'),
    status: 400,
    says: /no Snappy block/,
    counts: outcome('bad_data'),
  },
  { what: 'nothing', body: () => Buffer.alloc(0), status: 400, says: /no Snappy block/, counts: outcome('bad_data') },
  {
    what: 'snappy that breaks off',
    body: () => snappy(version2(GOOD)).subarray(0, 20),
    status: 400,
    says: /no Snappy block/,
    counts: outcome('bad_data'),
  },
  {
    what: 'snappy in frames, as streams have it',
    body: () => Buffer.from('ff060000734e61507059', 'hex'),
    status: 400,
    says: /no Snappy block/,
    counts: outcome('bad_data'),
  },
  {
    what: 'a bomb of 400 MB',
    body: () => snappy(Buffer.alloc(400 * MIB)),
    status: 413,
    says: /an inflated body may have 67108864 bytes/,
    counts: outcome('too_large'),
  },
  {
    what: 'a length of 4 GB and nothing else',
    body: () => Buffer.from('ffffffff0f00', 'hex'),
    status: 413,
    says: /an inflated body may have/,
    counts: outcome('too_large'),
  },
  {
    what: 'protobuf that breaks off',
    body: () => snappy(version2(GOOD).subarray(0, -3)),
    status: 400,
    says: /malformed protobuf/,
    counts: outcome('bad_data'),
  },
  {
    what: 'six million empty series',
    body: () => snappy(many(0x2a, 6_000_000)),
    status: 413,
    says: /4000000 objects: limits.body_objects/,
    counts: outcome('too_large'),
  },
  {
    what: 'six million empty symbols',
    body: () => snappy(many(0x22, 6_000_000)),
    status: 413,
    says: /4000000 objects: limits.body_objects/,
    counts: outcome('too_large'),
  },
  {
    what: 'a series of a million references',
    body: () => snappy(Buffer.concat([Buffer.from('2a84897a0a80897a', 'hex'), Buffer.alloc(2_000_000)])),
    status: 400,
    says: /references to symbols/,
    counts: rejected('labels'),
  },
  {
    what: 'JSON',
    headers: { 'content-type': 'application/json' },
    body: () => Buffer.from('{}'),
    status: 415,
    says: /content-type must be/,
    counts: outcome('http_415'),
  },
  {
    what: 'a histogram of a billion buckets that are not there',
    body: () =>
      snappy(
        version2(
          beside({
            labels: [['__name__', 'huge']],
            histograms: [{ countInt: 0, sum: 0, positiveSpans: [{ offset: 0, length: 1e9 }], timestamp: BEGIN }],
          }),
        ),
      ),
    status: 400,
    says: /need more buckets than it has/,
    counts: rejected('histogram'),
  },
  {
    what: 'a histogram with a gap of two billion buckets',
    body: () =>
      snappy(
        version2(
          beside({
            labels: [['__name__', 'gap']],
            histograms: [
              {
                countInt: 2,
                sum: 0,
                schema: -4,
                positiveSpans: [
                  { offset: -(2 ** 31), length: 1 },
                  { offset: 2 ** 31 - 1, length: 1 },
                ],
                positiveDeltas: [1, 0],
                timestamp: BEGIN,
              },
            ],
          }),
        ),
      ),
    status: 400,
    says: /needs more than 320 buckets/,
    counts: rejected('histogram'),
  },
  {
    what: 'a sample an hour ahead',
    body: () => snappy(version2(beside(sampleAt(BEGIN + 3_600_000)))),
    status: 400,
    says: /further ahead than limits.ahead/,
    counts: outcome('partial'),
  },
  {
    what: 'a sample from before 1970',
    body: () => snappy(version1(beside(sampleAt(-1)))),
    headers: TYPE1,
    status: 400,
    says: /older than is kept/,
    counts: outcome('partial'),
  },
  {
    what: 'a label of 1 MB',
    body: () =>
      snappy(
        version2(
          beside({
            ...sampleAt(BEGIN),
            labels: [
              ['__name__', 'x'],
              ['a', 'y'.repeat(MIB)],
            ],
          }),
        ),
      ),
    status: 400,
    says: /limits.label_value_length/,
    counts: rejected('limit'),
  },
]

describe('remote write that nobody should send', () => {
  const meter = countingMeter()
  let barograph: Barograph

  beforeAll(async () => {
    barograph = await Barograph.start({ rules: 'groups: []', meter })
  })
  afterAll(async () => {
    await barograph.stop()
  })

  test.each(CASES)('$what: $status', async ({ headers = {}, body, status, says, counts }) => {
    const before = meter.counts[counts] ?? 0
    const response = await write(barograph, new Uint8Array(body()), { ...TYPE2, ...headers })
    expect([response.status, await response.text()]).toEqual([status, expect.stringMatching(says)])
    expect(response.headers.get('x-prometheus-remote-write-samples-written')).toMatch(/^[01]$/)
    expect(meter.counts[counts]).toBe(before + 1)
  })

  test('has done no harm: what was good beside it is there, and all goes on', async () => {
    expect((await write(barograph, snappy(version2(GOOD)), TYPE2)).status).toBe(204)
    expect(await valueOf(barograph, 'good + on() beside')).toBe(2)
    expect(Object.keys(meter.counts).filter((name) => name.includes('internal'))).toEqual([])
  })
})
