import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { findingSentence } from '#core/sentences/finding.ts'
import { Labels } from '#core/series.ts'

import { Budgets } from './budgets.ts'
import { FindingLog, HELD, IDLE, RUNNING } from './finding-log.ts'
import { PAUSE_MS } from './flapping.ts'
import type { RowFacts } from './row-facts.ts'

const MINUTE = 60_000
const HOUR = 60

const factsOf = (for_min = 0): RowFacts => ({
  about: { key: 'k', rule: 'Cpu', labels: Labels.of({ service_name: 'shop' }), metric: 'cpu', unit: '1' },
  spec: {
    key: 'k',
    name: 'Cpu',
    detector: { kind: 'auto' },
    direction: 'both',
    budget_per_week: 1,
    evidence: false,
    for_ms: for_min * MINUTE,
    interval_ms: MINUTE,
    plain: null,
    render: () => ({ severity: 'warning', annotations: {} }),
  },
  pause_ms: PAUSE_MS,
  series: 1,
})

/** A log fed with values by minute: anomalous outside of ±1, scored by their size. */
function stand(for_min = 0, budgets = new Budgets(silentMeter)) {
  const events: FindingEvent[] = []
  const log = new FindingLog({ finding: (event) => void events.push(event) }, silentMeter, {
    keep: 1000,
    budgets,
  })
  const facts = factsOf(for_min)
  const feed = (minute: number, value: number): number => {
    const score = Math.abs(value)
    const band = { expected: 0, lower: -1, upper: 1 }
    const seen = { time_ms: minute * MINUTE, anomalous: score >= 1, score, value, ...band }
    const kept = log.observe(0, facts, seen, () => ['ewma'])
    log.flush()
    return kept
  }
  const silent = (minute: number, { last = -Infinity, touched = -Infinity } = {}): number => {
    const times = { now_ms: minute * MINUTE, last_ms: last * MINUTE, touched_ms: touched * MINUTE }
    const kept = log.silent(0, () => facts, times)
    log.flush()
    return kept
  }
  const told = (): string[] =>
    events
      .filter(({ type }) => type !== 'updated')
      .map(({ type, at_ms, finding }) => `${at_ms / MINUTE} ${type} ${finding.kind}`)
  return { log, events, feed, silent, told }
}

/** Feeds minutes `from` to `until`; `valueAt` says which are not 0. */
function play(feed: (minute: number, value: number) => number, until: number, valueAt: (minute: number) => number) {
  for (let minute = 0; minute < until; minute++) feed(minute, valueAt(minute))
}

describe('what flaps', () => {
  test('is told of as three findings at most: each waits twice as long before it closes, the last says how often it recurred', () => {
    const { feed, told, events } = stand()
    play(feed, 600, (minute) => (minute % 35 === 0 && minute < 500 ? 5 : 0))
    expect(told()).toEqual([
      '0 opened spike',
      '15 closed spike',
      '35 opened spike',
      '65 closed spike',
      '70 opened spike',
      '550 closed spike',
    ])
    const last = events.at(-1)!.finding
    expect(last).toMatchObject({ since_ms: 70 * MINUTE, last_ms: 490 * MINUTE, flapping: { returns: 14, since_ms: 0 } })
    expect(findingSentence(last, { language: 'en', zone: 'UTC' })).toBe(
      'cpu of shop rose to 5, expected up to 1, from 01:10 to 08:10 UTC; recurred 14 times since 00:00 UTC',
    )
    expect(findingSentence(last, { language: 'zh', zone: 'UTC' })).toContain('；自 00:00 UTC 起又出现 14 次')
    expect(events[0]!.finding.flapping).toBe(undefined)
  })

  test('is back to normal after an hour of calm', () => {
    const { feed, told, log } = stand()
    const spikes = new Set([0, 20, 45, 106, 206])
    play(feed, 300, (minute) => (spikes.has(minute) ? 5 : 0))
    expect(told()).toEqual([
      '0 opened spike',
      '15 closed spike',
      '20 opened spike',
      // Back within its longer pause, which doubles to an hour.
      '105 closed spike',
      '106 opened spike',
      '121 closed spike',
      '206 opened spike',
      '221 closed spike',
    ])
    expect(log.book.list({ limit: 9 }).map(({ flapping }) => flapping?.returns)).toEqual([
      undefined,
      undefined,
      2,
      undefined,
    ])
  })

  test('hides no trouble on the other side', () => {
    const { feed, told } = stand()
    play(feed, 200, (minute) => (minute === 0 || minute === 20 || minute === 60 ? 5 : minute === 40 ? -5 : 0))
    expect(told()).toEqual([
      '0 opened spike',
      '15 closed spike',
      '20 opened spike',
      '40 opened dip',
      '50 closed spike',
      '55 closed dip',
      '60 opened spike',
      '120 closed spike',
    ])
  })

  test('hides no new kind of trouble: spikes that become a level are over, the level is a finding of its own', () => {
    const { feed, told, events } = stand()
    play(feed, 200, (minute) => (minute === 0 || minute === 20 || (minute >= 40 && minute < 80) ? 5 : 0))
    expect(told()).toEqual([
      '0 opened spike',
      '15 closed spike',
      '20 opened spike',
      // What is of one time comes by id.
      '55 opened level_up',
      '55 closed spike',
      '94 closed level_up',
    ])
    expect(events.find(({ finding }) => finding.kind === 'level_up')?.finding).toMatchObject({ since_ms: 40 * MINUTE })
    expect(events.at(-1)?.finding.flapping).toBe(undefined)
  })

  test('is told of at last as a new normal where its level is adopted, and begins anew after that', () => {
    const { feed, told, log, events } = stand()
    for (const minute of [0, 20]) feed(minute, 5)
    const seen = { time_ms: 40 * MINUTE, anomalous: true, score: 5, value: 5, expected: 0, lower: -1, upper: 1 }
    log.observe(0, factsOf(), seen, () => [])
    log.observe(0, factsOf(), { ...seen, time_ms: 41 * MINUTE, adopted: true }, () => [])
    log.flush()
    expect(told().at(-1)).toBe('41 closed spike')
    expect(events.at(-1)?.finding).toMatchObject({ adopted: true, since_ms: 20 * MINUTE, flapping: { returns: 2 } })
    expect([...log.rows()]).toEqual([])
  })

  test('must last as the rule says each time: what does not, holds nothing open for longer', () => {
    const { feed, told } = stand(5)
    const lasting = (minute: number): boolean => minute < 8 || (minute >= 25 && minute < 33)
    play(feed, 200, (minute) => (lasting(minute) || minute === 55 ? 5 : 0))
    expect(told()).toEqual(['5 opened spike', '22 closed spike', '30 opened spike', '62 closed spike'])
  })

  test('counts for the budget each time', () => {
    const budgets = new Budgets(silentMeter)
    const alarms: number[] = []
    budgets.alarm = (time_ms) => void alarms.push(time_ms / MINUTE)
    const { feed } = stand(0, budgets)
    play(feed, 400, (minute) => (minute < 250 || minute === 270 || minute === 290 ? 5 : 0))
    expect(alarms).toEqual([0, 240, 270, 290])
  })

  test('closes by silence, and then is remembered for an hour of the series', () => {
    const { feed, silent, told, log } = stand()
    for (const minute of [0, 20]) feed(minute, 5)
    expect(silent(34)).toBe(RUNNING)
    expect(silent(49)).toBe(HELD)
    expect(silent(50)).toBe(IDLE)
    expect(told().at(-1)).toBe('50 closed spike')
    expect([...log.rows()]).toEqual([0])
    silent(51, { last: 80 })
    expect([...log.rows()]).toEqual([])
  })

  test('stays open while history still arrives, however late the clock', () => {
    const { feed, silent, told } = stand()
    for (const minute of [0, 20, 36]) feed(minute, minute < 36 ? 5 : 0)
    expect(silent(9000, { last: 36, touched: 8990 })).toBe(HELD)
    expect(silent(9000, { last: 50, touched: 8990 })).toBe(IDLE)
    expect(told().at(-1)).toBe('50 closed spike')
  })

  test('leaves nothing open where its series or its rule goes', () => {
    for (const how of ['close', 'withdraw', 'abandon'] as const) {
      const { feed, log, told } = stand()
      play(feed, 40, (minute) => (minute === 0 || minute === 20 ? 5 : 0))
      expect(log.book.list({ limit: 9, state: ['open'] })).toHaveLength(1)
      if (how === 'close') log.close(0, () => factsOf())
      else if (how === 'withdraw') log.withdraw(0, () => factsOf(), 42 * MINUTE)
      else log.abandon(0, factsOf().about, 42 * MINUTE)
      log.flush()
      expect(told().at(-1)).toBe(how === 'close' ? '50 closed spike' : '42 closed spike')
      expect(log.book.list({ limit: 1 })[0]!.withdrawn).toBe(how === 'close' ? undefined : true)
      expect([...log.rows()]).toEqual([])
    }
  })
})

test('whatever comes: ids open once and close once, and nothing that is alone is lost', () => {
  const value = fc.constantFrom(0, 0, 0, 0, 2, 5, -3)
  const stretch = fc.record({ length: fc.integer({ min: 1, max: 40 }), value })
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 120 }), fc.constantFrom(0, 3), (stretches, for_min) => {
      const values = stretches.flatMap(({ length, value: level }) => Array<number>(length).fill(level))
      const { feed, silent, events, log } = stand(for_min)
      for (const [minute, level] of values.entries()) feed(minute, level)
      silent(values.length + 15)
      silent(values.length + HOUR)
      const open = new Map<string, boolean>()
      for (const { type, finding } of events) {
        expect(open.get(finding.id)).toBe(type === 'opened' ? undefined : true)
        open.set(finding.id, type !== 'closed')
      }
      expect([...open.values()]).not.toContain(true)
      expect([...log.rows()].length).toBeLessThanOrEqual(1)
      const opened = events.filter(({ type }) => type === 'opened')
      for (let minute = 0; minute + for_min < values.length; minute++) {
        const lasts = values.slice(minute, minute + for_min + 1).every((level) => level !== 0)
        const alone = values.slice(Math.max(0, minute - HOUR), minute).every((level) => level === 0)
        if (lasts && alone) expect(opened.map(({ finding }) => finding.since_ms)).toContain(minute * MINUTE)
      }
    }),
    { numRuns: 200 },
  )
})

test('of spikes less than an hour apart three findings open, however many there are', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 16, max: 59 }), { minLength: 10, maxLength: 60 }), (gaps) => {
      const { feed, told } = stand()
      let next = 0
      const spikes = new Set(gaps.map((gap) => (next += gap)))
      play(feed, next + HOUR + 1, (minute) => (spikes.has(minute) ? 5 : 0))
      const opened = told().filter((text) => text.includes('opened'))
      expect(opened.length).toBeGreaterThanOrEqual(2)
      expect(opened.length).toBeLessThanOrEqual(3)
    }),
  )
})

test('of bouts of any length on one side, less than an hour apart, three findings a kind open, however many there are', () => {
  const bout = fc.record({ calm: fc.integer({ min: 16, max: 58 }), lasts: fc.integer({ min: 1, max: 40 }) })
  const level = fc.constantFrom(1.1, 3, 9)
  fc.assert(
    fc.property(fc.array(fc.tuple(bout, level, level), { minLength: 20, maxLength: 60 }), (bouts) => {
      const values = bouts.flatMap(([{ calm, lasts }, first, rest]) => [
        ...Array<number>(calm).fill(0),
        first,
        ...Array<number>(lasts - 1).fill(rest),
      ])
      const { feed, events } = stand()
      play(feed, values.length, (minute) => values[minute]!)
      const opened = events.filter(({ type }) => type === 'opened')
      expect(opened.length).toBeLessThanOrEqual(9)
      expect(new Set(opened.map(({ finding }) => finding.id)).size).toBe(opened.length)
    }),
  )
})
