import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Rows } from '../rows.ts'
import { Slots } from './slots.ts'

test('a slot says what it was given last to within the width of its page, however far others lie', () => {
  const sane = fc.oneof(
    fc.double({ min: -1e3, max: 1e3, noNaN: true }),
    fc.double({ min: -1e37, max: 1e37, noNaN: true }),
  )
  const given = fc.array(fc.tuple(fc.integer({ min: 0, max: 11 }), sane, fc.integer({ min: 1, max: 99 })), {
    minLength: 1,
  })
  fc.assert(
    fc.property(given, sane, fc.double({ min: 1e-12, max: 1e6, noNaN: true }), (sets, base, scale) => {
      const pages = new Rows()
      const slots = new Slots(pages, 12)
      const page = pages.add()
      slots.begin(page, base, scale)
      const last = new Map<number, readonly [number, number]>()
      let width = 0
      for (const [slot, value, periods] of sets) {
        slots.set(page, slot, value, periods)
        last.set(slot, [value, periods])
        width = Math.max(width, Math.abs(value - base))
      }
      // Coarser at most by 2 / 4095 of the width, rounded as often as the unit doubled; 32 bits and 64 bits add their own.
      const within = Math.max(scale / 32, width / 2000) + 1e-6 * (width + Math.abs(base))
      for (let slot = 0; slot < 12; slot++) {
        const [value, periods] = last.get(slot) ?? [NaN, 0]
        expect(slots.periods(page, slot)).toBe(Math.min(periods, 7))
        if (periods === 0) expect(slots.get(page, slot)).toBeNaN()
        else expect(Math.abs(slots.get(page, slot) - value)).toBeLessThanOrEqual(within)
      }
    }),
  )
})
