// A finding is over when its series is: what remembers the hour before does not keep it open.
import { expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import { specOf } from '../testing/spec.fixture.ts'
import { ScoringEngine } from './engine.ts'

const MINUTE = 60_000
const DAY = 24 * 60
const START = Date.UTC(2026, 0, 5)
const BEGINS = 6 * DAY

/** Of a series around 100 that scatters by 5, where a fault adds `fault` a minute of it; minutes after its end `ends`, and kinds. */
function told({ step, seed, ends, fault }: Story): string[] {
  const random = seeded(seed)
  const noise = (): number => 5 * (random() + random() + random() + random() - 2) * Math.sqrt(3)
  const events: FindingEvent[] = []
  const engine = new ScoringEngine({
    definition: () => ({
      labels: Labels.of({ [METRIC_NAME]: 'queue_depth', service_name: 'shop' }),
      type: 'gauge',
      unit: '1',
      help: '',
      kind: 'float',
      bounds: new Float64Array(),
    }),
    sink: { finding: (event) => void events.push(event) },
    log: silentLog,
    meter: silentMeter,
  })
  engine.setRules([specOf('Rule', 'auto', { plain: [{ name: METRIC_NAME, op: '=', value: 'queue_depth' }] })])
  for (let minute = 0; minute < BEGINS + ends + 12 * 60; minute += step) {
    const age = minute - BEGINS
    const samples = new SampleBuilder()
    samples.float(0, START + minute * MINUTE, 100 + noise() + (age >= 0 && age < ends ? fault(age) : 0))
    engine.samples(samples.batch(), Uint8Array.of(1))
    engine.tick(START + minute * MINUTE)
  }
  const at = (ms: number): number => (ms - START) / MINUTE - BEGINS
  return events
    .filter(({ type, finding }) => type !== 'updated' && at(finding.since_ms) >= 0)
    .map(
      ({ type, at_ms, finding }) =>
        `${type} ${finding.kind} ${Math.ceil((at(at_ms) - (type === 'opened' ? 0 : ends)) / 10) * 10}`,
    )
}

interface Story {
  /** Minutes between samples. */
  readonly step: number
  readonly seed: number
  readonly ends: number
  readonly fault: (age: number) => number
}

const cases = [1, 5].flatMap((step) => [1, 2, 3].map((seed) => ({ step, seed })))

test.each(cases)('an hour far out is over within half an hour: %j', (each) => {
  const [opened, closed] = told({ ...each, ends: 60, fault: () => 250 })
  expect(opened).toBe('opened spike 0')
  expect(closed).toMatch(/^closed level_up (10|20|30)$/)
})

test.each(cases)('the way back from a level that was adopted is no finding: %j', (each) => {
  expect(told({ ...each, ends: 240, fault: () => 60 })).toEqual(['opened spike 0', 'closed level_up -120'])
})
