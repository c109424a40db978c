import { describe, expect, it } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'

import { Budget } from './budget.ts'

const MB = 2 ** 20

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

  it('has what was left behind swept up each time there is enough of it', () => {
    let swept = 0
    const budget = new Budget(MB, silentMeter, () => swept++)
    for (let i = 0; i < 3; i++) budget.leftBehind(MB)
    expect(swept).toBe(0)
    budget.leftBehind(MB)
    expect(swept).toBe(1)
    for (let i = 0; i < 3; i++) budget.leftBehind(MB)
    expect(swept).toBe(1)
    budget.leftBehind(64 * MB)
    expect(swept).toBe(2)
  })
})
