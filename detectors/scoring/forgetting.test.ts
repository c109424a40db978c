import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { type Log, silentLog } from '#core/ports/log.ts'
import { type Meter, silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition } from '#core/series.ts'

import { specOf } from '../testing/spec.fixture.ts'
import { ScoringEngine } from './engine.ts'
import type { AnomalySpec } from './spec.ts'

const MINUTE = 60_000
const HOUR = 60
const DAY = 24 * HOUR
const START = Date.UTC(2026, 0, 5)
const golden = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../../tests/golden', name))

const PLAIN = [{ name: METRIC_NAME, op: '=', value: 'cpu' }] as const
const ruleOf = (name: string, kind = 'band', over: Partial<AnomalySpec> = {}): AnomalySpec =>
  specOf(name, kind, { evidence: true, plain: PLAIN, ...over })

const definition = (id: number): SeriesDefinition => ({
  labels: Labels.of({ [METRIC_NAME]: 'cpu', service_name: 'shop', pod: `pod-${id}` }),
  type: 'gauge',
  unit: '1',
  help: '',
  kind: 'float',
  bounds: new Float64Array(),
})

/** Series by number, fed and ticked by minute; counts what the engine counts. */
class Stand {
  readonly events: FindingEvent[] = []
  readonly counts: Record<string, number> = {}
  readonly warned: string[] = []
  readonly engine: ScoringEngine
  #rows = (): number => NaN
  readonly pulses: Map<number, { time_ms: number; longest_ms: number; stale: boolean }>

  /** `before`: whose series these are, where it goes on. */
  constructor(scored_series: number, specs = [ruleOf('Cpu')], before?: Stand) {
    this.pulses = new Map(before?.pulses)
    const meter: Meter = {
      ...silentMeter,
      counter: (name) => ({
        add: (value, attributes = {}) => {
          const line = [name.replace('barograph.detectors.', ''), ...Object.values(attributes)].join(' ')
          this.counts[line] = (this.counts[line] ?? 0) + value
        },
      }),
      gauge: (name, _options, read) => {
        if (name === 'barograph.detectors.rows') this.#rows = read as () => number
      },
    }
    const log: Log = { ...silentLog, warn: (message) => void this.warned.push(message) }
    const sink = { finding: (event: FindingEvent) => void this.events.push(event) }
    const pulse = (id: number) => this.pulses.get(id)
    this.engine = new ScoringEngine({ definition, pulse, sink, log, meter, scored_series })
    this.engine.setRules(specs)
  }

  get rows(): number {
    return this.#rows()
  }

  /** One sample each of series `from` to `to`. */
  feed(minute: number, from: number, to: number, value = 1): this {
    const samples = new SampleBuilder()
    const time_ms = START + minute * MINUTE
    for (let id = from; id < to; id++) {
      samples.float(id, time_ms, value)
      this.pulses.set(id, { time_ms, longest_ms: time_ms - (this.pulses.get(id)?.time_ms ?? NaN), stale: false })
    }
    this.engine.samples(samples.batch(), new Uint8Array(samples.length).fill(1))
    return this
  }

  /** `complete`: up to which minute all is there, where sources lag. */
  tick(minute: number, complete?: number): this {
    const known = complete === undefined ? {} : { complete_ms: START + complete * MINUTE }
    this.engine.tick(START + minute * MINUTE, known)
    return this
  }

  /** These are marked stale, which scoring does not take for samples. */
  mark(from: number, to: number): this {
    for (let id = from; id < to; id++) this.pulses.set(id, { ...this.pulses.get(id)!, stale: true })
    return this
  }

  /** A sample each minute. */
  go(from: number, to: number, ...series: readonly (readonly [number, number])[]): this {
    for (let minute = from; minute < to; minute++) {
      for (const [first, end] of series) this.feed(minute, first, end)
      this.tick(minute)
    }
    return this
  }

  /** Series live from one minute to another, a sample every ten minutes. */
  live(from: number, to: number, series: readonly [number, number]): this {
    for (let minute = from; minute < to; minute += 10) this.feed(minute, ...series).tick(minute)
    return this
  }

  /** Nothing comes. */
  pass(from: number, to: number): this {
    for (let minute = from; minute < to; minute += 10) this.tick(minute)
    return this
  }
}

describe('where there is no room for new series', () => {
  test('those give way that have been silent longest, and the newcomers lose no sample', () => {
    const stand = new Stand(10).live(0, 300, [0, 10]).live(300, 330, [2, 10]).live(330, 400, [7, 10])
    const before = stand.counts['judged']!
    stand.feed(400, 20, 22)
    expect(stand.counts).toMatchObject({ judged: before + 2, 'rows_forgotten full': 2 })
    stand.feed(401, 2, 10)
    expect(stand.counts).toMatchObject({ judged: before + 2 + 8, 'rows_forgotten full': 2 })
    stand.feed(402, 22, 24)
    expect(stand.counts).toMatchObject({ judged: before + 2 + 8, rows_refused: 2 })
    expect(stand.rows).toBe(10)
  })

  test('it is logged once, counted, and those that were refused come in when others have gone', () => {
    const stand = new Stand(100).live(0, 300, [0, 100]).feed(301, 100, 150)
    expect(stand.counts['rows_refused']).toBe(50)
    stand.live(310, 400, [100, 150])
    expect(stand.counts['rows_forgotten full']).toBeGreaterThanOrEqual(50)
    expect(stand.rows).toBeLessThanOrEqual(100)
    const before = stand.counts['judged']!
    stand.feed(401, 100, 150)
    expect(stand.counts['judged']! - before).toBe(50)
    expect(stand.warned.filter((message) => message.includes('give way'))).toHaveLength(1)
  })

  test('who had a sample within the hour never does', () => {
    const stand = new Stand(10).live(0, 120, [0, 10]).feed(160, 20, 30)
    expect(stand.counts).toMatchObject({ rows_refused: 10 })
    expect(stand.counts['rows_forgotten full']).toBeUndefined()
  })

  test('who lived for long stays before who lived for short', () => {
    const stand = new Stand(20).live(0, 10 * HOUR, [0, 10]).live(10 * HOUR, 11 * HOUR, [10, 20])
    // The old ones are silent for four hours, the young ones for three.
    stand.tick(13 * HOUR + 50)
    expect(stand.rows).toBe(11)
    stand.feed(14 * HOUR, 20, 30)
    expect(stand.counts).toMatchObject({ 'rows_forgotten spent': 9, 'rows_forgotten full': 1 })
    const judged = stand.counts['judged']!
    stand.feed(15 * HOUR, 0, 10)
    expect(stand.counts['judged']! - judged).toBe(10)
    expect(stand.counts['rows_forgotten full']).toBe(1)
  })

  test('a series that comes again in the batch that fills the table keeps its rows under all rules', () => {
    const stand = new Stand(20, [ruleOf('A'), ruleOf('B')]).live(0, 60, [0, 10])
    stand.feed(300, 0, 12)
    expect(stand.counts['judged']).toBe(6 * 20 + 20)
    expect(stand.counts).toMatchObject({ rows_refused: 4 })
  })

  test('an open finding stays, whoever comes', () => {
    const stand = new Stand(4, [ruleOf('Cpu', 'band', { evidence: false }), ruleOf('Gone', 'absence')])
    for (let minute = 0; minute < 3 * HOUR; minute++) {
      stand.feed(minute, 0, 1, minute % 3)
      stand.feed(minute, 1, 2, minute % 3)
      stand.tick(minute)
    }
    for (let minute = 3 * HOUR; minute < 8 * HOUR; minute++) stand.feed(minute, 1, 2, minute % 3).tick(minute)
    for (let minute = 8 * HOUR; minute < 9 * HOUR; minute++) {
      stand.feed(minute, 1, 2, minute % 3)
      stand.feed(minute, 10, 20).tick(minute)
    }
    const details = stand.events.map(({ finding }) => `${finding.detail} ${finding.state}`)
    expect(new Set(details)).toEqual(new Set(['late open', 'broken open']))
    expect(stand.engine.list({ state: ['open'], limit: 9 })).toHaveLength(1)
    expect(stand.counts).toMatchObject({ 'rows_forgotten spent': 1, rows_refused: expect.any(Number) as number })
  })
})

describe('a rollover: most of what there is ends, and as much begins', () => {
  test('the new ones are followed some minutes later, and the old ones that are not in their way stay', () => {
    const stand = new Stand(500).go(0, 120, [0, 400], [400, 410])
    stand.go(120, 124, [1000, 1400], [400, 410])
    expect(stand.counts['rows_forgotten full']).toBeUndefined()
    stand.go(124, 128, [1000, 1400], [400, 410])
    expect(stand.counts['rows_forgotten full']).toBeGreaterThanOrEqual(310)
    expect(stand.counts['rows_forgotten full']).toBeLessThan(310 + 500 / 64)
    const judged = stand.counts['judged']!
    stand.feed(128, 1000, 1400).feed(128, 400, 410)
    expect(stand.counts['judged']! - judged).toBe(410)
    expect(stand.warned).toHaveLength(2)
  })

  test('sooner where the old ones were marked stale', () => {
    const stand = new Stand(50).go(0, 120, [0, 40], [40, 41]).mark(0, 40).go(120, 124, [100, 140], [40, 41])
    const judged = stand.counts['judged']!
    stand.feed(124, 100, 140)
    expect(stand.counts['judged']! - judged).toBe(40)
  })

  test('what comes every twenty minutes is not taken for silent in between', () => {
    const stand = new Stand(10)
    for (let minute = 0; minute < 120; minute += 20) stand.go(minute, minute + 20, [9, 10]).feed(minute, 0, 9)
    stand.go(120, 175, [9, 10], [100, 110])
    expect(stand.counts['rows_forgotten full']).toBeUndefined()
    expect(stand.counts['rows_refused']).toBeGreaterThan(0)
  })

  test('where all were silent at once nobody gives way when they come back: the network was away, not they', () => {
    const stand = new Stand(100).go(0, 120, [0, 100])
    stand.tick(150).feed(150, 500, 550).tick(151).feed(151, 0, 100).feed(152, 500, 550).tick(152)
    expect(stand.counts['rows_forgotten full']).toBeUndefined()
    expect(stand.rows).toBe(100)
  })

  test('nobody does while sources lag', () => {
    const stand = new Stand(50).go(0, 120, [0, 50])
    for (let minute = 120; minute < 150; minute++) stand.feed(minute, 100, 140).tick(minute, 119)
    expect(stand.counts['rows_forgotten full']).toBeUndefined()
    stand.go(150, 157, [100, 140])
    expect(stand.counts['rows_forgotten full']).toBeGreaterThanOrEqual(40)
  })

  test('it is the same wherever a restart comes between', () => {
    const run = (...cuts: number[]): Uint8Array => {
      let stand = new Stand(50)
      for (let minute = 0; minute < 200; minute++) {
        if (cuts.includes(minute)) {
          const [rows, routes] = [stand.engine.save(), stand.engine.routes.save()]
          stand = new Stand(50, undefined, stand)
          stand.engine.load(rows)
          stand.engine.routes.load(routes)
        }
        const from = minute < 120 ? 0 : 100
        stand.feed(minute, from, from + 40).feed(minute, 40, 45)
        stand.tick(minute)
      }
      return stand.engine.save()
    }
    const bytes = run()
    for (const cut of [60, 119, 121, 124, 125, 126, 130]) expect(Buffer.compare(run(cut), bytes), `${cut}`).toBe(0)
  })
})

test('a snapshot that knows since when samples come still loads, and is written as it was', () => {
  const again = new Stand(3, undefined, new Stand(3).go(0, 5, [0, 2]))
  again.engine.load(golden('scoring-5-farthest.bin'))
  expect(Buffer.compare(again.engine.save(), golden('scoring-5-farthest.bin'))).toBe(0)
})

test('a snapshot from before bands were held to the farthest still loads', () => {
  const stand = new Stand(3).go(0, 5, [0, 2])
  const again = new Stand(3, undefined, stand)
  again.engine.load(golden('scoring-5-flow.bin'))
  again.go(5, 8, [0, 2])
  expect(again.rows).toBe(stand.rows)
})

describe('where there is room', () => {
  test('a series is remembered as long as it lived, an hour at least', () => {
    const stand = new Stand(1000).live(0, 10 * HOUR, [0, 200]).live(10 * HOUR, 10 * HOUR + 30, [200, 400])
    stand.pass(10 * HOUR + 30, 12 * HOUR)
    // A twentieth of the limit is kept for all that.
    expect(stand.rows).toBe(200 + 50)
    stand.pass(12 * HOUR, 19 * HOUR)
    expect(stand.rows).toBe(200 + 50)
    stand.pass(19 * HOUR, 22 * HOUR)
    expect(stand.rows).toBe(50)
    expect(stand.counts).toEqual({ judged: 60 * 200 + 3 * 200, 'rows_forgotten spent': 350 })
    stand.pass(22 * HOUR, 10 * DAY)
    expect(stand.rows).toBe(0)
    expect(stand.counts['rows_forgotten age']).toBe(50)
  })

  test('a job that runs ten minutes a day, or a week, finds what was learned of it', () => {
    for (const every of [DAY, 7 * DAY]) {
      const stand = new Stand(1000, [ruleOf('Cpu', 'band', { evidence: false })])
      for (let run = 0; run < 3; run++) {
        for (let minute = 0; minute < 10; minute++) stand.feed(run * every + minute, 0, 1, 100 + (minute % 3))
        stand.pass(run * every + 10, (run + 1) * every)
      }
      stand.feed(3 * every, 0, 1, 101)
      expect(stand.engine.newest(1)[0]?.verdict.expected).toBeCloseTo(101, 0)
      expect(stand.rows).toBe(1)
    }
  })

  test('an outage of half a day takes nothing of what lived for a day', () => {
    const stand = new Stand(1000).live(0, DAY, [0, 500]).pass(DAY, 1.5 * DAY)
    expect(stand.rows).toBe(500)
  })

  test('what is decommissioned is told of', () => {
    const stand = new Stand(20, [ruleOf('Gone', 'absence')])
    for (let minute = 0; minute < 2 * HOUR; minute++) stand.feed(minute, 0, 2).tick(minute)
    for (let minute = 2 * HOUR; minute < 2 * DAY; minute++) stand.tick(minute)
    const told = stand.events.map(({ type, finding }) => (type === 'closed' ? type : finding.detail))
    expect([...new Set(told)]).toEqual(['late', 'decommissioned', 'closed'])
  })
})

describe('churn', () => {
  test('ten waves of pods leave as many rows and bytes as two', () => {
    const stand = new Stand(2500)
    const held: [number, number][] = []
    for (let wave = 0; wave < 10; wave++) {
      stand.live(wave * 6 * HOUR, (wave + 1) * 6 * HOUR, [wave * 1000, (wave + 1) * 1000])
      held.push([stand.rows, stand.engine.bytes])
    }
    expect(stand.counts['rows_refused']).toBeUndefined()
    const [rows, bytes] = held[2]!
    for (const [more, size] of held.slice(3)) {
      expect(more).toBeLessThanOrEqual(rows)
      // Ids of series are never used again: what is kept by id is four bytes each, until its page is done with.
      expect(size).toBeLessThan(bytes * 1.02)
    }
  })

  test('what goes follows from samples and ticks alone, wherever a restart comes between', () => {
    const run = (...cuts: number[]): [Uint8Array, number] => {
      let stand = new Stand(300)
      let judged = 0
      for (let minute = 0; minute < 3 * DAY; minute += 20) {
        if (cuts.includes(minute)) {
          const bytes = stand.engine.save()
          judged += stand.counts['judged'] ?? 0
          stand = new Stand(300)
          stand.engine.load(bytes)
        }
        const wave = Math.floor(minute / 300)
        stand.feed(minute, 100 + wave * 90, 100 + (wave + 1) * 90).feed(minute, wave % 50, (wave % 50) + 30)
        stand.tick(minute)
      }
      return [stand.engine.save(), judged + stand.counts['judged']!]
    }
    const [bytes, judged] = run()
    for (const cuts of [[300], [640, 660, 2000], [3000]]) {
      const [again, count] = run(...cuts)
      expect(count).toBe(judged)
      expect(Buffer.compare(again, bytes)).toBe(0)
    }
  })
})
