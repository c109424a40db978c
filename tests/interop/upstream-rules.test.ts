// Rules evaluated on a real Prometheus and VictoriaMetrics, against the same rules on local data. Time is simulated, servers and queries are real.
// Set BAROGRAPH_TEST_PROMETHEUS_3_BIN and _VICTORIAMETRICS_BIN to the programs.
import { afterEach, describe, expect, test } from 'vitest'

import { Barograph, BEGIN, MINUTE } from '../acceptance/barograph.ts'
import { AWAY, outcome, passAsking, rulesText, Samples, STEP, write } from '../acceptance/upstream-rules.ts'
import { MetricsServer, VICTORIAMETRICS } from './process/metrics-server.ts'
import { PROMETHEUS_3 } from './process/prometheus.ts'

const SERIES = 1000
const HISTORY = 60 * MINUTE
const END_MINUTE = 36
/** One body of remote write. */
const PIECE = 10 * MINUTE

const running: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
})

interface RulesState {
  readonly upstreams: readonly {
    readonly rules: {
      readonly queries: number
      readonly failed: number
      readonly samples: number
      behind_seconds: number
    }
  }[]
}

const stateOf = async (barograph: Barograph) =>
  (await barograph.get<RulesState>('/api/v1/upstreams')).upstreams[0]!.rules

/** A metric of the server about itself, summed over its labels. */
async function own(server: MetricsServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** Nine digits of each number: sums are not added up in the same order. */
function rounded(of: object): unknown {
  const digits = (_: string, value: unknown): unknown =>
    typeof value === 'number' || (typeof value === 'string' && /^-?\d+\.\d+$/.test(value))
      ? Number(Number(value).toPrecision(9))
      : value
  return JSON.parse(JSON.stringify(of, digits))
}

/** Both fed with the same samples, the server killed for five minutes. */
async function told(server: MetricsServer, settings: string, flush: () => Promise<void>) {
  running.push(server)
  const begin_ms = BEGIN - MINUTE
  const local = await Barograph.start({ rules: rulesText(), begin_ms, set: ['limits.out_of_order=1d'] })
  running.push(local)
  const samples = new Samples(SERIES)
  const both = async (body: Uint8Array<ArrayBuffer>): Promise<void> => {
    await write(local.service.apiUrl, body)
    await write(server.url, body)
    await flush()
  }
  for (let at_ms = begin_ms - HISTORY; at_ms < begin_ms; at_ms += PIECE) await both(samples.body(at_ms, at_ms + PIECE))
  await local.pass(4000)
  await both(samples.body(begin_ms, begin_ms + STEP))
  await local.pass(STEP - 4000)
  const there = await Barograph.start({
    rules: rulesText('prom'),
    set: [`upstream.prom={url: "${server.url}", history: 60m, rules: ${settings}}`],
    begin_ms: local.now_ms,
  })
  running.push(there)
  /** What senders keep while they cannot be rid of it. */
  const kept: Uint8Array<ArrayBuffer>[] = []
  while (local.now_ms < BEGIN + END_MINUTE * MINUTE) {
    const minute = (local.now_ms - BEGIN) / MINUTE
    if (minute === AWAY.from_minute) await server.kill()
    if (minute === AWAY.to_minute) {
      await server.start()
      for (const body of kept.splice(0)) await write(server.url, body)
    }
    const body = samples.body(local.now_ms, local.now_ms + STEP)
    if (minute < AWAY.from_minute || minute >= AWAY.to_minute) await both(body)
    else {
      await write(local.service.apiUrl, body)
      kept.push(body)
    }
    await local.pass(STEP)
    await passAsking(there, local.now_ms - there.now_ms)
  }
  await local.pass(5000)
  await passAsking(there, local.now_ms - there.now_ms)
  return { local, there }
}

// Version 2 takes the sample at the very end of a lookback too.
describe.skipIf(PROMETHEUS_3 === '')('Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)', () => {
  test('of 1000 series, killed for five minutes: the same as on local data, nothing lost and nothing twice', async () => {
    const server = await MetricsServer.prometheus(PROMETHEUS_3)
    const { local, there } = await told(server, '{rate: 1000}', async () => undefined)
    const from_ms = BEGIN + 2 * MINUTE
    const [here, remote] = [await outcome(local, from_ms, local.now_ms), await outcome(there, from_ms, local.now_ms)]
    expect(Object.keys(here.alerts).length).toBeGreaterThan(200)
    expect(here.findings.length).toBeGreaterThan(3)
    for (const what of ['recorded', 'alerts', 'since'] as const)
      expect([what, rounded(remote[what])]).toEqual([what, rounded(here[what])])
    expect(rounded(remote.findings)).toEqual(rounded(here.findings))
    for (const [series, values] of Object.entries(here.scores)) {
      const other = remote.scores[series]!
      expect([series, other.length]).toEqual([series, values.length])
      for (const [i, [, score]] of values.entries()) expect(Number(other[i]![1])).toBeCloseTo(Number(score), 6)
    }

    const before = await stateOf(there)
    const [queries, read] = [
      await own(server, 'prometheus_http_request_duration_seconds_count{handler="/api/v1/query_range"}'),
      await own(server, 'prometheus_engine_query_samples_total'),
    ]
    const minutes = END_MINUTE - AWAY.to_minute
    process.stdout.write(
      `${JSON.stringify({ state: before, server: { queries, samples_read: read, minutes_since_restart: minutes, findings: here.findings.length } })}\n`,
    )
    expect(before).toMatchObject({ behind_seconds: 0 })
  }, 600_000)
})

describe.skipIf(VICTORIAMETRICS === '')(
  'VictoriaMetrics (skipped unless BAROGRAPH_TEST_VICTORIAMETRICS_BIN names it)',
  () => {
    test('killed for five minutes: nothing lost, and the faults are found', async () => {
      const server = await MetricsServer.victoria()
      const { local, there } = await told(server, '{rate: 1000}', () => server.flush())
      const [here, remote] = [await outcome(local, BEGIN, local.now_ms), await outcome(there, BEGIN, local.now_ms)]
      expect(await stateOf(there)).toMatchObject({ behind_seconds: 0 })
      // It knows no five minutes of lookback: behind the last sample before it went its series end earlier.
      const apart = ([at]: readonly [number, string]): boolean => {
        const minute = (at * 1000 - BEGIN) / MINUTE
        return minute < AWAY.from_minute || minute > AWAY.to_minute + 1
      }
      for (const [series, values] of Object.entries(here.recorded)) {
        const [one, other] = [values.filter(apart), remote.recorded[series]!.filter(apart)]
        expect(other.map(([at]) => at)).toEqual(one.map(([at]) => at))
        for (const [i, [, value]] of one.entries()) expect(Number(other[i]![1])).toBeCloseTo(Number(value), 6)
      }
      const rules = (findings: readonly unknown[]): unknown =>
        [...new Set(findings.map((one) => (one as { rule: string }).rule))].toSorted()
      expect(rules(remote.findings)).toEqual(rules(here.findings))
      expect(Object.keys(remote.alerts)).toEqual(
        expect.arrayContaining(Object.keys(here.alerts).filter((key) => key.includes('JobQueueLong'))),
      )
    }, 600_000)
  },
)
