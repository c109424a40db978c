import fc from 'fast-check'
import { expect, test } from 'vitest'

import { nanosToMs } from './cursor.ts'
import { START_READ, TIME_READ, timeAt } from './proto-source.ts'

test('a time is what its bits say, whatever times were read before it', () => {
  // Few different halves, so that many times repeat, or differ in one half only.
  const half = fc.constantFrom(0, 1, 1e6, 400_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1)
  const time = fc.record({ low: half, high: half, kind: fc.constantFrom(TIME_READ, START_READ) })
  fc.assert(
    fc.property(fc.array(time, { maxLength: 50 }), (times) => {
      const view = new DataView(new ArrayBuffer(9))
      for (const { low, high, kind } of times) {
        view.setUint32(1, low, true)
        view.setUint32(5, high, true)
        expect(timeAt(view, 1, kind)).toBe(nanosToMs(high, low))
      }
    }),
  )
})
