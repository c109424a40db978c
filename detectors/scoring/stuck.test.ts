import { expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import { parseDetector } from '../kinds/registry.ts'
import { ScoringEngine } from './engine.ts'

const MINUTE = 60_000
const DAY = 24 * 60
const START = Date.UTC(2026, 0, 5)
const STOPS = 3 * DAY

interface Story {
  /** Minute after it stopped in which it moves again. */
  readonly moves?: number
  /** Minute after it stopped in which the engine begins anew from its state. */
  readonly save?: number
  /** Minute in which somebody says that it is meant to be so. */
  readonly said?: number
}

/** Of a sensor that stands still, for two days: events with the minute after it stopped. */
function events(kind: string, { moves = 2 * DAY, save, said }: Story = {}): { at: number; event: FindingEvent }[] {
  const random = seeded(5)
  const heard: { at: number; event: FindingEvent }[] = []
  let minute = 0
  const make = (): ScoringEngine => {
    const engine = new ScoringEngine({
      definition: () => ({
        labels: Labels.of({ [METRIC_NAME]: 'temperature', service_name: 'oven' }),
        type: 'gauge',
        unit: 'Cel',
        help: '',
        kind: 'float',
        bounds: new Float64Array(),
      }),
      sink: { finding: (event) => void heard.push({ at: minute - STOPS, event }) },
      log: silentLog,
      meter: silentMeter,
    })
    engine.setRules([
      {
        key: 'oven/Unusual',
        name: 'Unusual',
        detector: parseDetector(kind),
        direction: 'both',
        budget_per_week: 1,
        evidence: false,
        for_ms: 0,
        interval_ms: MINUTE,
        plain: [{ name: METRIC_NAME, op: '=', value: 'temperature' }],
        render: () => ({ severity: 'warning', annotations: {} }),
      },
    ])
    return engine
  }
  let engine = make()
  const samples = new SampleBuilder()
  let last = 0
  for (; minute < 7 * DAY; minute++) {
    if (said !== undefined && minute === STOPS + said)
      engine.feedback({
        kind: 'feedback',
        finding: heard[0]!.event.finding.id,
        feedback: 'expected',
        by: '',
        at_ms: START + minute * MINUTE,
      })
    if (save !== undefined && minute === STOPS + save) {
      const bytes = engine.save()
      engine = make()
      engine.load(bytes)
    }
    const moving = 200 + 20 * Math.sin((2 * Math.PI * minute) / DAY) + random() + random()
    if (minute < STOPS || minute >= STOPS + moves) last = moving
    samples.clear()
    samples.float(0, START + minute * MINUTE, last)
    engine.samples(samples.batch(), Uint8Array.of(1))
    engine.tick(START + minute * MINUTE)
  }
  return heard
}

const told = (heard: ReturnType<typeof events>) =>
  heard
    .filter(({ event }) => event.type !== 'updated')
    .map(({ at, event }) => [event.type, event.finding.kind, at] as const)

test.each(['auto', 'flat'])(
  '%s tells a series that stands still once, from where it stopped until it moves, and not of its moving',
  (kind) => {
    const [opened, closed, ...more] = told(events(kind))
    expect(opened?.slice(0, 2)).toEqual(['opened', 'flat'])
    expect(opened![2]).toBeLessThan(kind === 'auto' ? 120 : 10)
    const [first] = events(kind)
    expect((first!.event.finding.since_ms - START) / MINUTE).toBe(STOPS - 1)
    expect(closed?.slice(0, 2)).toEqual(['closed', 'flat'])
    expect(closed![2]).toBeGreaterThanOrEqual(2 * DAY)
    expect(closed![2]).toBeLessThan(2 * DAY + 30)
    expect(more).toEqual([])
  },
)

test('what stood still for a part of the day and moves again where the day is by then is no news', () => {
  const [opened, closed, ...more] = told(events('auto', { moves: 360 }))
  expect(opened?.slice(0, 2)).toEqual(['opened', 'flat'])
  expect(closed?.slice(0, 2)).toEqual(['closed', 'flat'])
  expect(closed![2]).toBeGreaterThanOrEqual(360)
  expect(closed![2]).toBeLessThan(390)
  expect(more).toEqual([])
})

test('a restart while it stands still changes nothing', () => {
  expect(told(events('auto', { save: 700 }))).toEqual(told(events('auto')))
})

test('where somebody says that it is meant to be so it is over, and not told again', () => {
  const [opened, closed, ...more] = told(events('auto', { said: 700 }))
  expect(opened?.[0]).toBe('opened')
  expect(closed?.[0]).toBe('closed')
  expect(closed![2]).toBeGreaterThan(700)
  expect(closed![2]).toBeLessThan(730)
  expect(more.filter(([, , at]) => at < 2 * DAY)).toEqual([])
})
