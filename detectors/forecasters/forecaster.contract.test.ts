import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import * as list from '../forecasters.ts'

describe.each(Object.values(list))('forecaster $name', (forecaster) => {
  const wave = (n: number, period: number) =>
    Float64Array.from({ length: n }, (_, i) => 10 + 3 * Math.sin((2 * Math.PI * i) / Math.max(2, period)))

  test('finite history gives finite forecasts, the same every time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
          minLength: 12,
          maxLength: 80,
        }),
        fc.constantFrom(0, 4),
        (values, period) => {
          const value = Float64Array.from(values)
          const forecasts = [0, 1].map(() => {
            const out: number[] = []
            forecaster.fit({ value, period }, 5).roll([value.length], 5, (_, forecast) => out.push(...forecast))
            return out
          })
          expect(forecasts[0]!.every(Number.isFinite)).toBe(true)
          expect(forecasts[0]).toEqual(forecasts[1])
        },
      ),
      { numRuns: 100 },
    )
  })

  test('every origin is visited once, in order, with as many steps as were asked for', () => {
    const value = wave(200, 20)
    const seen: [number, number][] = []
    forecaster
      .fit({ value, period: 20 }, 7)
      .roll([50, 51, 199, 200], 7, (origin, forecast) => seen.push([origin, forecast.length]))
    expect(seen).toEqual([
      [50, 7],
      [51, 7],
      [199, 7],
      [200, 7],
    ])
  })

  test('a season that repeats is forecast', () => {
    const value = wave(400, 20)
    forecaster.fit({ value, period: 20 }, 20).roll([400], 20, (_, forecast) => {
      for (const [h, v] of forecast.entries())
        expect(Math.abs(v - (10 + 3 * Math.sin((2 * Math.PI * (400 + h)) / 20)))).toBeLessThan(0.3)
    })
  })
})
