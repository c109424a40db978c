import { describe, expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'

import { Budget } from './budget.ts'
import { KeptMemory } from './kept-memory.ts'

const MIB = 2 ** 20

describe('memory of long bodies', () => {
  test('is that of one before, of which nothing can be seen any more', () => {
    const budget = new Budget(10 * MIB, silentMeter)
    const first = budget.share()
    const body = first.memory(2 * MIB).fill(7)
    first.release()
    expect(body.length).toBe(0)
    const next = budget.share().memory(2 * MIB - 1000)
    expect(next.length).toBe(2 * MIB - 1000)
    expect(next[0]).toBe(7)
  })

  test('is never that of two', () => {
    const budget = new Budget(10 * MIB, silentMeter)
    const [a, b] = [budget.share(), budget.share()]
    const one = a.memory(MIB).fill(1)
    b.memory(MIB).fill(2)
    expect(one.every((byte) => byte === 1)).toBe(true)
    a.release()
    a.release()
    const [c, d] = [budget.share().memory(MIB), budget.share().memory(MIB)]
    expect(c.buffer).not.toBe(d.buffer)
  })

  test('is kept up to a limit, and not for short bodies, nor far longer than is asked for', () => {
    const kept = new KeptMemory()
    expect(kept.take(1000)).toBeUndefined()
    expect(kept.take(17 * MIB)).toBeUndefined()
    const many = Array.from({ length: 5 }, () => kept.take(4 * MIB)!)
    for (const [i, memory] of many.entries()) {
      new Uint8Array(memory)[0] = i + 1
      kept.give(memory)
    }
    const firsts = Array.from({ length: 5 }, () => new Uint8Array(kept.take(4 * MIB)!)[0])
    // The one that was given back first is gone.
    expect(firsts.slice(0, 4)).toEqual([5, 4, 3, 2])
    const long = kept.take(8 * MIB)!
    kept.give(long)
    expect(kept.take(MIB)!.byteLength).toBe(MIB)
  })
})
