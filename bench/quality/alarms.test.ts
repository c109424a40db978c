import { describe, expect, test } from 'vitest'

import { alarmsOf, runsOf } from './alarms.ts'

const MINUTE_MS = 60_000

/** One sample each `step` minutes, anomalous where the text says 1. */
function alarms(text: string, step = 1): number[] {
  const time_ms = Float64Array.from(text, (_, i) => i * step * MINUTE_MS)
  return alarmsOf(time_ms, Float64Array.from(text, Number)).map((time) => time / MINUTE_MS)
}

describe('alarms', () => {
  test('a run of anomalous samples is one', () => {
    expect(alarms('0011100')).toEqual([2])
  })

  test('a pause under 15 min belongs to the run, a longer one ends it', () => {
    expect(alarms(`1${'0'.repeat(13)}1`)).toEqual([0])
    expect(alarms(`1${'0'.repeat(14)}1`)).toEqual([0, 15])
  })

  test('a lasting one counts again every 4 h', () => {
    expect(alarms('1'.repeat(240))).toEqual([0])
    expect(alarms('1'.repeat(241))).toEqual([0, 240])
    expect(alarms('1'.repeat(600))).toEqual([0, 240, 480])
  })

  test('hourly samples beside one another are one run', () => {
    expect(alarms('0110', 60)).toEqual([60])
    expect(alarms('0101', 60)).toEqual([60, 180])
  })

  test('a run ends with its last anomalous sample', () => {
    const time_ms = Float64Array.of(0, 1, 2, 3)
    expect(runsOf(time_ms, Float64Array.of(0, 1, 2, 0.99))).toEqual([{ start_ms: 1, end_ms: 2 }])
    expect(runsOf(time_ms, new Float64Array(4))).toEqual([])
  })
})
