import { describe, expect, test } from 'vitest'

import { Draw } from './draw.ts'
import { nabScore, type NabFile, probation, type Tally, tallies, tallyAt } from './nab-score.ts'

const sigma = (y: number): number => 2 / (1 + Math.exp(5 * y)) - 1

/** The protocol read aloud: row by row at one threshold. */
function bruteForce(files: readonly NabFile[], threshold: number): Tally {
  const sum = { hit: 0, missed: 0, outside: 0 }
  for (const { scores, windows } of files) {
    const alarms = [...scores.keys()].filter((i) => i >= probation(scores.length) && scores[i]! >= threshold)
    for (const [left, right] of windows) {
      const first = alarms.find((i) => i >= left && i <= right)
      if (first === undefined) sum.missed++
      else sum.hit += sigma(-(right - first + 1) / (right - left + 1)) / sigma(-1)
    }
    for (const i of alarms) {
      if (windows.some(([left, right]) => i >= left && i <= right)) continue
      const before = windows.findLast(([, right]) => right < i)
      const y = before === undefined ? Infinity : (i - before[1]) / (before[1] - before[0])
      sum.outside += y > 3 ? -1 : sigma(y)
    }
  }
  return sum
}

function scored(rows: number, alarms: Readonly<Record<number, number>>, windows: NabFile['windows']): NabFile {
  return { name: 'one', scores: Float64Array.from({ length: rows }, (_, i) => alarms[i] ?? 0), windows }
}

describe('the NAB score', () => {
  test('an alarm at the first row of the only window is worth all of it', () => {
    const file = scored(200, { 100: 1 }, [[100, 119]])
    for (const profile of ['standard', 'reward_low_FP', 'reward_low_FN'] as const)
      expect(nabScore(tallyAt([file], 1), profile, 1)).toBeCloseTo(100, 10)
  })

  test('no alarm is worth nothing, and one far from every window costs its weight', () => {
    const file = scored(200, { 50: 1 }, [[100, 119]])
    expect(nabScore(tallyAt([file], 2), 'standard', 1)).toBe(0)
    expect(nabScore(tallyAt([file], 1), 'standard', 1)).toBeCloseTo(-5.5, 10)
    expect(nabScore(tallyAt([file], 1), 'reward_low_FP', 1)).toBeCloseTo(-11, 10)
    expect(nabScore(tallyAt([file], 1), 'reward_low_FN', 1)).toBeCloseTo((100 * -0.11) / 3, 10)
  })

  test('later alarms in a window change nothing, and rows of the probation are not looked at', () => {
    const one = scored(200, { 100: 1 }, [[100, 119]])
    const many = scored(200, { 0: 1, 29: 1, 100: 1, 105: 1, 119: 1 }, [[100, 119]])
    expect(tallyAt([many], 1)).toEqual(tallyAt([one], 1))
  })

  test('a row soon after a window costs less than one long after it', () => {
    const soon = tallyAt([scored(400, { 122: 1 }, [[100, 119]])], 1).outside
    const late = tallyAt([scored(400, { 200: 1 }, [[100, 119]])], 1).outside
    expect(soon).toBeCloseTo(sigma(3 / 19), 10)
    expect(late).toBe(-1)
  })

  test('every threshold gives what a walk over the rows gives', () => {
    const draw = new Draw(3, 'nab')
    const files = [0, 1, 2].map((n): NabFile => {
      const scores = Float64Array.from({ length: 120 }, () => Math.round(draw.uniform() * 20) / 10)
      return {
        name: `${n}`,
        scores,
        windows:
          n === 0
            ? []
            : [
                [20 + n, 40],
                [70, 80 + n],
              ],
      }
    })
    const all = tallies(files)
    expect(all.length).toBe(22)
    for (const { threshold, tally } of all) {
      const slow = bruteForce(files, threshold)
      expect(tally.missed).toBe(slow.missed)
      expect(tally.hit).toBeCloseTo(slow.hit, 9)
      expect(tally.outside).toBeCloseTo(slow.outside, 9)
    }
    expect(tallyAt(files, 1.05)).toEqual(tallyAt(files, 1.1))
  })
})
