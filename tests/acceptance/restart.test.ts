// A crash at any moment, in the middle of writing a checkpoint too: the next process goes on as if nothing had been.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

import { Barograph, BEGIN, SECOND } from './barograph.ts'
import { gauges, logs, trace } from './shop.ts'

const RULES = `
groups:
  - name: tests
    interval: 5s
    rules:
      - { anomaly: Unusual, expr: level, detector: { kind: band, method: ewma, window: 15m } }
      - { record: level:sum, expr: sum(level) }
      - { alert: High, expr: level > 130, for: 5s }
`
const SET = ['limits.journal=4KiB']

const running: Barograph[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

async function started(data?: string, begin_ms = BEGIN, set = SET): Promise<Barograph> {
  const barograph = await Barograph.start({ rules: RULES, set, begin_ms, ...(data !== undefined && { data }) })
  running.push(barograph)
  return barograph
}

/** The same inputs for the same second, whoever asks. */
async function feed(barograph: Barograph, second: number): Promise<void> {
  const random = seeded(second)
  const services = ['cart', 'checkout', 'payments', 'stock'].map((name) => [name, Math.round(100 + random() * 40)])
  const metrics = gauges('level', '', barograph.now_ms, Object.fromEntries(services) as Record<string, number>)
  expect((await barograph.post('/v1/metrics', metrics)).status).toBe(200)
  expect((await barograph.post('/v1/logs', logs('cart', barograph.now_ms, 9, [`order ${second} taken`]))).status).toBe(
    200,
  )
  expect((await barograph.post('/v1/traces', trace(second + 1, barograph.now_ms, ['cart', 'stock']))).status).toBe(200)
}

async function feeding(barograph: Barograph, from: number, to: number): Promise<void> {
  for (let second = from; second < to; second++) {
    await feed(barograph, second)
    await barograph.pass(SECOND)
  }
}

/** All that a person or a program can ask for. */
async function answers(barograph: Barograph): Promise<unknown> {
  const { store, detectors } = barograph.service.engine
  const slices = store.select([], { from_ms: -Infinity, to_ms: Infinity })
  return {
    series: slices.map(({ labels, time_ms, value }) => [labels.key, [...time_ms], [...value]]),
    scores: detectors.scores.newest(1000).map(({ labels, ...rest }) => ({ ...rest, labels: labels.key })),
    findings: detectors.findings.list({ limit: 1000 }),
    incidents: await barograph.get('/api/v1/incidents'),
    graph: await barograph.get('/api/v1/graph'),
  }
}

test('whenever a process dies, the next one answers as one that never did', async () => {
  const seconds = 40
  const whole = await started()
  const crashes: { data: string; second: number }[] = []
  const states = new Set<string>()
  for (let second = 0; second < seconds; second++) {
    await feeding(whole, second, second + 1)
    const writing = existsSync(join(whole.data, 'state/checkpoint.tmp'))
    if (second % 10 !== 3 && (!writing || states.size > 2)) continue
    const data = whole.diskNow()
    crashes.push({ data, second: second + 1 })
    states.add(
      readdirSync(join(data, 'state'))
        .filter((name) => name.startsWith('checkpoint'))
        .join(),
    )
  }
  // Some had the checkpoint of before and a new one half written.
  expect([...states].join(' ')).toContain('checkpoint.tmp')
  const expected = await answers(whole)
  for (const { data, second } of crashes) {
    const next = await started(data, BEGIN + second * SECOND)
    await feeding(next, second, seconds)
    expect(await answers(next)).toEqual(expected)
  }
})

test('a checkpoint comes when a start would have to work too long, however short the journal', async () => {
  const barograph = await started(undefined, BEGIN, ['limits.replay=1ms'])
  const checkpoint = join(barograph.data, 'state/checkpoint')
  for (let second = 0; second < 600 && !existsSync(checkpoint); second++) await feeding(barograph, second, second + 1)
  expect(existsSync(checkpoint)).toBe(true)
})
