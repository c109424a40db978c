import { expect, test } from 'vitest'

import { Rows } from '../rows.ts'
import { Extremes, perBlock } from './extremes.ts'

const HOUR = 3_600_000
const BLOCK = 6 * HOUR

/** The threshold after blocks with these largest pieces of evidence; blocks of `onsets` had one. */
function threshold(blocks: readonly number[], onsets: readonly number[] = []): number {
  const rows = new Rows()
  const extremes = new Extremes(rows, [0])
  const row = rows.add()
  extremes.begin(row, 0)
  let onset_ms = -Infinity
  for (const [i, largest] of blocks.entries()) {
    if (onsets.includes(i)) onset_ms = i * BLOCK + HOUR
    for (let hour = 1; hour <= 6; hour++) {
      const evidence = Float64Array.of(hour === 3 ? largest : 0)
      const time_ms = i * BLOCK + hour * HOUR
      if (extremes.gather(row, time_ms, evidence))
        extremes.learn(row, time_ms, { alarms_per_block: perBlock(1), onset_ms })
    }
  }
  extremes.move(row, 0)
  return extremes.threshold(row, 0)
}

const calm = Array.from({ length: 40 }, (_, i) => 1.5 + 0.15 * ((i * 7) % 5))

test('a block with an onset does not raise what is asked', () => {
  const onsets = [20, 24, 28, 32, 36]
  const troubled = calm.map((largest, i) => (onsets.includes(i) ? 5 : largest))
  expect(threshold(troubled)).toBeGreaterThan(threshold(calm) + 0.05)
  expect(threshold(troubled, onsets)).toBeLessThanOrEqual(threshold(calm))
})

test('the first three blocks are learned with their onsets: they may be what is usual', () => {
  const spiky = (onsets: readonly number[]) => calm.slice(0, 8).map((largest, i) => (onsets.includes(i) ? 5 : largest))
  expect(threshold(spiky([1, 2]), [1, 2])).toBe(threshold(spiky([1, 2])))
  expect(threshold(spiky([4, 6]), [4, 6])).toBeLessThan(threshold(spiky([4, 6])) - 0.1)
})

test('one block unlike the others makes no row blind: a few times as far out as in the worst is told', () => {
  for (const largest of [3, 6])
    for (let blocks = 2; blocks <= 8; blocks++)
      for (let at = 0; at < blocks; at++)
        expect(threshold(calm.slice(0, blocks).with(at, largest))).toBeLessThan(largest + Math.log(6))
})

test('what the first blocks brought is soon forgotten', () => {
  const raised = [8, 40].map((blocks) => {
    const some = calm.slice(0, blocks)
    return threshold(some.with(1, 5)) - threshold(some)
  })
  expect(raised[1]! / raised[0]!).toBeLessThan(0.2)
})

test('nothing is asked before two blocks are known', () => {
  expect(threshold([1])).toBe(Infinity)
  expect(threshold([1, 1])).toBeLessThan(Infinity)
})
