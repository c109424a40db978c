import { afterEach, beforeEach, expect, test } from 'vitest'

import { AskingStand } from './testing/asking.fixture.ts'
import { HistoryStand } from './testing/history.fixture.ts'
import { FakePrometheus } from './testing/prometheus.fixture.ts'
import { NOW, removeFolders, until } from './testing/stand.fixture.ts'
import { UpstreamList } from './upstreams.ts'

let prometheus: FakePrometheus
let stand: HistoryStand
beforeEach(async () => {
  prometheus = new FakePrometheus()
  await prometheus.start()
  prometheus.series = [{ labels: { __name__: 'up' }, samples: [[NOW - 1000, '1']] }]
  stand = new HistoryStand({ url: prometheus.url, settings: { rate: 100 } })
})
afterEach(async () => {
  await stand.backfill.stop()
  await prometheus.stop()
  removeFolders()
})

const listOf = (backfill: HistoryStand['backfill'] | undefined) =>
  new UpstreamList([
    { name: 'prom', server: 'http://prom', writer: undefined, backfill, asking: new AskingStand({ url: '' }).asking },
  ])

test('how much history is missing shrinks to nothing', async () => {
  const list = listOf(stand.backfill)
  expect(list.hasHistory).toBe(true)
  const first = list.first()
  await until('it is under way', () => list.missing_ms > 0)
  await first
  expect(list.missing_ms).toBe(0)
  expect(list.all()[0]).toMatchObject({
    name: 'prom',
    writing: undefined,
    rules: undefined,
    history: { state: 'done', fetched: 1 },
  })
})

test('one command at a time, and only to those that have history', async () => {
  const list = listOf(stand.backfill)
  expect(() => list.backfill('other', false)).toThrow('no upstream "other" has history')
  list.backfill(undefined, false)
  expect(() => list.backfill('prom', false)).toThrow('being fetched')
  expect(() => listOf(undefined).backfill(undefined, true)).toThrow('no upstream has history')
})
