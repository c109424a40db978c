// Native histograms that rules record on a real Prometheus 3 and write back to it.
// Set BAROGRAPH_TEST_PROMETHEUS_3_BIN to the program.
import { afterEach, describe, expect, test } from 'vitest'

import { snappy, version1 } from '../../collector/testing/remote-write.fixture.ts'
import { Barograph, BEGIN, MINUTE, SECOND } from '../acceptance/barograph.ts'
import { passAsking, write } from '../acceptance/upstream-rules.ts'
import { MetricsServer } from './process/metrics-server.ts'
import { PROMETHEUS_3 } from './process/prometheus.ts'

const STEP = 15 * SECOND
const RATE = 'sum(rate(native_seconds[2m]))'
const RULES = `
groups:
  - name: there
    interval: 15s
    datasource: prom
    rules:
      - {record: 'native:rate', expr: '${RATE}'}
      - {record: 'native:count', expr: 'histogram_count(${RATE})'}
`

const running: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
})

/** Of two instances, which count up. */
function body(step_ms: number): Uint8Array<ArrayBuffer> {
  const step = (step_ms - BEGIN) / STEP + 100
  const series = ['a', 'b'].map((instance, i) => ({
    labels: [
      ['__name__', 'native_seconds'],
      ['instance', instance],
    ] as const,
    histograms: [
      {
        countInt: step * (6 + i),
        sum: step * 2.5,
        schema: 2,
        zeroThreshold: 2 ** -128,
        zeroCountInt: step,
        positiveSpans: [{ offset: 3 + i, length: 3 }],
        positiveDeltas: [step, step, step * i],
        timestamp: step_ms,
      },
    ],
  }))
  return snappy(version1(series))
}

describe.skipIf(PROMETHEUS_3 === '')('Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)', () => {
  test('evaluates native histograms, which are recorded here and there, and say the same', async () => {
    const server = await MetricsServer.prometheus(PROMETHEUS_3)
    running.push(server)
    const set = [`upstream.prom={url: "${server.url}", history: off, rules: {rate: 1000}, remote_write: true}`]
    const there = await Barograph.start({ rules: RULES, set, begin_ms: BEGIN })
    running.push(there)
    for (let step_ms = BEGIN; step_ms < BEGIN + 8 * MINUTE; step_ms += STEP) {
      await write(server.url, body(step_ms))
      await passAsking(there, STEP)
    }
    await passAsking(there, 30 * SECOND)
    const at_ms = BEGIN + 6 * MINUTE
    const here = async (query: string): Promise<number> => {
      const parameters = new URLSearchParams({ query, time: String(at_ms / 1000) })
      const { data } = await there.get<{ data: { result: { value: [number, string] }[] } }>(
        `/api/v1/query?${parameters.toString()}`,
      )
      return Number(data.result[0]?.value[1])
    }
    for (const what of ['histogram_quantile(0.9, X)', 'histogram_count(X)', 'histogram_avg(X)']) {
      const direct = await server.number(what.replace('X', RATE), at_ms)
      expect(direct).toBeGreaterThan(0)
      expect([what, await here(what.replace('X', 'native:rate'))]).toEqual([what, expect.closeTo(direct, 9)])
      expect([what, await server.number(what.replace('X', 'native:rate'), at_ms)]).toEqual([
        what,
        expect.closeTo(direct, 9),
      ])
    }
    expect(await here('histogram_count(native:rate) - native:count')).toBeCloseTo(0, 9)
  })
})
