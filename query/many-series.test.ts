// Whatever is made of the labels of very many series, others may have their turn after some hundred of them.
import { afterEach, expect, test, vi } from 'vitest'

import { Labels } from '#core/series.ts'
import { Turns } from '#core/turns.ts'

import { LabelTree } from './evaluate/label-tree.ts'
import { createQueryEngine } from './index.ts'
import { minutes } from './testing/minutes.fixture.ts'

const SERIES = 2000
const MOST = 500

const lines = Array.from({ length: SERIES }, (_, i) => `m{i="${i}", zone="z${i % 7}"} ${i}`)
const turns = new Turns(
  () => performance.now(),
  () => 0,
)
const engine = createQueryEngine({ readers: [minutes(...lines)], turns })

afterEach(() => vi.restoreAllMocks())

test.each([
  ['label_replace(m, "x", "$1", "i", "(.*)")', SERIES],
  ['label_join(m, "x", "-", "i", "zone")', SERIES],
  ['sum by (i) (m)', SERIES],
  ['sum without (i) (m)', 7],
])('%s', async (query, found) => {
  const read = [vi.spyOn(Labels.prototype, 'with'), vi.spyOn(LabelTree.prototype, 'at')]
  let most = 0
  const looked = (): boolean => {
    most = Math.max(most, ...read.map(({ mock }) => mock.calls.length))
    for (const one of read) one.mockClear()
    return false
  }
  vi.spyOn(turns, 'isOver').mockImplementation(looked)
  const result = await engine.instant(query, 0)
  expect(result.type === 'vector' ? result.series.length : 0).toBe(found)
  looked()
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThan(MOST)
})
