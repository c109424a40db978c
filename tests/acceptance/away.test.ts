// A service that is told of silence, and was itself not there, or is told late: what nobody could hear was not silent.
import { afterEach, expect, test } from 'vitest'

import { Barograph, BEGIN, MINUTE, SECOND } from './barograph.ts'
import { gauges, logs } from './shop.ts'

const RULES = `
groups:
  - name: tests
    interval: 10s
    rules:
      - { anomaly: Gone, expr: level, detector: absence }
`

let running: Barograph | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

async function speaking(barograph: Barograph, seconds: number, services: Record<string, number>): Promise<void> {
  await barograph.pass(seconds * SECOND, async (now_ms) => {
    if (now_ms % (10 * SECOND) === 0) await barograph.post('/v1/metrics', gauges('level', '', now_ms, services))
  })
}

const said = async (barograph: Barograph): Promise<string[]> => {
  const { findings } = await barograph.get<{ findings: { sentence: string }[] }>('/api/v1/findings')
  return findings.map(({ sentence }) => sentence)
}

test('after an hour in which it was not there nobody is missed but who stays away', async () => {
  running = await Barograph.start({ rules: RULES })
  await speaking(running, 600, { shop: 1, stock: 1 })
  const { data } = running
  await running.stop()
  running = await Barograph.start({ rules: RULES, data, begin_ms: BEGIN + 70 * MINUTE })
  await running.pass(9 * SECOND)
  await speaking(running, 40, { stock: 1 })
  expect(await said(running)).toEqual([])
  await speaking(running, 60, { stock: 1 })
  expect(await said(running)).toEqual(['level of shop has no samples since 11:10 UTC, later than ever'])
})

test('while a source is known to lag, a minute of log records waits for those that lag', async () => {
  running = await Barograph.start({ rules: RULES })
  const { pipeline, engine } = running.service
  const tick = (minutes: number, complete_ms?: number): Promise<unknown> =>
    pipeline.submit({
      kind: 'tick',
      time_ms: BEGIN + minutes * MINUTE,
      ...(complete_ms !== undefined && { complete_ms }),
    })
  await running.post('/v1/logs', logs('shop', BEGIN, 9, ['all is well']))
  await tick(5, BEGIN)
  await running.post('/v1/logs', logs('shop', BEGIN + SECOND, 9, ['all is well']))
  await tick(6)
  const counts = engine.store.select([{ name: '__name__', op: '=', value: 'barograph_log_records_total' }], {
    from_ms: -Infinity,
    to_ms: BEGIN + MINUTE,
  })
  expect(counts.map(({ value }) => [...value])).toEqual([[2]])
})
