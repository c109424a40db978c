// A service that is told of silence, and was itself not there: what nobody could hear was not silent.
import { afterEach, expect, test } from 'vitest'

import { Barograph, BEGIN, MINUTE, SECOND } from './barograph.ts'
import { gauges } from './shop.ts'

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
