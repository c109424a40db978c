// Silence in which nobody listened, or of which was told beforehand, is no absence.
import { expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition } from '#core/series.ts'

import { specOf } from '../testing/spec.fixture.ts'
import { ScoringEngine } from './engine.ts'
import type { AnomalySpec } from './spec.ts'
import { Windows } from './windows.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)

const PLAIN = [{ name: METRIC_NAME, op: '=', value: 'orders' }] as const
const rule = (detect: unknown, over: Partial<AnomalySpec> = {}): AnomalySpec =>
  specOf('Rule', detect, { plain: PLAIN, ...over })

const definitions: SeriesDefinition[] = ['shop', 'stock'].map((service) => ({
  labels: Labels.of({ [METRIC_NAME]: 'orders', service_name: service }),
  type: 'gauge',
  unit: '1',
  help: '',
  kind: 'float',
  bounds: new Float64Array(),
}))

/** Two services, and ticks by minute; for ten hours both speak. */
function stand() {
  const events: FindingEvent[] = []
  const windows = new Windows()
  const engine = new ScoringEngine({
    definition: (id) => definitions[id]!,
    sink: { finding: (event) => void events.push(event) },
    log: silentLog,
    meter: silentMeter,
    windows,
  })
  engine.setRules([rule('absence')])
  let minute = 0
  const pass = (to: number, ...speaking: number[]): void => {
    for (; minute < to; minute++) {
      const samples = new SampleBuilder()
      for (const id of speaking) samples.float(id, START + minute * MINUTE, 1)
      engine.samples(samples.batch(), new Uint8Array(samples.length).fill(1))
      engine.tick(START + minute * MINUTE)
    }
  }
  const told = (): string[] =>
    events
      .splice(0)
      .filter(({ type }) => type !== 'updated')
      .map(({ type, finding }) => `${type} ${finding.service} since ${(finding.since_ms - START) / MINUTE}`)
  /** Nobody is here until then. */
  const away = (to: number): void => {
    minute = to
    engine.tick(START + minute * MINUTE, { away: true })
  }
  pass(600, 0, 1)
  windows.change({
    id: 'w',
    kind: 'maintenance',
    service: 'shop',
    title: 'upgrade',
    source: '',
    url: '',
    at_ms: START + 600 * MINUTE,
    until_ms: START + 660 * MINUTE,
  })
  return { pass, away, told }
}

test('what was silent in maintenance is missed when it stays away after it, and the others all the time', () => {
  const { pass, told } = stand()
  pass(660, 1)
  pass(664, 1)
  expect(told()).toEqual([])
  pass(680, 1)
  expect(told()).toEqual(['opened shop since 659'])
  pass(700)
  expect(told()).toEqual(['opened stock since 679'])
})

test('the silence of maintenance is not taken for a usual one afterwards', () => {
  const { pass, told } = stand()
  pass(660, 1)
  pass(700, 0, 1)
  expect(told()).toEqual([])
  pass(710, 1)
  expect(told()).toEqual(['opened shop since 699'])
})

test('what did not come while nobody listened is not missed until it stays away for as long as any other', () => {
  const { pass, away, told } = stand()
  pass(700, 0, 1)
  away(760)
  expect(told()).toEqual([])
  pass(764)
  expect(told()).toEqual([])
  pass(770, 1)
  expect(told()).toEqual(['opened shop since 760'])
})
