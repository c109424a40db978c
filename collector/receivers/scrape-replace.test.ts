import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test, vi } from 'vitest'

import { page } from '../scrape/testing/exporter.fixture.ts'
import { jobsOf, Stand, stands } from '../scrape/testing/stand.fixture.ts'

const { exporter, stand, open } = stands()

const stale = (batches: readonly string[][]): string[] => batches.flat().filter((line) => line.endsWith('stale'))
const ended = (batches: readonly string[][]): string[] => stale(batches).map((line) => line.split('{')[0]!)

describe('jobs that are written otherwise while they are scraped', () => {
  test('go on with targets that stay: at their moment, as the same series, with nothing marked stale', async () => {
    const [one, other] = [await exporter(page('a 1\nb 2\n')), await exporter(page('a 3\n'))]
    const made = await stand([{ targets: [one.address] }])
    await made.pass()
    const before_ms = made.scrape.active()[0]!.last_scrape_ms!
    made.scrape.replace(jobsOf([{ targets: [one.address, other.address] }]))
    expect(
      made.scrape
        .active()
        .map(({ health }) => health)
        .toSorted(),
    ).toEqual(['unknown', 'up'])
    const batches = await made.pass(2)
    expect(stale(batches)).toEqual([])
    const kept = made.scrape.active().find(({ url }) => url.startsWith(one.url))
    expect(kept!.last_scrape_ms).toBe(before_ms + 10_000)
    const added = made.intake.values('scrape_series_added')
    expect(Object.values(added).toSorted((a, b) => a - b)).toEqual([0, 1])
    expect(made.up()).toEqual([1, 1])
  })

  test('end the series that their new settings leave out, with the next page', async () => {
    const target = await exporter(page('a 1\nb 2\n'))
    const made = await stand([{ targets: [target.address] }])
    await made.pass()
    const drop = { source_labels: ['__name__'], regex: 'b', action: 'drop' }
    made.scrape.replace(jobsOf([{ targets: [target.address], metric_relabel_configs: [drop], params: {} }]))
    target.answer = page('a 2\nb 3\nc 4\n')
    expect(ended(await made.pass())).toEqual(['b'])
    expect(Object.values(made.intake.values('c'))).toEqual([4])
    expect(made.up()).toEqual([1])
    expect(stale(await made.pass())).toEqual([])
  })

  test('end the series of targets and of jobs that are not there any more, and begin others', async () => {
    const [one, other] = [await exporter(page('a 1\n')), await exporter(page('b 1\n'))]
    const made = await stand([{ targets: [one.address] }, { job: 'gone', targets: [other.address] }])
    await made.pass(2)
    const before = made.intake.batches.length
    made.scrape.replace(jobsOf([{ targets: [] }, { job: 'new', targets: [other.address] }]))
    await vi.waitUntil(() => made.intake.batches.length === before + 2)
    expect(
      ended(made.intake.batches.slice(before))
        .filter((name) => name.length === 1)
        .toSorted(),
    ).toEqual(['a', 'b'])
    expect(made.scrape.pools()).toEqual(['new', 'shop'])
    expect(made.scrape.active()).toMatchObject([{ pool: 'new' }])
    await made.pass()
    expect(made.intake.labels('b')).toHaveLength(2)
  })

  test('keep what a file listed that cannot be read now, and what a server listed that does not answer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'barograph-test-'))
    open.push({ stop: async () => rmSync(folder, { recursive: true }) })
    const [one, other] = [await exporter(page('a 1\n')), await exporter(page('a 2\n'))]
    const lists = await exporter(page(''))
    const listed = JSON.stringify([{ targets: [other.address] }])
    lists.answer = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(listed)
    const file = join(folder, 'targets.json')
    writeFileSync(file, JSON.stringify([{ targets: [one.address] }]))
    const job = { file_sd_configs: [{ files: ['targets.json'] }], http_sd_configs: [{ url: lists.url }] }
    const made = await stand([job], { folder })
    await vi.waitUntil(() => made.scrape.active().length === 2)
    await made.pass(2)
    writeFileSync(file, '[{')
    lists.answer = (_, response) => response.writeHead(503).end()
    made.scrape.replace(jobsOf([{ ...job, honor_labels: true }]))
    await vi.waitUntil(() => lists.requests.length === 2)
    expect(stale(await made.pass(2))).toEqual([])
    expect(made.up()).toEqual([1, 1])
    writeFileSync(file, '[]')
    await made.wait(() => made.scrape.active().length, 1)
  })

  test('may come before scraping has begun', async () => {
    const target = await exporter(page('a 1\n'))
    const made = new Stand([{ targets: [] }])
    open.push({ stop: () => made.scrape.stop() })
    made.scrape.replace(jobsOf([{ targets: [target.address] }, { job: 'other', targets: [target.address] }]))
    expect(made.scrape.active()).toEqual([])
    await made.scrape.start()
    await made.pass(2)
    expect(made.up()).toEqual([1, 1])
  })
})
