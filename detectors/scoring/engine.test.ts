import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import type { Log } from '#core/ports/log.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { Matcher } from '#core/ports/series-reader.ts'
import { SampleBuilder } from '#core/sample.ts'
import { findingSentence } from '#core/sentences/finding.ts'
import { Labels, METRIC_NAME, type MetricType, type SeriesDefinition } from '#core/series.ts'

import { specOf } from '../testing/spec.fixture.ts'
import { Budgets } from './budgets.ts'
import { ScoringEngine } from './engine.ts'
import type { ScoringOptions } from './options.ts'
import type { AnomalySpec } from './spec.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)

const named = (metric: string): Matcher[] => [{ name: METRIC_NAME, op: '=~', value: metric }]

function rule(name: string, over: Partial<AnomalySpec> & { detect?: unknown } = {}): AnomalySpec {
  const { detect, ...rest } = over
  return specOf(name, detect, {
    plain: named('cpu.*'),
    render: ({ value, expected }) => ({
      severity: 'warning',
      annotations: { summary: `${value.toFixed(0)} not ${expected.toFixed(0)}` },
    }),
    ...rest,
  })
}

function series(metric: string, service: string, type: MetricType = 'gauge'): SeriesDefinition {
  const labels = Labels.of({ [METRIC_NAME]: metric, service_name: service })
  return { labels, type, unit: '1', help: '', kind: 'float', bounds: new Float64Array() }
}

/** An engine with a sink that remembers, fed by minute. */
function stand(definitions: readonly SeriesDefinition[], options: Partial<ScoringOptions> = {}) {
  const events: FindingEvent[] = []
  const engine = new ScoringEngine({
    definition: (id) => definitions[id]!,
    sink: { finding: (event) => void events.push(event) },
    log: silentLog,
    meter: silentMeter,
    ...options,
  })
  const feed = (minute: number, ...values: (number | undefined)[]): void => {
    const samples = new SampleBuilder()
    for (const [id, value] of values.entries())
      if (value !== undefined) samples.float(id, START + minute * MINUTE, value)
    engine.samples(samples.batch(), new Uint8Array(samples.length).fill(1))
  }
  const told = (): string[] =>
    events.map(({ type, at_ms, finding }) => `${(at_ms - START) / MINUTE} ${type} ${finding.kind} ${finding.service}`)
  return { engine, events, feed, told }
}

/** Deterministic wobble of about one around `level`. */
const calm = (minute: number, level = 100): number => level + Math.sin(minute * 1.7) + Math.sin(minute * 0.61) / 2

describe('streaming', () => {
  test('a spike becomes a finding that opens, closes and can be looked up', () => {
    const { engine, feed, told, events } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu')])
    for (let minute = 0; minute < 300; minute++) feed(minute, calm(minute))
    expect(told()).toEqual([])
    for (let minute = 300; minute < 303; minute++) feed(minute, 200)
    for (let minute = 303; minute < 330; minute++) feed(minute, calm(minute))
    expect(told()).toEqual([
      '300 opened spike shop',
      '301 updated spike shop',
      '302 updated spike shop',
      '317 closed spike shop',
    ])
    const [finding] = engine.list({ limit: 10 })
    expect(finding).toMatchObject({
      rule: 'Cpu',
      metric: 'cpu',
      unit: '1',
      state: 'closed',
      value: 200,
      direction: 'up',
      severity: 'warning',
      annotations: { summary: '200 not 100' },
    })
    expect(finding?.experts).toContain('above')
    expect(finding?.labels.toJSON()).toEqual({ service_name: 'shop' })
    expect(engine.get(events[0]!.finding.id)).toBe(finding)
    expect(engine.list({ state: ['open'], limit: 10 })).toEqual([])
  })

  test('only fresh, present samples of series that a rule follows are judged', () => {
    const { engine } = stand([series('cpu', 'shop'), series('memory', 'shop')])
    engine.setRules([rule('Cpu')])
    const samples = new SampleBuilder()
    samples.float(0, START, 1)
    samples.float(0, START + MINUTE, 2, true)
    samples.float(0, START - MINUTE, 3)
    samples.float(1, START, 4)
    engine.samples(samples.batch(), Uint8Array.of(1, 1, 0, 1))
    expect(engine.newest(9)).toMatchObject([
      { rule: 'Cpu', metric: 'cpu', time_ms: START, value: 1, verdict: { score: 0 } },
    ])
  })

  test('a counter is judged by its rate, a reset by nothing', () => {
    const { engine, feed, told } = stand([series('cpu_total', 'shop', 'counter')])
    engine.setRules([rule('Cpu')])
    let count = 1e6
    for (let minute = 0; minute < 200; minute++) feed(minute, (count += 600 + 30 * Math.sin(minute)))
    expect(engine.newest(1)[0]?.value).toBeCloseTo(10, 0)
    feed(200, (count = 12))
    for (let minute = 201; minute < 230; minute++) feed(minute, (count += 600 + 30 * Math.sin(minute)))
    expect(told()).toEqual([])
    feed(230, (count += 6000))
    expect(told()).toEqual(['230 opened spike shop'])
    expect(engine.list({ limit: 1 })[0]).toMatchObject({ unit: '1/s', value: 100 })
  })

  test('a direction is not anomalous the other way', () => {
    const { engine, feed, told } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu', { direction: 'up' })])
    for (let minute = 0; minute < 200; minute++) feed(minute, calm(minute))
    feed(200, 0)
    expect(told()).toEqual([])
    expect(engine.newest(1)[0]?.verdict.score).toBe(0)
  })

  test('findings of one batch come by event time and id', () => {
    const { engine, events } = stand([series('cpu', 'a'), series('cpu', 'b')])
    engine.setRules([rule('Cpu')])
    const samples = new SampleBuilder()
    for (const id of [0, 1]) {
      for (let minute = 0; minute < 100; minute++) samples.float(id, START + minute * MINUTE, calm(minute))
      samples.float(id, START + (102 - id) * MINUTE, 900)
    }
    engine.samples(samples.batch(), new Uint8Array(samples.length).fill(1))
    expect(events.map(({ finding }) => finding.service)).toEqual(['b', 'a'])
  })
})

describe('runs', () => {
  test('a level that lasts is held for two hours, then adopted: the finding says so, and the next one remembers it', () => {
    const { engine, feed, events } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu', { detect: { kind: 'band', window: '3h' } })])
    for (let minute = 0; minute < 600; minute++) feed(minute, calm(minute))
    for (let minute = 600; minute < 900; minute++) feed(minute, calm(minute, 140))
    const [finding] = engine.list({ limit: 1 })
    expect(finding).toMatchObject({ state: 'closed', adopted: true, kind: 'level_up', until_ms: finding!.last_ms })
    expect((finding!.last_ms - finding!.since_ms) / MINUTE).toBeGreaterThanOrEqual(60)
    expect(findingSentence(finding!, { language: 'en', zone: 'UTC' })).toMatch(/; the new normal from \d\d:\d\d/)
    events.length = 0
    for (let minute = 900; minute < 1300; minute++) feed(minute, calm(minute, 200))
    expect(events[0]?.finding.similar_ms).toBe(undefined)
    expect(events.at(-1)?.finding).toMatchObject({ kind: 'level_up', similar_ms: START + 600 * MINUTE })
  })

  test('the way back from an adopted level says that it is one, until a week has passed', () => {
    const back = (gap_days: number): FindingEvent[] => {
      const { engine, feed, events } = stand([series('cpu', 'shop')])
      engine.setRules([rule('Cpu', { detect: { kind: 'band', window: '3h' } })])
      const until = 900 + gap_days * 1440
      for (let minute = 0; minute < 600; minute++) feed(minute, calm(minute))
      for (let minute = 600; minute < until; minute++) feed(minute, calm(minute, 140))
      events.length = 0
      for (let minute = until; minute < until + 60; minute++) feed(minute, calm(minute))
      return events
    }
    expect(back(0).at(-1)!.finding).toMatchObject({ direction: 'down', restores_ms: START + 600 * MINUTE })
    expect(back(8).at(-1)!.finding).not.toHaveProperty('restores_ms')
  })

  test('an hour of something else does not become normal', () => {
    const { engine, feed } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu')])
    for (let minute = 0; minute < 600; minute++) feed(minute, calm(minute))
    for (let minute = 600; minute < 660; minute++) feed(minute, calm(minute, 140))
    expect(engine.newest(1)[0]!.value).toBeGreaterThan(engine.newest(1)[0]!.verdict.upper)
    expect(engine.list({ limit: 1 })[0]?.state).toBe('open')
    for (let minute = 660; minute < 700; minute++) feed(minute, calm(minute))
    expect(engine.newest(1)[0]!.verdict.score).toBeLessThan(1)
  })
})

describe('ticks', () => {
  test('a run closes by silence, but not while history still arrives', () => {
    const { engine, feed, told } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu')])
    for (let minute = 0; minute < 200; minute++) feed(minute, calm(minute))
    // The wall clock is days ahead of what arrives.
    engine.tick(START + 10_000 * MINUTE)
    feed(200, 900)
    engine.tick(START + 10_001 * MINUTE)
    expect(told()).toEqual(['200 opened spike shop'])
    engine.tick(START + 10_020 * MINUTE)
    expect(told()).toEqual(['200 opened spike shop', '215 closed spike shop'])
  })

  test('absence speaks on ticks unless sources lag, and names the last sample', () => {
    const { engine, feed, told, events } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Gone', { detect: { kind: 'absence' }, for_ms: MINUTE })])
    for (let minute = 0; minute < 30; minute++) {
      feed(minute, 1)
      engine.tick(START + minute * MINUTE)
    }
    engine.tick(START + 60 * MINUTE, { complete_ms: START + 29 * MINUTE })
    expect(told()).toEqual([])
    engine.tick(START + 60 * MINUTE)
    expect(told()).toEqual(['60 opened absent shop'])
    expect(events[0]?.finding).toMatchObject({ since_ms: START + 29 * MINUTE, value: NaN, experts: ['absence'] })
    for (let minute = 61; minute < 80; minute++) feed(minute, 1)
    expect(told()).toEqual(['60 opened absent shop', '75 closed absent shop'])
    expect(engine.newest(9)).toEqual([])
  })

  test('nothing is missing while its history comes in pieces, and what stays away after that is', () => {
    const { engine, feed, told } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Gone', { detect: { kind: 'absence' } })])
    const now = START + 600 * MINUTE
    engine.tick(now)
    for (let piece = 0; piece < 9; piece++) {
      for (let minute = piece * 60; minute < piece * 60 + 60; minute++) feed(minute, 1)
      for (let second = 0; second < 20; second++) engine.tick(now + (piece * 20 + second) * 1000)
    }
    expect(told()).toEqual([])
    engine.tick(now + 5 * MINUTE)
    expect(told()).toEqual(['605 opened absent shop'])
  })

  test('an absence is late at first, then broken or decommissioned by what else its service says', () => {
    const detailsOf = (others: boolean): string[] => {
      const { engine, feed, events } = stand([series('cpu', 'shop'), series('cpu_2', 'shop')])
      engine.setRules([rule('Gone', { detect: { kind: 'absence' } })])
      for (let minute = 0; minute < 30; minute++) feed(minute, 1, 1)
      const details = new Set<string>()
      for (let minute = 30; minute < 2000; minute++) {
        if (others) feed(minute, undefined, 1)
        engine.tick(START + minute * MINUTE)
        for (const { type, finding } of events.splice(0)) details.add(type === 'closed' ? type : finding.detail)
      }
      return [...details]
    }
    expect(detailsOf(true)).toEqual(['late', 'broken'])
    expect(detailsOf(false)).toEqual(['late', 'decommissioned', 'closed'])
  })

  test('a row that nobody feeds is forgotten', () => {
    const { engine, feed } = stand([series('cpu', 'shop')], { forget_ms: 60 * MINUTE })
    engine.setRules([rule('Cpu')])
    feed(0, 1)
    engine.tick(START + MINUTE)
    expect(engine.newest(1)).toHaveLength(1)
    engine.tick(START + 70 * MINUTE)
    expect(engine.newest(1)).toEqual([])
    feed(71, 1)
    expect(engine.newest(1)).toHaveLength(1)
  })

  test('a row that gets no samples any more has no newest verdict while others have: what was learned stays', () => {
    const { engine, feed } = stand([series('cpu', 'gone'), series('cpu', 'stays')], {
      pulse: () => ({ longest_ms: MINUTE, stale: false }),
    })
    engine.setRules([rule('Cpu')])
    const shown = (): (string | undefined)[] => engine.newest(9).map(({ labels }) => labels.get('service_name'))
    const pass = (from: number, to: number, ...values: (number | undefined)[]): void => {
      for (let minute = from; minute < to; minute++) {
        feed(minute, ...values)
        engine.tick(START + minute * MINUTE)
      }
    }
    pass(0, 60, 1, 1)
    pass(60, 64, undefined, 1)
    expect(shown()).toEqual(['gone', 'stays'])
    pass(64, 65, undefined, 1)
    expect(shown()).toEqual(['stays'])
    expect(engine.following().get(rule('Cpu').key)).toMatchObject({ series: 2 })
    pass(65, 66, 1, 1)
    expect(shown()).toEqual(['gone', 'stays'])
    engine.tick(START + 100 * MINUTE)
    expect(shown()).toEqual([])
  })

  test('a row is not forgotten for a clock that nobody believes yet', () => {
    let aged_ms = START + MINUTE
    const { engine, feed } = stand([series('cpu', 'shop')], { forget_ms: 60 * MINUTE, aged_ms: () => aged_ms })
    engine.setRules([rule('Cpu')])
    feed(0, 1)
    engine.tick(START + MINUTE)
    engine.tick(START + 1e6 * MINUTE)
    expect(engine.newest(1)).toHaveLength(1)
    aged_ms = START + 1e6 * MINUTE
    engine.tick(aged_ms + 60 * MINUTE)
    expect(engine.newest(1)).toEqual([])
  })
})

describe('rules', () => {
  test('a rule step scores through a row of its own; time must ascend', () => {
    const { engine } = stand([])
    engine.setRules([rule('P95', { plain: null })])
    const labels = Labels.of({ service_name: 'shop' })
    const row = engine.row('test/P95', labels, { metric: '', unit: 's' })
    expect(engine.row('test/P95', labels, { metric: '', unit: 's' })).toBe(row)
    for (let minute = 0; minute < 60; minute++) engine.score(row, START + minute * MINUTE, calm(minute, 5))
    expect(engine.score(row, START, 9)).toEqual({ score: 0, expected: NaN, lower: NaN, upper: NaN })
    expect(engine.score(row, START + 61 * MINUTE, NaN).score).toBe(0)
    expect(engine.score(row, START + 62 * MINUTE, 900).score).toBeGreaterThan(1)
    expect(() => engine.row('test/None', labels, { metric: '', unit: '' })).toThrow(/no anomaly rule/)
  })

  test('the limit of rows is counted, logged once and refuses no other work', () => {
    const warned: string[] = []
    const log: Log = { ...silentLog, warn: (message) => void warned.push(message) }
    const { engine, feed } = stand([series('cpu1', 'a'), series('cpu2', 'b'), series('cpu3', 'c')], {
      log,
      scored_series: 1,
    })
    engine.setRules([rule('Cpu')])
    feed(0, 1, 2, 3)
    feed(1, 1, 2, 3)
    expect(engine.newest(9).map(({ metric }) => metric)).toEqual(['cpu1'])
    expect(warned).toHaveLength(1)
    expect(() => engine.row('test/Cpu', Labels.of({ x: 'y' }), { metric: '', unit: '' })).toThrow(
      /limits.scored_series/,
    )
  })

  test('a reload keeps what is known where the detector stays, and closes what belongs to rules that went', () => {
    const { engine, feed, told } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu'), rule('Old')])
    for (let minute = 0; minute < 200; minute++) feed(minute, calm(minute))
    feed(200, 900)
    engine.setRules([rule('Cpu', { budget_per_week: 2, direction: 'up' })])
    expect(told()).toEqual(['200 opened spike shop', '200 opened spike shop', '200 closed spike shop'])
    expect(engine.list({ rule: 'Old', limit: 1 })[0]?.state).toBe('closed')
    feed(201, 901)
    expect(told().at(-1)).toBe('201 updated spike shop')
    expect(engine.newest(1)[0]?.verdict.upper).toBeLessThan(901)
  })
})

describe('snapshots', () => {
  test('saving and loading in mid-stream changes no event', () => {
    const definitions = [series('cpu', 'a'), series('cpu_total', 'b', 'counter'), series('cpu', 'c')]
    const same: boolean[] = []
    const specs = [rule('Cpu', { for_ms: 2 * MINUTE }), rule('Gone', { detect: 'absence' })]
    const run = (cut: number): FindingEvent[] => {
      let { engine, feed, events } = stand(definitions)
      const all: FindingEvent[] = []
      engine.setRules(specs)
      for (let minute = 0; minute < 500; minute++) {
        if (minute === cut) {
          const bytes = engine.save()
          all.push(...events)
          ;({ engine, feed, events } = stand(definitions))
          engine.setRules(specs)
          engine.load(bytes)
          same.push(Buffer.compare(engine.save(), bytes) === 0)
        }
        feed(
          minute,
          minute > 300 && minute < 306 ? 500 : calm(minute),
          minute * 60 + calm(minute),
          minute < 290 ? 1 : undefined,
        )
        engine.tick(START + minute * MINUTE)
      }
      return [...all, ...events]
    }
    const whole = run(-1)
    expect(whole.map(({ type }) => type)).toContain('closed')
    for (const cut of [100, 303, 310]) expect(run(cut)).toEqual(whole)
    expect(same).toEqual([true, true, true])
  })

  test('what flaps is one finding whenever it is saved and loaded, in batches as sample by sample', () => {
    const specs = [rule('Cpu', { detect: 'band' }), rule('All', { detect: 'rolling', evidence: true })]
    // Ever higher: what is as it was is not unusual for long.
    const spikes = [300, 320, 361, 383, 431, 480, 503, 556, 585, 640, 663, 701, 750]
    const spiky = (minute: number): number => {
      const place = spikes.indexOf(minute)
      return place < 0 ? calm(minute) : 400 * 2 ** place
    }
    const run = (cut: number): FindingEvent[] => {
      let budgets = new Budgets(silentMeter)
      let { engine, feed, events } = stand([series('cpu', 'shop')], { budgets })
      const all: FindingEvent[] = []
      engine.setRules(specs)
      for (let minute = 0; minute < 800; minute++) {
        if (minute === cut) {
          const bytes = engine.save()
          const spent = budgets.save()
          all.push(...events)
          budgets = new Budgets(silentMeter)
          ;({ engine, feed, events } = stand([series('cpu', 'shop')], { budgets }))
          engine.setRules(specs)
          budgets.load(spent)
          engine.load(bytes)
          expect(Buffer.compare(engine.save(), bytes)).toBe(0)
        }
        feed(minute, spiky(minute))
        engine.tick(START + minute * MINUTE)
      }
      return [...all, ...events]
    }
    const whole = run(-1)
    for (const { name } of specs) {
      const own = whole.filter(({ finding }) => finding.rule === name)
      expect(own.filter(({ type }) => type === 'opened').length).toBeLessThanOrEqual(3)
      expect(own.at(-1)?.finding).toMatchObject({ kind: 'spike', state: 'open' })
      expect(own.at(-1)?.finding.flapping?.returns).toBeGreaterThan(5)
    }
    for (const cut of [310, 321, 340, 361, 390, 450, 641]) expect(run(cut)).toEqual(whole)
    const { engine, events } = stand([series('cpu', 'shop')])
    engine.setRules(specs)
    for (let from = 0; from < 800; from += 100) {
      const samples = new SampleBuilder()
      for (let minute = from; minute < from + 100; minute++) samples.float(0, START + minute * MINUTE, spiky(minute))
      engine.samples(samples.batch(), new Uint8Array(samples.length).fill(1))
    }
    expect(events.filter(({ type }) => type !== 'updated')).toEqual(whole.filter(({ type }) => type !== 'updated'))
  })

  test('where a rule goes its finding closes at once, and says why', () => {
    const { engine, feed, told, events } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu')])
    for (let minute = 0; minute < 200; minute++) feed(minute, calm(minute))
    feed(200, 900)
    engine.tick(START + 202 * MINUTE)
    engine.setRules([rule('Other')])
    expect(told()).toEqual(['200 opened spike shop', '202 closed spike shop'])
    expect(events.at(-1)!.finding).toMatchObject({ withdrawn: true, last_ms: START + 200 * MINUTE })
  })

  test('a rule that is gone after a restart leaves no open finding behind', () => {
    const before = stand([series('cpu', 'shop')])
    before.engine.setRules([rule('Cpu')])
    for (let minute = 0; minute < 200; minute++) before.feed(minute, calm(minute))
    before.feed(200, 900)
    const after = stand([series('cpu', 'shop')])
    after.engine.setRules([rule('Cpu', { detect: 'band' })])
    after.engine.load(before.engine.save())
    after.engine.flush()
    expect(after.told()).toEqual(['200 closed spike shop'])
    expect(after.events[0]!.finding.withdrawn).toBe(true)
    after.feed(201, 1)
    expect(after.engine.newest(9)).toHaveLength(1)
    expect(() => after.engine.load(new Uint8Array([1, 2, 3]))).toThrow(/cut short/)
  })

  test('rows are found again by rule and labels when series have other ids after a restart', () => {
    const definitions = [series('cpu', 'a'), series('cpu_total', 'b', 'counter'), series('cpu', 'c')]
    const specs = [rule('Lean', { detect: 'rolling', evidence: true }), rule('Cpu', { detect: 'rolling' })]
    const value = (id: number, minute: number): number =>
      id === 1 ? minute * 60 + calm(minute) : minute >= 300 && id === 2 ? 500 : calm(minute)
    const run = (cut: number): FindingEvent[] => {
      let { engine, feed, events } = stand(definitions)
      engine.setRules(specs)
      const all: FindingEvent[] = []
      let order = [0, 1, 2]
      for (let minute = 0; minute < 310; minute++) {
        if (minute === cut) {
          all.push(...events)
          const bytes = engine.save()
          order = [2, 0, 1]
          ;({ engine, feed, events } = stand(order.map((id) => definitions[id]!)))
          engine.setRules(specs)
          engine.load(bytes)
        }
        feed(minute, ...order.map((id) => value(id, minute)))
      }
      expect(engine.newest(9).map(({ metric }) => metric)).toEqual(['cpu', 'cpu', 'cpu_total'])
      return [...all, ...events]
    }
    const whole = run(-1)
    expect(whole.filter(({ type }) => type === 'opened').map(({ finding }) => finding.rule)).toEqual(
      expect.arrayContaining(['Cpu', 'Lean']),
    )
    expect(run(250)).toEqual(whole)
    expect(run(304)).toEqual(whole)
  })

  test('a description that is cut short is refused', () => {
    const { engine, feed } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu')])
    feed(0, 1)
    const bytes = Uint8Array.from(engine.save())
    expect(() => engine.load(bytes.subarray(0, -1))).toThrow(/another length/)
  })

  test('state of every released version still loads', () => {
    const bytes = readFileSync(join(import.meta.dirname, '../../tests/golden/scoring-1.bin'))
    const { engine, feed, told } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu'), rule('Gone', { detect: 'absence' })])
    engine.load(bytes)
    const again = stand([series('cpu', 'shop')])
    again.engine.setRules([rule('Cpu'), rule('Gone', { detect: 'absence' })])
    again.engine.load(engine.save())
    expect(Buffer.compare(again.engine.save(), engine.save())).toBe(0)
    expect(engine.list({ limit: 9 })).toMatchObject([{ state: 'open', value: 900, rule: 'Cpu' }])
    feed(2001, 100)
    expect(engine.newest(1)[0]).toMatchObject({ value: 100 })
    feed(2020, 100)
    expect(told()).toEqual(['2015 closed spike shop'])
  })

  test('state of version 2, with columns of rolling statistics, still loads', () => {
    const bytes = readFileSync(join(import.meta.dirname, '../../tests/golden/scoring-2.bin'))
    const { engine, feed, told } = stand([series('cpu', 'shop'), series('cpu_total', 'shop', 'counter')])
    engine.setRules([
      rule('Cpu'),
      rule('Gone', { detect: 'absence' }),
      rule('All', { detect: 'rolling', evidence: true }),
    ])
    engine.load(bytes)
    const again = stand([series('cpu', 'shop'), series('cpu_total', 'shop', 'counter')])
    again.engine.setRules([rule('Cpu'), rule('Gone', { detect: 'absence' }), rule('All', { detect: 'rolling' })])
    again.engine.load(engine.save())
    expect(Buffer.compare(again.engine.save(), engine.save())).toBe(0)
    expect(engine.list({ state: ['open'], limit: 9 }).map(({ rule: name, value }) => [name, value])).toEqual([
      ['Cpu', 900],
      ['All', 900],
    ])
    feed(401, calm(401), 401 * 60)
    feed(420, calm(420), 420 * 60)
    expect(told()).toEqual(['415 closed spike shop', '415 closed spike shop'])
  })

  test('state of version 3, with a finding that is held open since it flaps, still loads', () => {
    const bytes = readFileSync(join(import.meta.dirname, '../../tests/golden/scoring-3.bin'))
    const { engine, feed, told, events } = stand([series('cpu', 'shop')])
    engine.setRules([rule('Cpu', { detect: 'band' })])
    engine.load(bytes)
    feed(401, calm(401))
    feed(431, 1e6)
    for (let minute = 432; minute < 500; minute++) feed(minute, calm(minute))
    expect(told()).toEqual(['431 updated spike shop', '491 closed spike shop'])
    expect(events[1]?.finding.flapping).toEqual({ returns: 4, since_ms: START + 300 * MINUTE })
  })
})

describe('kinds that take batches', () => {
  test('say of samples as they come what they say of rule steps', () => {
    const definitions = [series('cpu', 'a'), series('cpu', 'b'), series('cpu', 'c')]
    const stream = stand(definitions)
    const steps = stand([])
    stream.engine.setRules([rule('Cpu', { detect: 'rolling', direction: 'up' })])
    steps.engine.setRules([rule('Cpu', { detect: 'rolling', direction: 'up', plain: null })])
    for (let minute = 0; minute < 400; minute++) {
      const values = definitions.map((_, id) =>
        minute % 97 === 96 ? 400 * (id - 1) : minute === 50 ? NaN : calm(minute + id),
      )
      stream.feed(minute, ...values)
      for (const [id, value] of values.entries()) {
        const labels = definitions[id]!.labels
        const row = steps.engine.row('test/Cpu', labels, { metric: 'cpu', unit: '1' })
        steps.engine.score(row, START + minute * MINUTE, value)
      }
      steps.engine.flush()
      expect(stream.engine.newest(9)).toEqual(steps.engine.newest(9))
    }
    expect(stream.events.length).toBeGreaterThan(3)
    expect(stream.events).toEqual(steps.events)
    expect(stream.events[0]?.finding.experts.length).toBeGreaterThanOrEqual(2)
  })

  test('judge a counter by its rate, several samples of a series in one batch, and two rules over it', () => {
    const { engine, events } = stand([series('cpu_total', 'shop', 'counter')])
    engine.setRules([rule('A', { detect: 'rolling' }), rule('B', { detect: 'rolling', evidence: true })])
    const samples = new SampleBuilder()
    let count = 1e6
    for (let minute = 0; minute < 200; minute++)
      samples.float(0, START + minute * MINUTE, (count += 600 + 30 * Math.sin(minute)))
    samples.float(0, START + 200 * MINUTE, (count = 12))
    samples.float(0, START + 199 * MINUTE, 1e9)
    samples.float(0, START + 201 * MINUTE, (count += 60_000))
    engine.samples(samples.batch(), new Uint8Array(samples.length).fill(1))
    expect(events.map(({ finding }) => [finding.rule, finding.value, finding.unit, finding.evidence])).toEqual(
      expect.arrayContaining([
        ['A', 1000, '1/s', false],
        ['B', 1000, '1/s', true],
      ]),
    )
    expect(events).toHaveLength(2)
  })
})

describe('churn', () => {
  test('a series that comes back under another id keeps its row', () => {
    const { engine, feed } = stand([series('cpu', 'shop'), series('cpu', 'other'), series('cpu', 'shop')])
    engine.setRules([rule('Cpu', { detect: 'rolling' })])
    for (let minute = 0; minute < 50; minute++) feed(minute, calm(minute))
    for (let minute = 50; minute < 60; minute++) feed(minute, undefined, undefined, calm(minute))
    expect(engine.newest(9)).toHaveLength(1)
    expect(engine.newest(9)[0]?.verdict.expected).toBeCloseTo(100, -1)
  })

  test('room that a forgotten row leaves goes to a series that was refused', () => {
    const { engine, feed } = stand([series('cpu1', 'a'), series('cpu2', 'b')], {
      scored_series: 1,
      forget_ms: 60 * MINUTE,
    })
    engine.setRules([rule('Cpu', { detect: 'rolling' })])
    feed(0, 1, 2)
    engine.tick(START + MINUTE)
    for (let minute = 2; minute < 90; minute += 10) {
      feed(minute, undefined, 2)
      engine.tick(START + minute * MINUTE)
    }
    feed(95, undefined, 2)
    feed(96, undefined, 2)
    expect(engine.newest(9).map(({ metric }) => metric)).toEqual(['cpu2'])
  })

  test('the index of rows finds what is there and nothing else, whatever came and went', () => {
    const { engine } = stand([])
    engine.setRules([rule('P', { plain: null, detect: 'rolling' })])
    const about = { metric: '', unit: '' }
    const rows = Array.from({ length: 500 }, (_, i) => engine.row('test/P', Labels.of({ i: String(i) }), about))
    expect(new Set(rows).size).toBe(500)
    expect(rows.map((_, i) => engine.row('test/P', Labels.of({ i: String(i) }), about))).toEqual(rows)
    engine.setRules([])
    engine.setRules([rule('P', { plain: null, detect: 'rolling' })])
    expect(new Set(rows.map((_, i) => engine.row('test/P', Labels.of({ i: String(i) }), about))).size).toBe(500)
    expect(engine.newest(9)).toEqual([])
  })
})
