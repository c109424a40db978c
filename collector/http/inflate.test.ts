import { gzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'

import { Budget } from './budget.ts'
import { Inflater } from './inflate.ts'

const MIB = 2 ** 20

function inflaterOf(limit: number, inFlight: number) {
  const budget = new Budget(inFlight, silentMeter)
  const inflater = new Inflater(limit, budget)
  return { budget, inflate: async (body: Uint8Array) => inflater.inflate('gzip', body, budget.share()) }
}

test('a short body does not wait for bombs that came before it', async () => {
  const { inflate } = inflaterOf(16 * MIB, 64 * MIB)
  const bomb = gzipSync(Buffer.alloc(64 * MIB))
  const ended: string[] = []
  const bombs = Array.from({ length: 5 }, async () => {
    await expect(inflate(bomb)).rejects.toMatchObject({ code: 'too_large' })
    ended.push('bomb')
  })
  // The first one is under way.
  await new Promise((resolve) => setImmediate(resolve))
  expect(await inflate(gzipSync('short'))).toEqual(Buffer.from('short'))
  ended.push('short')
  await Promise.all(bombs)
  expect(ended[0]).toBe('short')
})

test('what a long body may become is not given to short ones meanwhile', async () => {
  const { budget, inflate } = inflaterOf(8 * MIB, 8 * MIB)
  const long = inflate(gzipSync(Buffer.alloc(8 * MIB - 1000)))
  await new Promise((resolve) => setImmediate(resolve))
  const short = inflate(gzipSync(Buffer.alloc(2000)))
  expect(await long).toHaveLength(8 * MIB - 1000)
  await expect(short).rejects.toMatchObject({ code: 'overloaded' })
  expect(budget.used).toBe(8 * MIB - 1000)
})
