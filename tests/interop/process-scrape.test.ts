// Processes that scrape: one of ours another of ours; ours and Prometheus' the same targets. Set BAROGRAPH_TEST_PROMETHEUS_BIN to the
// path of a Prometheus.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, describe, expect, test } from 'vitest'

import { formatBound } from '#core/store/histogram-row.ts'

import { freePort } from '../../bench/measure.ts'
import { Exporter, page } from '../../collector/scrape/testing/exporter.fixture.ts'
import { endAll, Server, temporaryFolder, until } from './process/barograph.ts'

const PROMETHEUS = process.env['BAROGRAPH_TEST_PROMETHEUS_BIN'] ?? ''
const NO_RULES = 'groups: []\n'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await endAll()
})

interface Answer<T> {
  readonly data: T
}
type Vector = Answer<{ result: { metric: Record<string, string>; value: [number, string] }[] }>
type Matrix = Answer<{ result: { metric: Record<string, string>; values: [number, string][] }[] }>
type Targets = Answer<{ activeTargets: { health: string; lastError: string; scrapeUrl: string }[] }>

async function api<T>(base: string, path: string, parameters: Record<string, string> = {}): Promise<T> {
  const response = await fetch(`${base}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

async function values(base: string, query: string): Promise<number[]> {
  const { data } = await api<Vector>(base, 'query', { query })
  return data.result.map(({ value }) => Number(value[1]))
}

const scraping = (jobs: readonly object[]): string => `scrape=${JSON.stringify(jobs)}`

test('one Barograph scrapes another: its metrics, whether it is up, and that it is gone', async () => {
  const seen = await Server.start({ rules: NO_RULES })
  const { host } = new URL(seen.apiUrl)
  const job = { job: 'barograph', targets: [host], interval: '500ms', labels: { zone: 'x' } }
  const watching = await Server.start({ rules: NO_RULES, set: [scraping([job])] })

  await until('three scrapes', async () => {
    const [count = 0] = await values(watching.apiUrl, 'count_over_time(up{job="barograph"}[1m])')
    return count >= 3 ? true : undefined
  })
  const { data } = await api<Vector>(watching.apiUrl, 'query', { query: 'up' })
  expect(data.result.map(({ metric, value }) => [metric, value[1]])).toEqual([
    [{ __name__: 'up', instance: host, job: 'barograph', zone: 'x' }, '1'],
  ])
  const shown = await (await fetch(`${seen.apiUrl}/metrics`)).text()
  const lines = shown.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const [samples = 0] = await values(watching.apiUrl, 'scrape_samples_scraped')
  expect(Math.abs(samples - lines.length)).toBeLessThan(lines.length / 5)
  // What the other process tells of itself, a histogram of it included.
  expect(await values(watching.apiUrl, 'barograph_pipeline_queue')).toEqual([0])
  const [quantile = NaN] = await values(
    watching.apiUrl,
    'histogram_quantile(0.5, sum by (le) (barograph_pipeline_input_duration_seconds_bucket))',
  )
  expect(quantile).toBeGreaterThan(0)
  expect((await api<Targets>(watching.apiUrl, 'targets')).data.activeTargets).toMatchObject([
    { health: 'up', lastError: '', scrapeUrl: `http://${host}/metrics` },
  ])

  await seen.kill()
  await until('up to be 0', async () => ((await values(watching.apiUrl, 'up'))[0] === 0 ? true : undefined))
  expect(await values(watching.apiUrl, 'barograph_pipeline_queue')).toEqual([])
  expect((await api<Targets>(watching.apiUrl, 'targets')).data.activeTargets).toMatchObject([{ health: 'down' }])

  await watching.kill()
  const again = await Server.start({ rules: NO_RULES, set: [scraping([job])] }, watching.folder)
  expect(await values(again.apiUrl, 'max_over_time(up[10m])')).toEqual([1])
  expect(await again.stop()).toBe(0)
})

test('SIGHUP reads scrape jobs again: targets that stay have no gap, a mistake changes nothing', async () => {
  const [one, other] = [await Exporter.start(page('a 1\n')), await Exporter.start(page('b 1\n'))]
  closing.push(
    () => one.stop(),
    () => other.stop(),
  )
  const file = join(temporaryFolder(), 'barograph.yml')
  const write = (...jobs: readonly object[]): void => writeFileSync(file, JSON.stringify({ scrape: jobs }))
  const job = { job: 'shop', targets: [one.address], interval: '1s' }
  write(job)
  const server = await Server.start({ rules: NO_RULES, args: ['--config', file] })
  const up = async (name: string): Promise<number[]> => values(server.apiUrl, `count_over_time(up{job="${name}"}[1m])`)
  await until('two scrapes', async () => ((await up('shop'))[0]! >= 2 ? true : undefined))

  write(job, { job: 'stock', targets: [other.address], interval: '1s' })
  server.hangUp()
  await until('the other job', async () => ((await up('stock'))[0]! >= 2 ? true : undefined))
  const { data } = await api<Matrix>(server.apiUrl, 'query', { query: 'up{job="shop"}[10m]' })
  const times = data.result[0]!.values.map(([time_s]) => time_s)
  // Each second has one, but for those for which the machine had no time: they are counted, of all jobs together.
  const shown = await (await fetch(`${server.apiUrl}/metrics`)).text()
  const skipped = Number(/^barograph_collector_scrape_skipped_total\S* (\d+)/m.exec(shown)?.[1] ?? 0)
  expect(times.length + skipped).toBeGreaterThanOrEqual(Math.round(times.at(-1)! - times[0]!) + 1)
  expect((await (await fetch(`${server.apiUrl}/api/v1/status/config`)).text()).includes('stock')).toBe(true)

  write({ ...job, intervall: '1s' })
  server.hangUp()
  await until('the reason', () => (server.stderr.includes('kept as they were') ? true : undefined))
  expect(server.stderr).toContain('unknown key "intervall"')
  expect((await api<Targets>(server.apiUrl, 'targets')).data.activeTargets).toHaveLength(2)

  write({ ...job, job: 'shop', targets: [] })
  server.hangUp()
  await until('both to end', async () => ((await values(server.apiUrl, 'up')).length === 0 ? true : undefined))
  expect(await server.stop()).toBe(0)
})

/** A Prometheus that scrapes as it is told. */
async function prometheus(jobs: readonly object[]): Promise<string> {
  const folder = temporaryFolder()
  const port = await freePort()
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, JSON.stringify({ scrape_configs: jobs }))
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/tsdb`, `--web.listen-address=127.0.0.1:${port}`]
  const child: ChildProcess = spawn(PROMETHEUS, args, { stdio: 'ignore' })
  closing.push(async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
  })
  const base = `http://127.0.0.1:${port}`
  const ready = async () => ((await fetch(`${base}/-/ready`).catch(() => undefined))?.ok === true ? true : undefined)
  await until('Prometheus', ready)
  return base
}

/** Series with their newest values, as text; bounds as Prometheus 3 writes them. */
async function newest(base: string, query: string): Promise<Map<string, number>> {
  const { data } = await api<Vector>(base, 'query', { query })
  return new Map(
    data.result.map(({ metric, value }) => {
      const labels = Object.entries(metric).map(([name, text]) => {
        return [
          name,
          name === 'le' || name === 'quantile' ? formatBound(text === '+Inf' ? Infinity : Number(text)) : text,
        ]
      })
      return [JSON.stringify(labels.toSorted(([a], [b]) => (a! < b! ? -1 : 1))), Number(value[1])]
    }),
  )
}

/** A page whose counter is the time, and whose rest stays. */
function moving(): string {
  return `# HELP moving_total The time.
# TYPE moving_total counter
moving_total{a="b\\\\c\\n\\"d\\""} ${Date.now()}
# TYPE still gauge
still{n="1"} -0.1
still{n="2",empty=""} +Inf
still{n="3"} 1e-300
still{n="4",job="mine",instance="me"} NaN
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.5"} 1
latency_seconds_bucket{le="2.5"} 3
latency_seconds_bucket{le="+Inf"} 4
latency_seconds_sum 7.25
latency_seconds_count 4
# TYPE q_seconds summary
q_seconds{quantile="0.5"} 0.25
q_seconds_sum 3
q_seconds_count 2
untyped_thing 5
gone_soon{x="y"} 1
`
}

describe.skipIf(PROMETHEUS === '')('beside Prometheus (skipped unless BAROGRAPH_TEST_PROMETHEUS_BIN names it)', () => {
  test('the same jobs bring the same series and values, staleness and up', async () => {
    const target = await Exporter.start((request, response) => page(moving())(request, response))
    closing.push(() => target.stop())
    const jobs = [
      {
        job_name: 'shop',
        scrape_interval: '1s',
        scrape_timeout: '1s',
        params: { deep: ['1'] },
        static_configs: [{ targets: [target.address, 'nobody.invalid:80'], labels: { zone: 'x', __meta_rack: '7' } }],
        relabel_configs: [
          { source_labels: ['__address__'], regex: 'nobody.*', action: 'drop' },
          { source_labels: ['__meta_rack'], regex: '(.*)', target_label: 'rack', replacement: 'r$1' },
          { source_labels: ['__address__'], target_label: 'shard', modulus: 1000, action: 'hashmod' },
          { regex: '__param_(.+)', action: 'labelmap', replacement: 'p_$1' },
        ],
        metric_relabel_configs: [
          { source_labels: ['__name__'], regex: 'untyped_(.*)', target_label: '__name__', replacement: 'typed_$1' },
          { regex: 'exported_inst.*', action: 'labeldrop' },
        ],
      },
      {
        job_name: 'honest',
        scrape_interval: '1s',
        scrape_timeout: '1s',
        honor_labels: true,
        static_configs: [{ targets: [target.address] }],
      },
    ]
    const theirs = await prometheus(jobs)
    const ours = (await Server.start({ rules: NO_RULES, set: [scraping(jobs)] })).apiUrl
    const EVERYTHING = '{job=~"shop|honest|mine",__name__!~"scrape_duration.*|scrape_series_added|moving_total"}'
    for (const base of [theirs, ours]) {
      await until('scrapes of both jobs', async () => {
        return (await values(base, 'count_over_time(up[1m]) >= 3')).length === 2 ? true : undefined
      })
    }
    const expected = await newest(theirs, EVERYTHING)
    expect(expected.size).toBeGreaterThan(30)
    expect(await newest(ours, EVERYTHING)).toEqual(expected)

    // Both saw the counter within a second of any moment.
    const time = String(Math.floor(Date.now() / 1000))
    const [mine, his] = await Promise.all(
      [ours, theirs].map(async (base) => {
        const { result } = (await api<Vector>(base, 'query', { query: 'moving_total', time })).data
        // A Prometheus gives them as it comes upon them.
        return result.toSorted((a, b) => (a.metric['job']! < b.metric['job']! ? -1 : 1))
      }),
    )
    expect(mine!.map(({ metric }) => metric)).toEqual(his!.map(({ metric }) => metric))
    for (const [i, { value }] of mine!.entries())
      expect(Math.abs(Number(value[1]) - Number(his![i]!.value[1]))).toBeLessThan(1100)

    target.answer = (request, response) => page(moving().replace(/gone_soon.*\n/, ''))(request, response)
    for (const base of [theirs, ours]) {
      await until('the end of a series', async () =>
        (await values(base, 'gone_soon')).length === 0 ? true : undefined,
      )
    }
    target.answer = (_, response) => response.writeHead(500).end()
    for (const base of [theirs, ours]) {
      await until('up to be 0', async () => ((await values(base, 'sum(up)'))[0] === 0 ? true : undefined))
      expect(await values(base, '{__name__=~"still|latency_seconds_.*|moving_total"}')).toEqual([])
    }
  })

  test('it is scraped by us as by itself', async () => {
    const job = { job_name: 'prometheus', scrape_interval: '1s', scrape_timeout: '1s' }
    const theirs = await prometheus([])
    const door = await Exporter.start((_, response) => {
      void (async () => {
        const headers = { accept: 'application/openmetrics-text; version=1.0.0' }
        const answer = await fetch(`${theirs}/metrics`, { headers })
        response.writeHead(200, { 'content-type': answer.headers.get('content-type') ?? '' }).end(await answer.text())
      })()
    })
    closing.push(() => door.stop())
    const targets = [{ targets: [door.address] }]
    const ours = (await Server.start({ rules: NO_RULES, set: [scraping([{ ...job, static_configs: targets }])] }))
      .apiUrl
    const direct = (
      await Server.start({ rules: NO_RULES, set: [scraping([{ ...job, targets: [new URL(theirs).host] }])] })
    ).apiUrl
    const peer = await prometheus([{ ...job, static_configs: targets }])
    for (const base of [ours, direct, peer]) {
      await until('scrapes', async () =>
        (await values(base, 'count_over_time(up[1m]) >= 2')).length === 1 ? true : undefined,
      )
      expect(await values(base, 'up')).toEqual([1])
    }
    // A process makes new series now and then; these are there from the beginning.
    const STEADY = '{__name__=~"go_.*|process_.*|prometheus_(tsdb|build|target|sd)_.*"}'
    const names = async (base: string) =>
      [...(await newest(base, STEADY)).keys()].map((key) => key.replace(/"127\.0\.0\.1:\d+"/, '""'))
    const expected = await names(peer)
    expect(expected.length).toBeGreaterThan(200)
    expect((await names(ours)).toSorted()).toEqual(expected.toSorted())
    expect((await names(direct)).toSorted()).toEqual(expected.toSorted())
    const { data } = await api<Targets>(direct, 'targets')
    expect(data.activeTargets).toMatchObject([{ health: 'up', lastError: '' }])
    const range = {
      query: 'process_start_time_seconds',
      start: String(Date.now() / 1000 - 5),
      end: String(Date.now() / 1000),
      step: '1',
    }
    const [a, b] = await Promise.all(
      [ours, peer].map(async (base) => (await api<Matrix>(base, 'query_range', range)).data.result),
    )
    expect(a![0]!.values.at(-1)![1]).toBe(b![0]!.values.at(-1)![1])
  })
})
