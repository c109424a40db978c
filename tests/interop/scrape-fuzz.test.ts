// Pages and relabelling at random, scraped by a Prometheus 3 and by Barograph: the same series at the same moment, page after page.
// `BAROGRAPH_FUZZ_RUNS` has more targets than usual, `BAROGRAPH_FUZZ_SEED` others.
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'

import { Exporter, TEXT } from '../../collector/scrape/testing/exporter.fixture.ts'
import { PAGES, scraped } from './ingest/pages.ts'
import { differenceOf, seenAt } from './ingest/seen.ts'
import { endAll, Server, until } from './process/barograph.ts'
import { PROMETHEUS_3, startPrometheus } from './process/prometheus.ts'

const TARGETS = Number(process.env['BAROGRAPH_FUZZ_RUNS'] ?? 60)
const SEED = Number(process.env['BAROGRAPH_FUZZ_SEED'] ?? 20_261_128)
/** A page is shown until both have asked for it so often, and a moment more to be stored. */
const TIMES = 2
const STORED_MS = 700
/** All but how long it took, and what depends on when a series was first seen. */
const EVERYTHING = '{__name__=~".+",__name__!~"scrape_(duration_seconds|series_added)"}'

const cases = fc.sample(scraped, { numRuns: TARGETS, seed: SEED })

class Targets {
  readonly exporter: Exporter
  page = 0
  /** By who asks and for what. */
  readonly #asked = new Map<string, number>()

  private constructor(exporter: Exporter) {
    this.exporter = exporter
  }

  static async start(): Promise<Targets> {
    const targets = new Targets(await Exporter.start())
    targets.exporter.answer = (request, response) => {
      const path = request.url!.split('?')[0]!
      const key = `${request.headers['user-agent']!.split('/')[0]} ${path}`
      response.on('finish', () => targets.#asked.set(key, (targets.#asked.get(key) ?? 0) + 1))
      const body = cases[Number(path.slice(1))]?.[1][targets.page] ?? ''
      response.writeHead(200, { 'content-type': TEXT }).end(`${body}asked{for="${request.url}"} 1\n`)
    }
    return targets
  }

  /** Until everybody has asked for the page. */
  async show(page: number, expected: number): Promise<void> {
    this.page = page
    this.#asked.clear()
    const done = () => [...this.#asked.values()].filter((times) => times >= TIMES).length >= expected
    await until(`page ${page} to be asked for`, () => (done() ? true : undefined))
    await new Promise((resolve) => setTimeout(resolve, STORED_MS))
  }
}

/** The jobs, a path of the exporter each. */
function jobsOn(address: string): object[] {
  return cases.map(([settings], i) => ({
    job_name: `j${i}`,
    metrics_path: `/${i}`,
    scrape_interval: '1s',
    scrape_timeout: '1s',
    static_configs: [{ targets: [address], labels: { case: `c${i}`, zone: 'x', __meta_x: 'X y', __meta_long: 'ü' } }],
    ...settings,
  }))
}

describe.skipIf(PROMETHEUS_3 === '')(
  'as Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)',
  () => {
    let targets: Targets
    afterAll(async () => {
      await targets.exporter.stop()
      await endAll()
    })

    test('any page of any job', async () => {
      targets = await Targets.start()
      const jobs = jobsOn(targets.exporter.address)
      const theirs = await startPrometheus(PROMETHEUS_3, [], { scrape_configs: jobs })
      const ours = (await Server.start({ rules: 'groups: []', set: [`scrape=${JSON.stringify(jobs)}`] })).apiUrl
      for (let page = 0; page < PAGES; page++) {
        await targets.show(page, 2 * cases.length)
        const now_s = Date.now() / 1000
        const [his, mine] = await Promise.all([theirs, ours].map((url) => seenAt(url, EVERYTHING, now_s)))
        const differs = differenceOf(his!, mine!)
        const found = [...new Set(differs.match(/(?<="c)\d+(?=")/g))].map((i) => JSON.stringify(cases[Number(i)]))
        expect(his!.size).toBeGreaterThan(4 * TARGETS)
        expect(differs === '' ? '' : `page ${page}\n${differs}\n${found.join('\n')}`).toBe('')
      }
    }, 200_000)
  },
)
