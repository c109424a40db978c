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
})
