import { describe, expect, it } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'

import { Budget } from './budget.ts'

describe('the budget of all bodies', () => {
  it('takes what fits, and is whole again when shares are released, once or twice', () => {
    const budget = new Budget(10, silentMeter)
    const share = budget.share()
    share.add(7)
    expect(() => budget.share().add(4)).toThrow('too many bodies')
    share.release()
    share.release()
    expect(budget.used).toBe(0)
    budget.share().add(10)
    expect(budget.left).toBe(0)
  })

  it('gives the memory of a body back with its share, but none that others have a part of', () => {
    const share = new Budget(10, silentMeter).share()
    const own = [Buffer.allocUnsafeSlow(2000), Buffer.allocUnsafeSlow(20_001).subarray(0, 20_000)]
    const parts = Array.from({ length: 20 }, () => Buffer.allocUnsafe(20_000))
    for (const bytes of [...own, ...parts]) share.own(bytes)
    share.release()
    expect(own.map(({ length }) => length)).toEqual([0, 0])
    expect(new Set(parts.map(({ length }) => length))).toEqual(new Set([20_000]))
    expect(Buffer.allocUnsafe(100)).toHaveLength(100)
  })
})
