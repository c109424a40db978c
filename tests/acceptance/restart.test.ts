// A crash at any moment, in the middle of writing a checkpoint too: the next process goes on as if nothing had been.
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { afterEach, expect, test, vi } from 'vitest'

import { seeded } from '#core/random.ts'
import { CallGraph } from '#core/store/service-graph.ts'

import { Barograph, BEGIN, SECOND } from './barograph.ts'
import { deltas, gauges, LEVEL_RULES, logs, trace } from './shop.ts'

const SET = ['limits.journal=4KiB']

const running: Barograph[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

async function started(data?: string, begin_ms = BEGIN, set = SET): Promise<Barograph> {
  const barograph = await Barograph.start({ rules: LEVEL_RULES, set, begin_ms, ...(data !== undefined && { data }) })
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

test('an input that fails by a bug of ours fails at the next start as well, and nothing else does', async () => {
  const failing = vi.spyOn(CallGraph.prototype, 'spans').mockImplementation((spans) => {
    if (spans.length > 0) throw new TypeError('no such span')
  })
  try {
    const first = await started()
    const send = (body: object): Promise<Response> => first.post('/v1/metrics', body)
    expect((await send(gauges('level', '', first.now_ms, { cart: 1 }))).status).toBe(200)
    expect((await first.post('/v1/traces', trace(1, first.now_ms, ['cart', 'stock']))).status).toBe(500)
    expect((await send(gauges('level', '', first.now_ms, { stock: 2 }))).status).toBe(200)
    const again = await started(first.diskNow(), first.now_ms)
    const { store } = again.service.engine
    const found = store.select([{ name: '__name__', op: '=', value: 'level' }], { from_ms: -Infinity, to_ms: Infinity })
    expect(found.flatMap(({ value }) => [...value])).toEqual([1, 2])
  } finally {
    failing.mockRestore()
  }
})

test('a backup that is unpacked over a folder which was begun anew gets nothing of that for its own', async () => {
  const first = await started()
  const sent = async (barograph: Barograph, name: string, seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      expect(
        (await barograph.post('/v1/metrics', gauges(name, '', barograph.now_ms, { cart: i, stock: i }))).status,
      ).toBe(200)
      await barograph.pass(SECOND)
    }
  }
  await sent(first, 'level', 60)
  // It is written beside all this.
  await vi.waitFor(() => expect(existsSync(join(first.data, 'state/checkpoint'))).toBe(true), 20_000)
  const backup = first.diskNow()
  const last = (data: string): string | undefined =>
    readdirSync(join(data, 'state/journal'))
      .filter((file) => file !== 'spare')
      .toSorted()
      .at(-1)
  // Until its journal seems to go on with that of the backup.
  let second = await started(undefined, first.now_ms, ['limits.journal=1GiB'])
  while (last(second.data)! <= last(backup)!) {
    await sent(second, 'height', 2)
    second = await started(second.diskNow(), second.now_ms, ['limits.journal=1GiB'])
    await sent(second, 'height', 2)
  }
  const data = second.diskNow()
  cpSync(backup, data, { recursive: true })
  const { store } = (await started(data, second.now_ms)).service.engine
  const level = store.select([{ name: '__name__', op: '=', value: 'level' }], { from_ms: -Infinity, to_ms: Infinity })
  expect(existsSync(join(backup, 'state/checkpoint'))).toBe(true)
  expect(level.map(({ time_ms }) => time_ms.length)).toEqual([60, 60])
})
