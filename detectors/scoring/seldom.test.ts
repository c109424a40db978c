// Samples an hour apart are as good as any: what lasts over several of them is one finding.
import { expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition } from '#core/series.ts'

import { specOf } from '../testing/spec.fixture.ts'
import { ScoringEngine } from './engine.ts'
import type { AnomalySpec } from './spec.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)

const PLAIN = [{ name: METRIC_NAME, op: '=', value: 'orders' }] as const
const rule = (detect: unknown, over: Partial<AnomalySpec> = {}): AnomalySpec =>
  specOf('Rule', detect, { plain: PLAIN, ...over })

const ORDERS: SeriesDefinition = {
  labels: Labels.of({ [METRIC_NAME]: 'orders', service_name: 'shop' }),
  type: 'gauge',
  unit: '1',
  help: '',
  kind: 'float',
  bounds: new Float64Array(),
}
const DAY = 24 * 60
/** Trouble of so many minutes, ten days in. */
const TROUBLE = { from: 10 * DAY, to: 10 * DAY + 70 }

/** A sample each `every` minutes, a tick each minute; what is told of it, minutes from the beginning of the trouble. */
function told(spec: AnomalySpec, every: number): string[] {
  const events: FindingEvent[] = []
  const engine = new ScoringEngine({
    definition: () => ORDERS,
    sink: { finding: (event) => void events.push(event) },
    log: silentLog,
    meter: silentMeter,
  })
  engine.setRules([spec])
  const asked = (): number => engine.row(spec.key, Labels.of({ service_name: 'shop' }), { metric: 'orders', unit: '1' })
  for (let minute = 0; minute < 11 * DAY; minute++) {
    const time_ms = START + minute * MINUTE
    const isIn = minute >= TROUBLE.from && minute < TROUBLE.to
    const value = isIn ? 200 : 100 + Math.sin(minute * 1.7) + Math.sin(minute * 0.61) / 2
    if (minute % every === 0 && spec.plain === null) engine.score(asked(), time_ms, value)
    else if (minute % every === 0) {
      const samples = new SampleBuilder()
      samples.float(0, time_ms, value)
      engine.samples(samples.batch(), Uint8Array.of(1))
    }
    engine.tick(time_ms)
  }
  return events
    .filter(({ type }) => type !== 'updated')
    .map(({ type, at_ms, finding }) => `${(at_ms - START) / MINUTE - TROUBLE.from} ${type} ${finding.direction}`)
}

test.each([
  ['auto', 20, 90],
  ['auto', 30, 105],
  [{ kind: 'band', window: '2d' }, 30, 105],
])('%j, each %i minutes: one finding, open until samples say that it is over', (detect, every, closed) => {
  expect(told(rule(detect), every)).toEqual(['0 opened up', `${closed} closed up`])
})

test.each(['auto', { kind: 'rolling' }])(
  '%j over an expression: half an hour is no pause to a rule that looks each half hour',
  (detect) => {
    const spec = rule(detect, { plain: null, interval_ms: 30 * MINUTE, for_ms: 60 * MINUTE })
    expect(told(spec, 30)).toEqual(['60 opened up', '105 closed up'])
  },
)
