// What a person says of a finding, through a whole process: it is an input like all others.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { loadConfig } from '#core/config/load.ts'

import { configSchema, DEFAULTS } from '../../app/config.ts'
import { replayCapture } from '../../app/replay.ts'
import { Barograph, SECOND } from './barograph.ts'
import { gauges } from './shop.ts'

const RULES = `
groups:
  - name: tests
    rules:
      - { anomaly: Unusual, expr: level }
`

interface Findings {
  readonly findings: readonly { readonly id: string; readonly state: string; readonly adopted?: boolean }[]
}

const findingsOf = async (barograph: Barograph): Promise<Findings['findings']> =>
  (await barograph.get<Findings>('/api/v1/findings')).findings

test('a finding that was expected is over at once, after a crash and in a replay too', async () => {
  const record = mkdtempSync(join(tmpdir(), 'barograph-recording-'))
  const begun = { rules: RULES, set: ['limits.journal=4KiB'] }
  let barograph = await Barograph.start({ ...begun, record })
  const feed = (seconds: number, level: number): Promise<void> =>
    barograph.pass(seconds * SECOND, async (now_ms) => {
      const value = level + ((now_ms / SECOND) % 7)
      await barograph.post('/v1/metrics', gauges('level', '', now_ms, { shop: value }))
    })
  // Half an hour, so that something is known of it.
  for (let ago = 180; ago > 0; ago--) {
    const time_ms = barograph.now_ms - ago * 10 * SECOND
    await barograph.post('/v1/metrics', gauges('level', '', time_ms, { shop: 100 + (ago % 7) }))
  }
  await feed(30, 100)
  await feed(10, 900)
  const [finding] = await findingsOf(barograph)
  expect(finding).toMatchObject({ state: 'open' })

  const path = `/api/v1/findings/${finding!.id}/feedback`
  const answer = await barograph.send(path, { feedback: 'expected', by: 'ann' })
  expect(await answer.json()).toMatchObject({ id: finding!.id, state: 'open', feedback: 'expected' })
  expect((await barograph.send('/api/v1/findings/f_none/feedback', { feedback: 'real' })).status).toBe(404)

  const crashed = barograph.diskNow()
  const at_ms = barograph.now_ms
  await feed(5, 900)
  const live = await findingsOf(barograph)
  expect(live).toMatchObject([{ state: 'closed', adopted: true, feedback: 'expected' }])
  const rules = join(barograph.data, 'rules')
  await barograph.stop()

  barograph = await Barograph.start({ ...begun, data: crashed, begin_ms: at_ms })
  await feed(5, 900)
  expect(await findingsOf(barograph)).toEqual(live)
  await barograph.stop()

  const { value: config } = loadConfig({ schema: configSchema, defaults: DEFAULTS, overrides: [], environment: {} })
  const replayed = await replayCapture({ config, rulePaths: [rules], capture: record })
  expect(replayed).toMatchObject({ findings: live, counts: { feedback: 1, refused: 0 } })
})
