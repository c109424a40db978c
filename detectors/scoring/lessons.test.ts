import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { FEEDBACK, type Feedback, type FindingEvent } from '#core/finding.ts'
import { silentLog } from '#core/ports/log.ts'
import { type Meter, silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import { specOf } from '../testing/spec.fixture.ts'
import { Budgets } from './budgets.ts'
import { ScoringEngine } from './engine.ts'
import type { AnomalySpec } from './spec.ts'

const MINUTE = 60_000
const DAY = 1440
const START = Date.UTC(2026, 0, 5)
/** When trouble begins: five days are known by then. */
const T = 5 * DAY
const golden = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../../tests/golden', name))

type Values = (minute: number) => number

/** A day of ±20 around 100, and a deterministic wobble of about one. */
const calm: Values = (minute) =>
  100 + 20 * Math.sin((minute / DAY) * 2 * Math.PI) + Math.sin(minute * 1.7) + Math.sin(minute * 0.61) / 2
const trouble: Values = (minute) => calm(minute) + 60

const PLAIN = [{ name: METRIC_NAME, op: '=', value: 'cpu' }] as const
const ruleOf = (kind: string): AnomalySpec => specOf('Cpu', kind, { plain: PLAIN })

/** One series under one rule, fed by minute. */
class Stand {
  readonly events: FindingEvent[] = []
  readonly engine: ScoringEngine
  readonly #budgets: Budgets

  constructor({
    copies = 10,
    meter = silentMeter,
    kind = 'auto',
  }: { copies?: number; meter?: Meter; kind?: string } = {}) {
    const labels = Labels.of({ [METRIC_NAME]: 'cpu', service_name: 'shop' })
    this.#budgets = new Budgets(meter)
    this.engine = new ScoringEngine({
      definition: () => ({ labels, type: 'gauge', unit: '1', help: '', kind: 'float', bounds: new Float64Array() }),
      sink: { finding: (event) => void this.events.push(event) },
      log: silentLog,
      meter,
      copies,
      budgets: this.#budgets,
    })
    this.engine.setRules([ruleOf(kind)])
  }

  feed(from: number, to: number, value: Values): this {
    for (let minute = from; minute < to; minute++) {
      const samples = new SampleBuilder()
      samples.float(0, START + minute * MINUTE, value(minute))
      this.engine.samples(samples.batch(), Uint8Array.of(1))
      this.engine.tick(START + minute * MINUTE)
    }
    return this
  }

  silence(from: number, to: number): this {
    for (let minute = from; minute < to; minute++) this.engine.tick(START + minute * MINUTE)
    return this
  }

  /** Says something of the finding that began at this minute. */
  say(feedback: Feedback, since = T): this {
    const finding = this.engine.list({ limit: 99 }).find(({ since_ms }) => since_ms === START + since * MINUTE)
    this.engine.feedback({ kind: 'feedback', feedback, finding: finding!.id, by: 'ann', at_ms: 0 })
    return this
  }

  /** Becomes what the other one is, by way of what it saves. */
  load(other: Stand): this {
    this.engine.load(other.engine.save())
    this.#budgets.load(other.#budgets.save())
    return this
  }

  told(): string[] {
    return this.events
      .filter(({ type }) => type !== 'updated')
      .map(({ type, at_ms, finding }) => `${(at_ms - START) / MINUTE - T} ${type} ${finding.kind}`)
  }

  get width(): number {
    const { lower, upper } = this.engine.newest(1)[0]!.verdict
    return upper - lower
  }

  get expected(): number {
    return this.engine.newest(1)[0]!.verdict.expected
  }
}

/** Five hours of trouble behind five calm days. */
const troubled = (stand = new Stand()): Stand => stand.feed(0, T, calm).feed(T, T + 300, trouble)

test('what climbs for an hour drifts, is adopted, and is not missed at that hour on the days after', () => {
  const climbing: Values = (minute) => calm(minute) + 60 * Math.min(1, (minute - T) / 60)
  const stand = new Stand().feed(0, T, calm).feed(T, T + 4 * DAY, climbing)
  expect(stand.told()).toEqual([
    expect.stringMatching(/^\d opened spike$/),
    expect.stringMatching(/^1\d\d closed drift$/),
  ])
})

describe('a finding that was real', () => {
  test('does not become the new normal while it lasts, and leaves no finding behind', () => {
    const stand = new Stand()
      .feed(0, T, calm)
      .feed(T, T + 60, trouble)
      .say('real')
    stand.feed(T + 60, T + 300, trouble).feed(T + 300, T + DAY, calm)
    expect(stand.told()).toEqual(['0 opened spike', expect.stringMatching(/^3[1-3]\d closed level_up$/)])
    expect(stand.engine.list({ limit: 1 })[0]).toMatchObject({ feedback: 'real', state: 'closed' })
    expect(stand.engine.list({ limit: 1 })[0]).not.toHaveProperty('adopted')
  })

  test('is the new normal after a day all the same', () => {
    const stand = new Stand()
      .feed(0, T, calm)
      .feed(T, T + 60, trouble)
      .say('real')
    stand.feed(T + 60, T + DAY + 60, trouble)
    expect(stand.told()).toEqual(['0 opened spike', `${DAY} closed level_up`])
    expect(Math.abs(stand.expected - trouble(T + DAY + 60))).toBeLessThan(3)
  })

  test.each([
    ['while it lasts', 60, 300],
    ['an hour after it', 300, 360],
    ['eleven hours after it', 300, 960],
  ])('leaves bands as they were before it, said %s', (_, bad, said) => {
    const before = new Stand().feed(0, T, calm)
    const untold = troubled().feed(T + 300, T + DAY, calm)
    const stand = new Stand().feed(0, T, calm).feed(T, T + bad, trouble)
    if (bad === 60) stand.say('real').feed(T + bad, T + 300, trouble)
    else stand.feed(T + 300, T + said, calm).say('real')
    stand.feed(T + Math.max(said, 300), T + DAY, calm)
    expect(stand.width).toBeLessThan(1.15 * before.width)
    expect(untold.width).toBeGreaterThan(1.2 * before.width)
    expect(Math.abs(stand.expected - calm(T + DAY))).toBeLessThan(3)
  })

  test('and whose level stayed is told again', () => {
    const stand = troubled()
    expect(stand.told()).toEqual(['0 opened spike', '120 closed level_up'])
    stand.say('real').feed(T + 300, T + 310, trouble)
    expect(stand.told().slice(2)).toEqual([expect.stringMatching(/^30\d opened/)])
  })
})

describe('a finding that was expected', () => {
  test('is over with the next sample, as the new normal', () => {
    const stand = new Stand()
      .feed(0, T, calm)
      .feed(T, T + 20, trouble)
      .say('expected')
      .feed(T + 20, T + 100, trouble)
    expect(stand.told()).toEqual(['0 opened spike', '20 closed level_up'])
    expect(stand.engine.list({ limit: 1 })[0]).toMatchObject({ adopted: true, feedback: 'expected' })
    expect(Math.abs(stand.expected - trouble(T + 100))).toBeLessThan(3)
  })

  test('is not told when the same comes again', () => {
    const sale = (stand: Stand, say?: Feedback): string[] => {
      stand
        .feed(0, T, calm)
        .feed(T, T + 60, trouble)
        .feed(T + 60, T + DAY, calm)
      if (say !== undefined) stand.say(say)
      const before = stand.told().length
      stand.feed(T + DAY, T + DAY + 60, trouble).feed(T + DAY + 60, T + 2 * DAY, calm)
      return stand.told().slice(before)
    }
    expect(sale(new Stand())).toContain(`${DAY} opened spike`)
    expect(sale(new Stand(), 'expected')).toEqual([])
    expect(sale(new Stand(), 'noise')).toEqual([])
  })
})

test('noise asks more of what comes than what was expected does', () => {
  const after = (say: Feedback): number =>
    troubled()
      .feed(T + 300, T + 600, calm)
      .say(say)
      .feed(T + 600, T + DAY, calm).width
  expect(after('noise')).toBeGreaterThan(1.03 * after('expected'))
})

test('what is said twice is said once', () => {
  const said = troubled()
    .feed(T + 300, T + 600, calm)
    .say('noise')
  const again = troubled()
    .feed(T + 300, T + 600, calm)
    .say('noise')
    .say('noise')
  expect(Buffer.compare(again.engine.save(), said.engine.save())).toBe(0)
})

test('the last word counts: what was called expected can still be taken back', () => {
  const stand = troubled()
    .feed(T + 300, T + 600, calm)
    .say('expected')
    .say('real')
    .feed(T + 600, T + DAY, calm)
  const other = troubled()
    .feed(T + 300, T + 600, calm)
    .say('real')
    .feed(T + 600, T + DAY, calm)
  expect([stand.width, stand.expected]).toEqual([other.width, other.expected])
  expect(stand.engine.list({ limit: 9 }).at(-1)).toMatchObject({ feedback: 'real' })
})

test('who says nothing sees nothing of it: events and bands are those without copies', () => {
  const run = (copies: number): unknown => {
    const stand = troubled(new Stand({ copies }))
      .feed(T + 300, T + DAY, calm)
      .feed(T + DAY, T + DAY + 30, trouble)
    return [stand.events, stand.engine.newest(1)]
  }
  expect(run(10)).toEqual(run(0))
})

test('a finding that nobody knows is not found', () => {
  const said = { kind: 'feedback', feedback: 'real', finding: 'f_none', by: '', at_ms: 0 } as const
  expect(() => new Stand().engine.feedback(said)).toThrow('no finding "f_none"')
})

const counters = () => {
  const counts = new Map<string, number>()
  const meter: Meter = {
    ...silentMeter,
    counter: (name) => ({ add: (by) => void counts.set(name, (counts.get(name) ?? 0) + by) }),
    gauge: (name, _about, read) => void gauges.set(name, read),
  }
  const gauges = new Map<string, Parameters<Meter['gauge']>[2]>()
  return {
    meter,
    lost: () => counts.get('barograph.detectors.copies_lost') ?? 0,
    held: () => Number(gauges.get('barograph.detectors.copies')!()),
  }
}

/** Stands still, or stays away where nothing is fed. */
const still: Values = () => 100

describe.each(['band', 'seasonal'])('%s, told that a finding is', (kind) => {
  test('real, does not take its level for the new normal, and finds nothing in its end', () => {
    const bad = (stand: Stand): Stand => stand.feed(T + 60, T + 300, trouble).feed(T + 300, T + DAY, calm)
    const begun = (): Stand => new Stand({ kind }).feed(0, T, calm).feed(T, T + 60, trouble)
    const told = (stand: Stand): string[] => stand.told().filter((line) => !line.startsWith('-'))
    const since = (begun().engine.list({ limit: 1 })[0]!.since_ms - START) / MINUTE
    expect(told(bad(begun().say('real', since))).filter((line) => line.includes('opened'))).toHaveLength(1)
    expect(told(bad(begun())).filter((line) => line.includes('opened')).length).toBeGreaterThan(1)
  })

  test('expected, tells nothing of the like for two weeks, and of what is larger at once', () => {
    const stand = new Stand({ kind })
      .feed(0, T, calm)
      .feed(T, T + 100, trouble)
      .feed(T + 100, T + DAY, calm)
    const before = stand.engine.list({ limit: 99 })
    for (const { since_ms } of before) stand.say('expected', (since_ms - START) / MINUTE)
    stand.feed(T + DAY, T + DAY + 100, trouble).feed(T + DAY + 100, T + 2 * DAY, calm)
    expect(stand.engine.list({ limit: 99 })).toHaveLength(before.length)
    stand.feed(T + 2 * DAY, T + 2 * DAY + 100, (minute) => calm(minute) + 400)
    expect(stand.engine.list({ limit: 99 }).length).toBeGreaterThan(before.length)
  })
})

describe.each([
  ['absence', (stand: Stand, from: number, to: number) => stand.silence(from, to)],
  ['flat', (stand: Stand, from: number, to: number) => stand.feed(from, to, still)],
])('%s, told that a finding is real', (kind, pause) => {
  test('goes on being as quick as before, and is slower when nobody says so', () => {
    const twice = (said: boolean): string[] => {
      const stand = pause(new Stand({ kind }).feed(0, T, calm), T, T + 300).feed(T + 300, T + 400, calm)
      if (said) stand.say('real', (stand.engine.list({ limit: 1 })[0]!.since_ms - START) / MINUTE)
      pause(stand, T + 400, T + 460).feed(T + 460, T + 500, calm)
      return stand.told().filter((line) => line.includes('opened'))
    }
    expect(twice(true)).toHaveLength(2)
    expect(twice(false)).toHaveLength(1)
  })
})

describe('copies', () => {
  const spikes = (stand: Stand): Stand => {
    stand.feed(0, T, calm)
    for (let day = 0; day < 3; day++) {
      const at = T + day * DAY
      const size = 60 * 3 ** day
      stand.feed(at, at + 3, (minute) => calm(minute) + size).feed(at + 3, at + DAY, calm)
    }
    return stand
  }

  test('beyond the limit the oldest give way, counted, and leave nothing to take back', () => {
    const { meter, lost, held } = counters()
    const stand = spikes(new Stand({ copies: 2, meter }))
    expect([lost(), held()]).toEqual([1, 2])
    const other = spikes(new Stand({ copies: 2 }))
    for (const one of [stand.say('real'), other]) one.feed(T + 3 * DAY, T + 3 * DAY + 60, calm)
    expect([stand.width, stand.expected, held()]).toEqual([other.width, other.expected, 2])
  })

  test('are gone after a week, and where they were used', () => {
    const { meter, held } = counters()
    const stand = spikes(new Stand({ meter }))
    expect(held()).toBe(3)
    stand.say('real', T + DAY)
    expect(held()).toBe(2)
    stand.feed(T + 3 * DAY, T + 7 * DAY + 15, calm)
    expect(held()).toBe(1)
  })
})

const acts = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ minutes: fc.integer({ min: 1, max: 200 }), level: fc.constantFrom(0, 0, 60, -60, 500) }),
    },
    fc.record({ say: fc.constantFrom(...FEEDBACK), of: fc.nat(5) }),
  ),
  { minLength: 5, maxLength: 20 },
)

test('whatever happens and is said: no more copies than may be, scores stay finite, and a snapshot changes nothing', () => {
  fc.assert(
    fc.property(acts, fc.integer({ min: 1, max: 4 }), fc.nat(19), (list, copies, cut) => {
      const gauges = counters()
      const run = (saved: boolean): unknown => {
        let stand = new Stand({ copies, meter: gauges.meter }).feed(0, DAY, calm)
        const events: FindingEvent[] = []
        let minute = DAY
        for (const [i, act] of list.entries()) {
          if (saved && i === cut) {
            events.push(...stand.events)
            stand = new Stand({ copies, meter: gauges.meter }).load(stand)
          }
          if ('level' in act) stand.feed(minute, (minute += act.minutes), (at) => calm(at) + act.level)
          else {
            const finding = stand.engine.list({ limit: 9 })[act.of]
            if (finding !== undefined) stand.say(act.say, (finding.since_ms - START) / MINUTE)
          }
          expect(gauges.held()).toBeLessThanOrEqual(copies)
          expect(Number.isFinite(stand.expected)).toBe(true)
        }
        return [[...events, ...stand.events], stand.engine.newest(1)]
      }
      expect(run(true)).toEqual(run(false))
    }),
    { numRuns: 15 },
  )
})

describe('a snapshot', () => {
  test('anywhere changes nothing of what was said, or is said later', () => {
    const run = (...cuts: readonly number[]): unknown => {
      let stand = new Stand()
      const events: FindingEvent[] = []
      const feed = (from: number, to: number, value: Values): void => {
        for (const cut of [...cuts.filter((at) => at >= from && at < to), to]) {
          stand.feed(from, cut, value)
          from = cut
          if (cut === to) continue
          const bytes = stand.engine.save()
          events.push(...stand.events)
          stand = new Stand().load(stand)
          expect(Buffer.compare(stand.engine.save(), bytes)).toBe(0)
        }
      }
      feed(0, T, calm)
      feed(T, T + 60, trouble)
      stand.say('real')
      feed(T + 60, T + 200, trouble)
      feed(T + 200, T + 600, calm)
      feed(T + 600, T + 620, trouble)
      feed(T + 620, T + 700, calm)
      stand.say('expected', T + 600)
      feed(T + 700, T + 900, calm)
      return [[...events, ...stand.events], stand.engine.newest(1)]
    }
    const whole = run()
    expect(run(T + 30, T + 100, T + 215, T + 400, T + 610, T + 650, T + 800)).toEqual(whole)
  })

  test('of version 5, with a copy in use, still loads, and is written as it was', () => {
    const stand = new Stand()
    stand.engine.load(golden('scoring-5.bin'))
    expect(Buffer.compare(stand.engine.save(), golden('scoring-5.bin'))).toBe(0)
    stand.feed(T + 60, T + 200, trouble).feed(T + 200, T + 400, calm)
    expect(stand.told()).toEqual([expect.stringMatching(/^2[1-5]\d closed level_up$/)])
  })

  test.each([
    ['periods were looked for', 'scoring-5-whole.bin'],
    ['what is held had a place of its own', 'scoring-5-held.bin'],
    ['it was known what the young have been', 'scoring-5-envelope.bin'],
    ['`auto` watched runs', 'scoring-4.bin'],
    ['`auto` believed anything of the young', 'scoring-4-runs.bin'],
    ['it was known how long rows have lived', 'scoring-4-youth.bin'],
  ])('from before %s still loads', (_before, file) => {
    const stand = new Stand()
    stand.engine.load(golden(file))
    const bytes = stand.engine.save()
    const again = new Stand()
    again.engine.load(bytes)
    expect(Buffer.compare(again.engine.save(), bytes)).toBe(0)
    stand.feed(T + 60, T + 200, trouble).feed(T + 200, T + 400, calm)
    expect(stand.told()).toEqual([expect.stringMatching(/^2[1-5]\d closed level_up$/)])
  })
})
