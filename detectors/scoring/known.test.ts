// Input that comes from elsewhere is known up to some time: what lies behind that is not silence.
import { expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { Labels } from '#core/series.ts'

import { specOf } from '../testing/spec.fixture.ts'
import { ScoringEngine } from './engine.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)

const calm = (minute: number): number => 100 + Math.sin(minute * 1.7) + Math.sin(minute * 0.61) / 2

test('nothing is missed and nothing closes behind what is known', () => {
  const events: FindingEvent[] = []
  const engine = new ScoringEngine({
    definition: () => {
      throw new Error('nothing is read from the store')
    },
    sink: { finding: (event) => void events.push(event) },
    log: silentLog,
    meter: silentMeter,
  })
  engine.setRules([specOf('Odd', 'auto'), specOf('Away', { kind: 'absence' })])
  const rows = ['test/Odd', 'test/Away'].map((key) =>
    engine.row(key, Labels.of({ job: 'a' }), { metric: '', unit: '' }),
  )
  const told = (): string[] => events.map(({ type, finding }) => `${type} ${finding.rule}`)
  const known = (minute: number): void => {
    for (const key of ['test/Odd', 'test/Away']) engine.known(key, START + minute * MINUTE)
  }
  for (let minute = 0; minute < 300; minute++) {
    for (const row of rows) engine.score(row, START + minute * MINUTE, minute === 299 ? 900 : calm(minute))
    known(minute)
    engine.tick(START + (minute + 1) * MINUTE)
  }
  expect(told()).toEqual(['opened Odd'])
  for (let minute = 300; minute < 420; minute++) engine.tick(START + minute * MINUTE)
  expect(told()).toEqual(['opened Odd'])
  // Two hours later it is heard of again, and the series are gone.
  known(420)
  engine.tick(START + 421 * MINUTE)
  expect(told().toSorted()).toEqual(['closed Odd', 'opened Away', 'opened Odd'])
  expect(engine.list({ rule: 'Away', limit: 1 })[0]).toMatchObject({ since_ms: START + 299 * MINUTE })
})
