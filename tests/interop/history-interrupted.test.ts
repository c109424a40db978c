// History of a real Prometheus and VictoriaMetrics, which are killed while it is fetched, as we are. Set BAROGRAPH_TEST_VICTORIAMETRICS_BIN to
// the program; Prometheus is that of the testbed.
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, describe, expect, test } from 'vitest'

import { removeFolders, Stand } from '../../upstream/testing/stand.fixture.ts'
import { endAll, Server, until } from './process/barograph.ts'
import { MetricsServer, VICTORIAMETRICS } from './process/metrics-server.ts'
import { PROMETHEUS_3 } from './process/prometheus.ts'

const SERIES = 50
const STEP = 15_000
const COUNT = 4000
/** Fetched in some forty pieces. */
const PIECE = { samples: 5000, rate: 10, range: '2d' }

const RULES = `
groups:
  - name: history
    rules:
      - anomaly: Odd
        expr: demand
        detector: { kind: band, method: ewma, window: 15m }
`

interface Progress {
  readonly upstreams: readonly {
    readonly history: { readonly state: string; readonly fetched: number }
  }[]
}

let peer: MetricsServer
afterEach(async () => {
  await endAll()
  await peer.stop()
  removeFolders()
})

/** Samples up to now, the oldest first; how many, and what they add up to. */
async function filled(now_ms: number): Promise<{ count: number; sum: number }> {
  const one = new Stand({ url: peer.url, shards: 1, limits: { batch: 5000, samples: 1e7 } })
  one.writers.start()
  let sum = 0
  for (let i = 0; i < COUNT; i++) {
    const time_ms = now_ms - (COUNT - i) * STEP
    one.put(Array.from({ length: SERIES }, (_, series) => ['demand', time_ms, i + series, String(series)] as const))
    sum += i * SERIES + (SERIES * (SERIES - 1)) / 2
  }
  await one.stop(60_000)
  return { count: COUNT * SERIES, sum }
}

const PEERS = [
  { name: 'Prometheus', missing: PROMETHEUS_3 === '', start: () => MetricsServer.prometheus(PROMETHEUS_3) },
  { name: 'VictoriaMetrics', missing: VICTORIAMETRICS === '', start: () => MetricsServer.victoria() },
]

describe.each(PEERS)('$name (skipped where there is none)', ({ missing, start }) => {
  test.skipIf(missing)(
    'killed in the middle, and so are we: all of it is there once',
    async () => {
      peer = await start()
      const now_ms = Math.floor(Date.now() / STEP) * STEP
      const wanted = await filled(now_ms)
      await peer.flush()
      const upstream = { prom: { url: peer.url, history: PIECE } }
      const setup = { rules: RULES, set: [`upstream=${JSON.stringify(upstream)}`, 'limits.out_of_order=2d'] }
      let server = await Server.start(setup)
      const history = async () => (await server.get<Progress>('/api/v1/upstreams')).upstreams[0]!.history
      const reached = (samples: number) =>
        until(`${samples} samples`, async () => ((await history()).fetched > samples ? true : undefined))

      await reached(wanted.count / 4)
      await peer.kill()
      await sleep(3000)
      await peer.start()
      await reached(wanted.count / 2)
      const { folder } = server
      await server.kill()
      server = await Server.start(setup, folder)
      await until('all', async () => ((await history()).state === 'done' ? true : undefined))
      // What was noted is not fetched again.
      expect((await history()).fetched).toBeLessThan(wanted.count * 0.6)
      const at_ms = Date.now()
      const all = async (what: string) => (await server.query(`sum(${what}_over_time(demand[2d]))`, at_ms))['']
      expect({ count: await all('count'), sum: await all('sum') }).toEqual(wanted)
      expect(await server.query('max(count_over_time(demand[2d]))', at_ms)).toEqual({ '': COUNT })
    },
    240_000,
  )
})
