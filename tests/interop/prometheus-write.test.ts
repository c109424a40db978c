// Real Prometheus servers that write to Barograph: what one holds, the other holds too.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, describe, expect, test } from 'vitest'

import { Labels } from '#core/series.ts'

import { freePort } from '../../bench/measure.ts'
import { endAll, Server, spawnProgram, temporaryFolder, until } from './process/barograph.ts'

/** Programs of the releases that are to be tried. */
const PROGRAMS = ['BAROGRAPH_TEST_PROMETHEUS_BIN', 'BAROGRAPH_TEST_PROMETHEUS_3_BIN']
  .map((name) => process.env[name] ?? '')
  .filter((path) => path !== '')
/** The requests of remote write, good and bad, as Go has them; see its `-h`. */
const CLIENT = process.env['BAROGRAPH_TEST_REMOTE_WRITE_BIN'] ?? ''

afterEach(endAll)

interface Vector {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value?: [number, string] }[]
  }
}

async function json<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T
}

function versionOf(program: string): string {
  return /version (\S+)/.exec(execFileSync(program, ['--version']).toString())?.[1] ?? ''
}

/** A Prometheus that scrapes itself twice a second and writes all of it to `url`; its own address. */
async function prometheus(program: string, url: string, message: string | undefined): Promise<string> {
  const folder = temporaryFolder()
  const port = await freePort()
  const config = {
    global: { scrape_interval: '500ms' },
    storage: { tsdb: { out_of_order_time_window: '30m' } },
    scrape_configs: [{ job_name: 'self', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
    remote_write:
      url === ''
        ? []
        : [
            {
              url,
              send_exemplars: true,
              ...(message !== undefined && { protobuf_message: message }),
              metadata_config: { send: true, send_interval: '1s' },
              queue_config: { batch_send_deadline: '500ms' },
            },
          ],
  }
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, JSON.stringify(config))
  spawnProgram(program, [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--enable-feature=exemplar-storage',
    '--log.level=warn',
  ])
  const address = `http://127.0.0.1:${port}`
  await until('Prometheus', async () =>
    (await fetch(`${address}/-/ready`).catch(() => undefined))?.ok ? true : undefined,
  )
  return address
}

/** Values of all series of the job at a time, by their labels. */
async function seriesAt(api: string, time_s: number): Promise<Record<string, string>> {
  const parameters = new URLSearchParams({ query: '{job="self"}', time: String(time_s) })
  const { data } = await json<Vector>(`${api}/api/v1/query?${parameters.toString()}`)
  return Object.fromEntries(data.result.map(({ metric, value }) => [String(Labels.of(metric)), value?.[1] ?? '']))
}

const TRIALS = PROGRAMS.flatMap((program) => {
  const version = versionOf(program)
  const one = { program, version, message: undefined, as: 'remote write 1.0' }
  const two = { program, version, message: 'io.prometheus.write.v2.Request', as: 'remote write 2.0' }
  return Number(version.split('.')[0]) >= 3 ? [one, two] : [one]
})

describe.skipIf(TRIALS.length === 0)('Prometheus (skipped unless BAROGRAPH_TEST_PROMETHEUS_BIN names it)', () => {
  test.each(TRIALS)('$version writes all that it scrapes: $as', async ({ program, message }) => {
    const server = await Server.start({ rules: 'groups: []' })
    const peer = await prometheus(program, `${server.apiUrl}/api/v1/write`, message)
    await until('ten scrapes', async () => {
      const parameters = new URLSearchParams({ query: `count_over_time(up{job="self"}[1m])` })
      const { data } = await json<Vector>(`${server.apiUrl}/api/v1/query?${parameters.toString()}`)
      return Number(data.result[0]?.value?.[1] ?? 0) >= 10 ? true : undefined
    })
    // A moment that both have behind them.
    const time_s = Math.floor(Date.now() / 1000) - 3
    const [theirs, ours] = await Promise.all([seriesAt(peer, time_s), seriesAt(server.apiUrl, time_s)])
    expect(Object.keys(theirs).length).toBeGreaterThan(300)
    expect(ours).toEqual(theirs)
    const page = await (await fetch(`${peer}/metrics`)).text()
    const failed = [
      ...page.matchAll(/^prometheus_remote_storage_(?:samples|metadata|exemplars)_failed_total\{.*\} (\S+)$/gm),
    ]
    expect(failed.map(([, count]) => count)).toEqual(failed.map(() => '0'))
  })
})

describe('the requests of its own packages', () => {
  const reference = PROGRAMS.find((program) => Number(versionOf(program).split('.')[0]) >= 3)

  test('are answered as it answers them', async (context) => {
    if (CLIENT === '' || reference === undefined) {
      context.skip('needs BAROGRAPH_TEST_REMOTE_WRITE_BIN, and Prometheus 3 in BAROGRAPH_TEST_PROMETHEUS_3_BIN')
    }
    const server = await Server.start({ rules: 'groups: []' })
    const peer = await prometheus(reference!, '', undefined)
    // Exits 1, and throws, where a class of status or a count of what was written differs.
    const said = execFileSync(CLIENT, ['--url', `${server.apiUrl}/api/v1/write`, '--against', `${peer}/api/v1/write`])
    const { cases, failed } = JSON.parse(said.toString()) as { cases: object[]; failed: string[] }
    expect([cases.length, failed]).toEqual([36, []])
  })
})
