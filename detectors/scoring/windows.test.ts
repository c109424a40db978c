import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Change } from '#core/change.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { Labels } from '#core/series.ts'

import { parseDetector } from '../kinds/registry.ts'
import { ScoringEngine } from './engine.ts'
import { Windows } from './windows.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)

const change = (over: Partial<Change>): Change => ({
  id: 'c_1',
  kind: 'maintenance',
  service: 'shop',
  at_ms: START + 300 * MINUTE,
  until_ms: START + 360 * MINUTE,
  title: 'upgrade',
  source: 'api',
  url: '',
  ...over,
})

/** One row of `auto` for the shop, a value a minute; tells the minutes that were anomalous. */
function stand(...changes: readonly Change[]) {
  const windows = new Windows()
  for (const one of changes) windows.change(one)
  const engine = new ScoringEngine({
    definition: () => {
      throw new Error('not asked')
    },
    sink: { finding() {} },
    log: silentLog,
    meter: silentMeter,
    windows,
  })
  const render = () => ({ severity: 'warning', annotations: {} })
  const rest = { direction: 'both', budget_per_week: 1, evidence: false, for_ms: 0, interval_ms: MINUTE } as const
  engine.setRules([{ key: 'k', name: 'Orders', detector: parseDetector('auto'), plain: null, render, ...rest }])
  const row = engine.row('k', Labels.of({ service_name: 'shop' }), { metric: 'orders', unit: '' })
  const feed = (from: number, to: number, value: (minute: number) => number): number[] => {
    const found: number[] = []
    for (let minute = from; minute < to; minute++) {
      if (engine.score(row, START + minute * MINUTE, value(minute)).score >= 1) found.push(minute)
    }
    return found
  }
  return { engine, windows, row, feed }
}

const calm = (minute: number): number => 100 + Math.sin(minute * 1.7) + Math.sin(minute * 0.61) / 2

test('what happens in maintenance is neither judged nor learned', () => {
  const masked = stand(change({}))
  expect(masked.feed(0, 300, calm)).toEqual([])
  expect(masked.feed(300, 360, () => 900)).toEqual([])
  expect(masked.feed(360, 480, calm)).toEqual([])
  expect(masked.feed(480, 481, () => 900)).toEqual([480])
  // The detector saw a gap, nothing else.
  const gap = stand()
  gap.feed(0, 300, calm)
  gap.feed(360, 480, calm)
  gap.feed(480, 481, () => 900)
  const [a, b] = [masked.engine.newest(1)[0]!, gap.engine.newest(1)[0]!]
  expect(a.verdict).toEqual(b.verdict)
})

test('a planned event lifts what is expected by its factor, and leaves nothing behind', () => {
  const sale = stand(change({ kind: 'event', factor: 3 }))
  sale.feed(0, 300, calm)
  expect(sale.feed(300, 359, (minute) => 3 * calm(minute))).toEqual([])
  expect(sale.engine.newest(1)[0]!.verdict.expected).toBeCloseTo(300, -1)
  // Usual demand during a sale is what is unusual.
  expect(sale.feed(359, 360, calm)).toEqual([359])
  expect(sale.feed(360, 400, calm)).toEqual([])
})

test('a window concerns its service, can be taken back, and outlives a restart', () => {
  const windows = new Windows()
  windows.change(change({}))
  const at = START + 330 * MINUTE
  expect([windows.factorAt('shop', at), windows.factorAt('pay', at)]).toEqual([null, 1])
  const again = new Windows()
  again.load(windows.save())
  expect(again.factorAt('shop', at)).toBe(null)
  expect(again.touches(at, at)).toBe(true)
  again.change(change({ until_ms: START }))
  expect(again.factorAt('shop', at)).toBe(1)
  again.change(change({ id: 'c_2', kind: 'event', factor: 2, service: '' }))
  again.change(change({ id: 'c_3', kind: 'event', factor: 1.5 }))
  expect([again.factorAt('shop', at), again.factorAt('pay', at)]).toEqual([3, 2])
  expect(() => again.load(new TextEncoder().encode('{"version":9}'))).toThrow(/cannot be read/)
})

test('windows that were saved before still hold', () => {
  const windows = new Windows()
  windows.load(readFileSync(join(import.meta.dirname, '../../tests/golden/windows-1.json')))
  expect(windows.factorAt('shop', START)).toBeNull()
  expect(windows.factorAt('mail', START)).toBe(3)
  expect(windows.factorAt('shop', START + 60 * MINUTE)).toBe(3)
  expect(windows.factorAt('shop', START + 120 * MINUTE)).toBe(1)
})
