import { describe, expect, test } from 'vitest'

import { bootstrap, delayCounts, f1, pooled } from './delay-f1.ts'
import { uniform } from './draw.ts'

const rows = (text: string): Uint8Array => Uint8Array.from(text, Number)

describe('delay-7 F1', () => {
  test('a segment told by its eighth point counts whole, one told later not at all', () => {
    const truth = rows('001111111111100')
    expect(delayCounts(truth, rows('000000000100000'))).toEqual({ tp: 11, fp: 0, fn: 0 })
    expect(delayCounts(truth, rows('000000000011100'))).toEqual({ tp: 0, fp: 0, fn: 11 })
  })

  test('the time to tell ends with the segment', () => {
    expect(delayCounts(rows('0110000'), rows('0001000'))).toEqual({ tp: 0, fp: 1, fn: 2 })
  })

  test('points outside segments count as they are', () => {
    expect(delayCounts(rows('0000110'), rows('1010010'))).toEqual({ tp: 2, fp: 2, fn: 0 })
  })

  test('series are pooled by their points', () => {
    const all = [
      { tp: 2, fp: 2, fn: 0 },
      { tp: 0, fp: 0, fn: 4 },
    ]
    expect(f1(pooled(all))).toBeCloseTo(4 / 10, 12)
    expect(f1({ tp: 0, fp: 3, fn: 3 })).toBe(0)
  })

  test('the interval holds what was pooled, and is the same at each run', () => {
    const all = Array.from({ length: 20 }, (_, i) => ({ tp: i, fp: 3, fn: 20 - i }))
    const [low, high] = bootstrap(all, uniform(1))
    expect(low).toBeLessThan(f1(pooled(all)))
    expect(high).toBeGreaterThan(f1(pooled(all)))
    expect(bootstrap(all, uniform(1))).toEqual([low, high])
  })
})
