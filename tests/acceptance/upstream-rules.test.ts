// Rules that are evaluated on an upstream come to the same as on local data, whatever becomes of the upstream or of the process meanwhile.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, expect, test } from 'vitest'

import { loadConfig } from '#core/config/load.ts'

import { configSchema, DEFAULTS } from '../../app/config.ts'
import { replayCapture } from '../../app/replay.ts'
import { Barograph, BEGIN, MINUTE } from './barograph.ts'
import { Proxy } from './proxy.ts'
import { AWAY, outcome, passAsking, rulesText, Samples, STEP, write } from './upstream-rules.ts'

const HISTORY = 90 * MINUTE
const END_MINUTE = 40

const running: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
})

async function started(...parameters: Parameters<typeof Barograph.start>): Promise<Barograph> {
  const barograph = await Barograph.start(...parameters)
  running.push(barograph)
  return barograph
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)

test('an upstream that is away for a while, and a crash of our own, change nothing; nor does a replay', async () => {
  const begin_ms = BEGIN - MINUTE
  const local = await started({ rules: rulesText(), begin_ms, set: ['limits.out_of_order=1d'] })
  const proxy = new Proxy(() => local.service.apiUrl)
  await proxy.start()
  running.push(proxy)
  const samples = new Samples(60)
  await write(local.service.apiUrl, samples.body(begin_ms - HISTORY, begin_ms))
  // Rules look at history when it has come, and at no step before its samples.
  await local.pass(4000)
  await write(local.service.apiUrl, samples.body(begin_ms, begin_ms + STEP))
  await local.pass(STEP - 4000)
  const record = mkdtempSync(join(tmpdir(), 'barograph-recording-'))
  const set = [`upstream.prom={url: "${proxy.url}", history: 90m, rules: {rate: 1000}}`]
  const setup = { rules: rulesText('prom'), set }
  let there = await started({ ...setup, record, begin_ms: local.now_ms })
  await passAsking(there, 1)

  while (local.now_ms < BEGIN + END_MINUTE * MINUTE) {
    const minute = (local.now_ms - BEGIN) / MINUTE
    if (minute === AWAY.from_minute) await proxy.stop()
    if (minute === AWAY.to_minute) await proxy.start()
    if (minute === 29) {
      const data = there.diskNow()
      await there.stop()
      there = await started({ ...setup, record, data, begin_ms: there.now_ms })
    }
    await write(local.service.apiUrl, samples.body(local.now_ms, local.now_ms + STEP))
    await local.pass(STEP)
    await passAsking(there, local.now_ms - there.now_ms)
  }
  await local.pass(5_000)
  await passAsking(there, local.now_ms - there.now_ms)
  const from_ms = BEGIN + 2 * MINUTE
  const [here, remote] = [await outcome(local, from_ms, local.now_ms), await outcome(there, from_ms, local.now_ms)]
  expect(Object.keys(here.alerts).length).toBeGreaterThan(12)
  expect(new Set(here.findings.map((one) => (one as { rule?: string }).rule)).size).toBe(3)
  for (const what of ['recorded', 'alerts', 'since', 'scores', 'findings'] as const)
    expect([what, remote[what]]).toEqual([what, here[what]])

  const { value: config } = loadConfig({ schema: configSchema, defaults: DEFAULTS, overrides: [], environment: {} })
  const options = { config, rulePaths: [join(there.data, 'rules')], capture: record }
  const replayed = await replayCapture(options)
  expect((replayed.findings as typeof remote.findings).toSorted(byId)).toEqual(remote.findings)
  expect(replayed.incidents.length).toBe(remote.incidents)
})

test('an upstream that took no samples for a while tells nothing of that time, and nothing comes of it', async () => {
  const begin_ms = BEGIN - MINUTE
  const upstream = await started({ rules: rulesText(), begin_ms, set: ['limits.out_of_order=1d'] })
  const proxy = new Proxy(() => upstream.service.apiUrl)
  await proxy.start()
  running.push(proxy)
  const samples = new Samples(20)
  await write(upstream.service.apiUrl, samples.body(begin_ms, begin_ms + STEP))
  await upstream.pass(STEP)
  const set = [`upstream.prom={url: "${proxy.url}", history: off, rules: {rate: 1000}}`]
  const there = await started({ rules: rulesText('prom'), set, begin_ms: upstream.now_ms })
  const hole = { from_minute: 9, to_minute: 30 }
  while (upstream.now_ms < BEGIN + 36 * MINUTE) {
    const minute = (upstream.now_ms - BEGIN) / MINUTE
    if (minute === hole.from_minute) await proxy.stop()
    if (minute === hole.to_minute) await proxy.start()
    const body = samples.body(upstream.now_ms, upstream.now_ms + STEP)
    if (minute < hole.from_minute || minute >= hole.to_minute) await write(upstream.service.apiUrl, body)
    await upstream.pass(STEP)
    await passAsking(there, upstream.now_ms - there.now_ms)
  }
  const [here, remote] = [
    await outcome(upstream, BEGIN + 2 * MINUTE, there.now_ms),
    await outcome(there, BEGIN + 2 * MINUTE, there.now_ms),
  ]
  const firing = (alerts: Record<string, unknown>, name: string): string[] =>
    Object.keys(alerts).filter((key) => key.includes(`"alertname":"${name}","alertstate":"firing"`))
  expect(firing(here.alerts, 'NobodyReports')).toHaveLength(1)
  expect(firing(remote.alerts, 'NobodyReports')).toHaveLength(0)
  // The fault began before and ended meanwhile; both are known.
  expect(firing(remote.alerts, 'QueueLong').length).toBeGreaterThan(0)
  expect(firing(remote.alerts, 'QueueLong')).toEqual(firing(here.alerts, 'QueueLong'))
  const { upstreams } = await there.get<{ upstreams: { rules: { passed_over: number; trouble?: string } }[] }>(
    '/api/v1/upstreams',
  )
  expect(upstreams[0]!.rules.passed_over).toBeGreaterThan(0)
  expect(upstreams[0]!.rules.trouble).toBeUndefined()
})
