import { describe, expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition } from '#core/series.ts'
import { Store } from '#core/store/store.ts'

import { KIND_NAMES } from '../kinds/registry.ts'
import { specOf } from '../testing/spec.fixture.ts'
import { Budgets } from './budgets.ts'
import { ScoringEngine } from './engine.ts'
import type { AnomalySpec } from './spec.ts'

const MINUTE = 60_000
const DAY = 1440
const START = Date.UTC(2026, 0, 5)

const PLAIN = [{ name: METRIC_NAME, op: '=~', value: 'cpu.*' }] as const
const rule = (kind: string): AnomalySpec => specOf(kind, kind, { evidence: kind === 'flat', plain: PLAIN })

function series(more: Record<string, string>, type: 'gauge' | 'counter' = 'gauge'): SeriesDefinition {
  const labels = Labels.of({ [METRIC_NAME]: type === 'gauge' ? 'cpu' : 'cpu_seconds_total', ...more })
  return { labels, type, unit: '1', help: '', kind: 'float', bounds: new Float64Array() }
}

/** A store with an engine behind it, fed by minute, with a tick a minute. */
class Stand {
  readonly store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  readonly events: FindingEvent[] = []
  readonly budgets = new Budgets(silentMeter)
  engine = this.#engine()
  readonly #definitions: readonly SeriesDefinition[]
  readonly #sums: number[] = []

  constructor(definitions: readonly SeriesDefinition[]) {
    this.#definitions = definitions
  }

  #engine(): ScoringEngine {
    return new ScoringEngine({
      definition: (id) => this.store.definition(id),
      reader: this.store,
      sink: { finding: (event) => void this.events.push(event) },
      budgets: this.budgets,
      log: silentLog,
      meter: silentMeter,
    })
  }

  feed(from: number, to: number, valueAt = calm): this {
    for (let minute = from; minute < to; minute++) {
      const samples = new SampleBuilder()
      for (const [i, definition] of this.#definitions.entries()) {
        const value = valueAt(minute, i)
        const total = (this.#sums[i] ?? 0) + 60 * value
        this.#sums[i] = total
        const told = definition.type === 'counter' ? total : value
        samples.float(this.store.resolve(definition), START + minute * MINUTE, told)
      }
      const batch = samples.batch()
      const { fresh } = this.store.append(batch)
      this.engine.samples(batch, fresh)
      this.engine.tick(START + minute * MINUTE + 1000)
    }
    return this
  }

  rules(...kinds: string[]): this {
    this.engine.setRules(kinds.map(rule))
    return this
  }

  restart(...kinds: string[]): this {
    const bytes = this.engine.save()
    this.engine = this.#engine()
    this.rules(...kinds)
    this.engine.load(bytes)
    return this
  }

  get findings(): unknown[] {
    return this.engine
      .list({ limit: 1000 })
      .map(({ id, kind, since_ms, last_ms, state }) => ({ id, kind, since_ms, last_ms, state }))
  }
}

const calm = (minute: number, i: number): number =>
  100 + 10 * i + Math.sin(minute * 1.7) + Math.sin(minute * 0.61) / 2 + (minute % 4000 > 3990 && i === 0 ? 60 : 0)

const two = [series({ host: 'a' }), series({ host: 'a', core: '0' }), series({ host: 'a' }, 'counter')]

describe('a rule that is added beside stored samples', () => {
  test.each(KIND_NAMES)('knows what it would know had it been there: %s', (kind) => {
    const always = new Stand(two).rules(kind).feed(0, 3 * DAY)
    const late = new Stand(two)
      .feed(0, 3 * DAY - 100)
      .rules(kind)
      .feed(3 * DAY - 100, 3 * DAY)
    expect(late.engine.newest(9)).toEqual(always.engine.newest(9))
    expect(late.findings).toEqual(always.findings)
    expect(late.engine.bytes).toBe(always.engine.bytes)
  })

  test('has found what it would have found, and spent nothing on it', () => {
    const stand = new Stand(two).feed(0, 4500).rules('auto')
    expect(stand.findings).toEqual([])
    stand.feed(4500, 4502)
    expect(stand.findings).toMatchObject([{ kind: 'spike', since_ms: START + 3991 * MINUTE, state: 'closed' }])
    expect(stand.budgets.rates()).toEqual([])
  })

  test('does so on a restart as well, and what was there before goes on as it was', () => {
    const always = new Stand(two).rules('auto', 'band').feed(0, 2 * DAY)
    const late = new Stand(two)
      .rules('auto')
      .feed(0, 2 * DAY - 50)
      .restart('auto', 'band')
      .feed(2 * DAY - 50, 2 * DAY)
    expect(late.engine.newest(9)).toEqual(always.engine.newest(9))
  })
})

describe('many series', () => {
  const many = Array.from({ length: 30 }, (_, i) => series({ host: `h${i}` }))

  test('have their turn tick after tick, and a restart between changes nothing', () => {
    const run = (...cuts: readonly number[]): unknown => {
      const stand = new Stand(many).feed(0, 5000).rules('auto')
      const shown: number[] = []
      for (let minute = 5000; minute < 5010; minute++) {
        stand.feed(minute, minute + 1)
        shown.push(stand.engine.newest(100).length)
        if (cuts.includes(minute)) stand.restart('auto')
      }
      return [shown, stand.engine.newest(100), stand.findings, stand.events]
    }
    const whole = run()
    expect((whole as [number[]])[0]).toEqual([5, 10, 15, 20, 25, 30, 30, 30, 30, 30])
    expect(run(5000, 5001, 5006)).toEqual(whole)
  })
})
