// A crash at any moment, in the middle of writing a checkpoint too: the next process goes on as if nothing had been.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { afterEach, expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

import { Barograph, BEGIN, SECOND } from './barograph.ts'
import { deltas, gauges, logs, trace } from './shop.ts'

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

/** What happens in a second: four inputs, the same for the same second whoever asks, then it is over. */
const STEPS = 5

async function step(barograph: Barograph, number: number): Promise<void> {
  const second = Math.floor(number / STEPS)
  const random = seeded(second)
  const services = ['cart', 'checkout', 'payments', 'stock'].map((name) => [name, Math.round(100 + random() * 40)])
  const inputs: (() => Promise<Response>)[] = [
    () =>
      barograph.post(
        '/v1/metrics',
        gauges('level', '', barograph.now_ms, Object.fromEntries(services) as Record<string, number>),
      ),
    () => barograph.post('/v1/metrics', deltas(barograph.now_ms, SECOND, second % 7)),
    () => barograph.post('/v1/logs', logs('cart', barograph.now_ms, 9, [`order ${second} taken`])),
    () => barograph.post('/v1/traces', trace(second + 1, barograph.now_ms, ['cart', 'stock'])),
  ]
  const input = inputs[number % STEPS]
  if (input === undefined) await barograph.pass(SECOND)
  else expect((await input()).status).toBe(200)
}

async function feeding(barograph: Barograph, fromStep: number, toStep: number): Promise<void> {
  for (let number = fromStep; number < toStep; number++) await step(barograph, number)
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

/** Whether a file is there within some turns of the event loop. */
async function appears(path: string): Promise<boolean> {
  for (let turn = 0; turn < 20; turn++) {
    if (existsSync(path)) return true
    await nextTurn()
  }
  return false
}

test('whenever a process dies, the next one answers as one that never did', async () => {
  const steps = 40 * STEPS
  const whole = await started()
  const crashes: { data: string; steps: number }[] = []
  const states = new Set<string>()
  for (let done = 1; done <= steps; done++) {
    await step(whole, done - 1)
    const writing = await appears(join(whole.data, 'state/checkpoint.tmp'))
    if (done % (10 * STEPS) !== 3 && (!writing || states.size > 2)) continue
    const data = whole.diskNow()
    crashes.push({ data, steps: done })
    states.add(
      readdirSync(join(data, 'state'))
        .filter((name) => name.startsWith('checkpoint'))
        .join(),
    )
  }
  // Some had the checkpoint of before and a new one half written.
  expect([...states].join(' ')).toContain('checkpoint.tmp')
  const expected = await answers(whole)
  for (const { data, steps: done } of crashes) {
    const next = await started(data, BEGIN + Math.floor(done / STEPS) * SECOND)
    await feeding(next, done, steps)
    expect(await answers(next)).toEqual(expected)
  }
})

test('a checkpoint comes when a start would have to work too long, however short the journal', async () => {
  const barograph = await started(undefined, BEGIN, ['limits.replay=1ms'])
  const checkpoint = join(barograph.data, 'state/checkpoint')
  for (let number = 0; number < 600 * STEPS && !existsSync(checkpoint); number++) await step(barograph, number)
  expect(existsSync(checkpoint)).toBe(true)
})
