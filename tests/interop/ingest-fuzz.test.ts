// Telemetry at random to a Prometheus 3 and to Barograph: the same answers, the same series. `BAROGRAPH_FUZZ_RUNS` sends more than usual,
// `BAROGRAPH_FUZZ_SEED` other.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { snappy, version1, version2 } from '../../collector/testing/remote-write.fixture.ts'
import { message, requestOf } from './ingest/otlp-points.ts'
import { differenceOf, exemplarsOf, seenBefore } from './ingest/seen.ts'
import { seriesOf, written } from './ingest/written.ts'
import { endAll, Server } from './process/barograph.ts'
import { PROMETHEUS_3, startPrometheus } from './process/prometheus.ts'

const RUNS = Number(process.env['BAROGRAPH_FUZZ_RUNS'] ?? 80)
const SEED = Number(process.env['BAROGRAPH_FUZZ_SEED'] ?? 20_261_128)
const SPAN_S = 600
/** Resource attributes of the requests that are labels here. */
const PROMOTED = ['service.name', 'service.namespace', 'host.name', 'k8s.pod.name']
const OUT_OF_ORDER = { storage: { tsdb: { out_of_order_time_window: '30m' } } }

let theirs = ''
let server: Server
const begin_ms = Date.now() - 300_000
const end_s = begin_ms / 1000 + SPAN_S
let cases = 0

/** What differs of the series that a selector finds, and the exemplars that are missing here: Prometheus itself keeps few. */
async function difference(selector: string): Promise<string> {
  const urls = [theirs, server.apiUrl]
  const [his, ours] = await Promise.all(urls.map((url) => seenBefore(url, selector, end_s, SPAN_S)))
  const exemplars = urls.map((url) => exemplarsOf(url, selector, end_s - SPAN_S, end_s))
  const [first, second] = await Promise.all(exemplars)
  return [differenceOf(his!, ours!), ...first!.difference(second!)].filter((text) => text !== '').join('\n')
}

async function sent(url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) {
  const response = await fetch(url, { method: 'POST', body, headers })
  const what = ['samples', 'histograms'].map((one) => response.headers.get(`x-prometheus-remote-write-${one}-written`))
  return { status: response.status, text: await response.text(), counts: what.join() }
}

describe.skipIf(PROMETHEUS_3 === '')(
  'as Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)',
  () => {
    beforeAll(async () => {
      const config = { otlp: { promote_resource_attributes: PROMOTED }, ...OUT_OF_ORDER }
      theirs = await startPrometheus(PROMETHEUS_3, [], config)
      server = await Server.start({ rules: 'groups: []' })
    })
    afterAll(endAll)

    test('OTLP metrics are the same series', async () => {
      await fc.assert(
        fc.asyncProperty(message, async (one) => {
          const service = `s${cases++}`
          const body = JSON.stringify(requestOf(one, service, begin_ms))
          const urls = [`${theirs}/api/v1/otlp/v1/metrics`, `${server.otlpUrl}/v1/metrics`]
          const answers = await Promise.all(urls.map((url) => sent(url, body, { 'content-type': 'application/json' })))
          expect(answers).toMatchObject([{ status: 200 }, { status: 200, text: '{}' }])
          expect(await difference(`{job=~"(.*/)?${service}",__name__!="target_info"}`)).toBe('')
        }),
        { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 150_000 },
      )
    }, 200_000)

    test.each([1, 2] as const)(
      'remote write %i.0 is answered alike, and the same series',
      async (version) => {
        const type = version === 1 ? 'prometheus.WriteRequest' : 'io.prometheus.write.v2.Request'
        const headers = { 'content-type': `application/x-protobuf;proto=${type}`, 'content-encoding': 'snappy' }
        await fc.assert(
          fc.asyncProperty(written, async (all) => {
            const name = `w${cases++}`
            const body = snappy((version === 1 ? version1 : version2)(seriesOf(all, name, begin_ms)))
            const urls = [theirs, server.apiUrl].map((url) => `${url}/api/v1/write`)
            const [his, ours] = await Promise.all(urls.map((url) => sent(url, body, headers)))
            expect([ours!.status, ours!.text]).toEqual([his!.status, expect.any(String)])
            // Of version 1 Prometheus gives up all where something is wrong.
            if (version === 1 && his!.status !== 204) return
            if (version === 2) expect(ours!.counts).toBe(his!.counts)
            expect(await difference(`{case="${name}"}`)).toBe('')
          }),
          { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 150_000 },
        )
      },
      200_000,
    )
  },
)
