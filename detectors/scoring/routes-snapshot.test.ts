import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition, type SeriesId } from '#core/series.ts'

import { specOf } from '../testing/spec.fixture.ts'
import { ScoringEngine } from './engine.ts'
import type { AnomalySpec } from './spec.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)
const GOLDEN = join(import.meta.dirname, '../../tests/golden')

const BAND = { kind: 'band', method: 'ewma', window: '15m' }
const rule = (name: string, value: string): AnomalySpec =>
  specOf(name, BAND, { evidence: true, plain: [{ name: METRIC_NAME, op: '=~', value }] })

/** `cpu` is followed by two, `disk` by one, `memory` by nobody. */
const RULES = [rule('All', 'cpu|disk'), rule('Cpu', 'cpu')]
const METRICS = ['cpu', 'memory', 'disk']

const DEFINITIONS: readonly SeriesDefinition[] = METRICS.map((metric) => {
  const labels = Labels.of({ [METRIC_NAME]: metric, service_name: 'shop' })
  return { labels, type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array() }
})

/** An engine that remembers who was asked for. */
class Stand {
  readonly asked: SeriesId[] = []
  readonly engine: ScoringEngine

  constructor({ rules = RULES, limit = 10 } = {}) {
    this.engine = new ScoringEngine({
      definition: (id) => {
        this.asked.push(id)
        return DEFINITIONS[id]!
      },
      sink: { finding: () => {} },
      scored_series: limit,
      log: silentLog,
      meter: silentMeter,
    })
    this.engine.setRules(rules)
  }

  feed(from: number, to: number): this {
    for (let minute = from; minute < to; minute++) {
      const samples = new SampleBuilder()
      for (const id of DEFINITIONS.keys()) samples.float(id, START + minute * MINUTE, id * 10 + Math.sin(minute * 1.7))
      this.engine.samples(samples.batch(), new Uint8Array(samples.length).fill(1))
    }
    return this
  }

  /** Scoring alone, as before there were routes in checkpoints, or both. */
  follow({ engine }: Stand, routes: Uint8Array | null = engine.routes.save()): this {
    this.engine.load(engine.save())
    if (routes !== null) this.engine.routes.load(routes)
    this.asked.length = 0
    return this
  }

  state(): string {
    return Buffer.from(this.engine.save()).toString('hex')
  }
}

describe('routes in a checkpoint', () => {
  test('a start asks nobody who he is, and knows and learns as if it had', () => {
    const before = new Stand().feed(0, 30)
    const after = new Stand().follow(before).feed(30, 40)
    expect(after.asked).toEqual([])
    expect(after.state()).toBe(before.feed(30, 40).state())
    expect(Buffer.compare(after.engine.routes.save(), before.engine.routes.save())).toBe(0)
  })

  test('without them each series is asked once, to the same end', () => {
    const before = new Stand().feed(0, 30)
    const after = new Stand().follow(before, null).feed(30, 40)
    expect(after.asked).toEqual([0, 1, 2])
    expect(after.state()).toBe(before.feed(30, 40).state())
  })

  test.each([
    ['a rule more', { rules: [...RULES, rule('Memory', 'memory')] }],
    ['a rule that reads other series', { rules: [rule('All', '.*'), RULES[1]!] }],
    ['another order of rules', { rules: RULES.toReversed() }],
    ['room for more', { limit: 11 }],
  ])('with %s they do not count', (_what, changed) => {
    expect(new Stand(changed).follow(new Stand().feed(0, 30)).feed(30, 31).asked).toEqual([0, 1, 2])
  })

  test('a row whose series is gone is not fed by it again', () => {
    const before = new Stand().feed(0, 30)
    before.engine.forget([0])
    const after = new Stand().follow(before).feed(30, 31)
    expect(after.asked).toEqual([0])
  })

  test('a series that the limit refused is asked again when there is room, after a start too', () => {
    const full = { rules: [rule('One', 'cpu|disk')], limit: 1 }
    const after = new Stand(full).follow(new Stand(full).feed(0, 30))
    expect(after.feed(30, 31).asked).toEqual([])
    // The row of `cpu` goes after a week without samples.
    after.engine.tick(START + 31 * MINUTE)
    after.engine.tick(START + 9 * 24 * 60 * MINUTE)
    expect(after.feed(13_000, 13_001).asked).toEqual([0, 1, 2])
  })

  test('what leads nowhere is refused', () => {
    const bytes = new Stand().feed(0, 30).engine.routes.save()
    const stand = new Stand()
    expect(() => stand.engine.routes.load(bytes)).toThrow(ServiceError)
    expect(() => new Stand().follow(new Stand().feed(0, 30), bytes.subarray(0, -1))).toThrow(ServiceError)
    expect(() => stand.engine.routes.load(Uint8Array.of(3))).toThrow('format 3')
  })

  test('format 2 is what it was', () => {
    const golden = readFileSync(join(GOLDEN, 'scoring-routes-2.bin'))
    const stand = new Stand().feed(0, 30)
    expect(Buffer.compare(stand.engine.routes.save(), golden)).toBe(0)
    expect(new Stand().follow(stand, golden).feed(30, 31).asked).toEqual([])
  })

  test('format 1 is read', () => {
    const golden = readFileSync(join(GOLDEN, 'scoring-routes-1.bin'))
    const after = new Stand().follow(new Stand().feed(0, 30), golden)
    expect(Buffer.compare(after.engine.routes.save(), new Stand().feed(0, 30).engine.routes.save())).toBe(0)
    expect(after.feed(30, 31).asked).toEqual([])
  })
})
