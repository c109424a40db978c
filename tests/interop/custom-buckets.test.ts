// Native histograms with bounds of their own (schema −53): what Prometheus 3 answers of a request Barograph answers, too, and so does a
// second Prometheus that they were sent on to.
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, describe, expect, test } from 'vitest'

import { Labels } from '#core/series.ts'

import {
  snappy,
  version1,
  version2,
  type WrittenHistogram,
  type WrittenSeries,
} from '../../collector/testing/remote-write.fixture.ts'
import { endAll, Server, until } from './process/barograph.ts'
import { PROMETHEUS_3, startPrometheus } from './process/prometheus.ts'

const STEP_MS = 15_000
const STEPS = 20
const BOUNDS = [-1, 0.5, 2, 5]

const QUERIES = [
  'c',
  'g',
  'c_bucket{instance="none"}',
  'count({__name__="c"})',
  'histogram_count(c)',
  'histogram_sum(c)',
  'histogram_avg(c)',
  'histogram_quantile(0.5, c)',
  'histogram_quantile(0.99, c)',
  'histogram_quantile(0, c)',
  'histogram_fraction(0, 2, c)',
  'histogram_stddev(c)',
  'sum(c)',
  'sum by (job) (c)',
  'avg(c{instance="a"})',
  'c * 2',
  'c{instance="a"} + on(job) c{instance="b"}',
  'rate(c[2m])',
  'increase(c[2m])',
  'sum(rate(c[2m]))',
  'histogram_quantile(0.9, sum(rate(c[2m])))',
  'histogram_count(sum(increase(c[3m])))',
  'delta(g[2m])',
  'sum_over_time(c[1m])',
  'last_over_time(c[1m])',
  'count_over_time(c[2m])',
  'resets(c[5m])',
  'changes(c[5m])',
  'rate(w[2m])',
  'histogram_quantile(0.5, rate(w[5m]))',
  'histogram_count(increase(w[5m]))',
  'w',
  'absent(ended)',
  'ended offset 1m',
]

afterEach(endAll)

function custom(step: number, timestamp: number, more: object = {}): WrittenHistogram {
  return {
    schema: -53,
    countInt: step * 6,
    sum: step * 7.5,
    positiveSpans: [
      { offset: 0, length: 2 },
      { offset: 1, length: 2 },
    ],
    positiveDeltas: [step, step, -step, step],
    customValues: BOUNDS,
    timestamp,
    ...more,
  }
}

/** Two that count, one that goes up and down, one whose bounds change, one that ends. */
function seriesAt(step: number, timestamp: number): WrittenSeries[] {
  const of = (name: string, instance: string, histogram: WrittenHistogram): WrittenSeries => ({
    labels: [
      ['__name__', name],
      ['instance', instance],
      ['job', 'j'],
    ],
    histograms: [histogram],
  })
  const fractions = {
    countInt: undefined,
    positiveDeltas: undefined,
    countFloat: step * 1.5,
    positiveCounts: [step, 0, step / 4, step / 4],
  }
  const counted = step < 12 ? step : step - 11
  const wider = step < 10 ? {} : { customValues: [-1, 0.5, 1, 2, 5, 10], positiveSpans: [{ offset: 1, length: 4 }] }
  return [
    of('c', 'a', custom(counted + 1, timestamp)),
    of('c', 'b', custom(2 * step + 1, timestamp, { sum: -step })),
    of('c', 'f', { ...custom(step, timestamp), ...fractions }),
    of('g', 'a', custom(20 - step, timestamp, { resetHint: 3 })),
    of('w', 'a', custom(step + 1, timestamp, wider)),
    ...(step < STEPS - 2 ? [of('ended', 'a', custom(step + 1, timestamp))] : []),
  ]
}

async function write(url: string, version: 1 | 2, body: readonly WrittenSeries[]): Promise<void> {
  const proto = version === 1 ? '' : ';proto=io.prometheus.write.v2.Request'
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    body: snappy(version === 1 ? version1(body) : version2(body)),
    headers: { 'content-type': `application/x-protobuf${proto}`, 'content-encoding': 'snappy' },
  })
  expect([response.status, await response.text()]).toEqual([204, ''])
}

interface Answer {
  readonly status: string
  readonly data: { readonly result: readonly { readonly metric: Record<string, string> }[] }
}

async function answers(
  url: string,
  path: string,
  parameters: Record<string, string>,
): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {}
  for (const query of QUERIES) {
    const text = new URLSearchParams({ query, ...parameters }).toString()
    const { status, data } = (await (await fetch(`${url}/api/v1/${path}?${text}`)).json()) as Answer
    const key = ({ metric }: { metric: Record<string, string> }): string => Labels.of(metric).key
    const result = data.result.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    all[query] = { status, result: JSON.parse(JSON.stringify(result), rounded) }
  }
  return all
}

/** Sums of the same numbers in another order. */
function rounded(_: string, value: unknown): unknown {
  if (typeof value !== 'string' || value === '' || Number.isNaN(Number(value))) return value
  return Number(Number(value).toPrecision(12))
}

describe.skipIf(PROMETHEUS_3 === '')('Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)', () => {
  test.each([1, 2] as const)('answers the same of custom buckets: remote write %i.0, in and out', async (version) => {
    const [reference, receiver] = [await startPrometheus(PROMETHEUS_3), await startPrometheus(PROMETHEUS_3)]
    const upstream = `{url: "${receiver}", history: off, remote_write: {what: all, version: ${version}, queue: {deadline: 100ms}}}`
    const server = await Server.start({ rules: 'groups: []', set: [`upstream.prom=${upstream}`] })
    const end_ms = Math.floor(Date.now() / 1000) * 1000 - 1000
    for (let step = 0; step < STEPS; step++) {
      const body = seriesAt(step, end_ms - (STEPS - 1 - step) * STEP_MS)
      for (const url of [reference, server.apiUrl]) await write(url, version, body)
    }
    await until('all is sent on', async () => {
      const { data } = (await (
        await fetch(`${receiver}/api/v1/query?query=count_over_time(c[10m])&time=${end_ms / 1000}`)
      ).json()) as { data: { result: { value: [number, string] }[] } }
      return data.result.length === 3 && data.result.every(({ value }) => value[1] === String(STEPS)) ? true : undefined
    })
    await sleep(300)
    const at = { time: String(end_ms / 1000) }
    const over = { start: String(end_ms / 1000 - 300), end: at.time, step: '30' }
    const theirs = [await answers(reference, 'query', at), await answers(reference, 'query_range', over)]
    // All but what is asked of a series that is not there.
    const told = Object.entries(theirs[1]!).filter(([, one]) => (one as { result: unknown[] }).result.length > 0)
    expect(told.length).toBeGreaterThanOrEqual(QUERIES.length - 1)
    expect([await answers(server.apiUrl, 'query', at), await answers(server.apiUrl, 'query_range', over)]).toEqual(
      theirs,
    )
    expect([await answers(receiver, 'query', at), await answers(receiver, 'query_range', over)]).toEqual(theirs)
  })
})
