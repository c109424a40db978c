import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'

import { describe, expect, it } from 'vitest'

import { Leaving } from './leaving.ts'

const ANSWER = { status: 200, type: 'text/plain', body: '' }

/** A response that takes down in `left` when it is written. */
function response(name: number, left: number[], gone = false): ServerResponse {
  const written = { destroyed: gone, headersSent: false, writeHead: () => {}, end: () => left.push(name) }
  return written as unknown as ServerResponse
}

describe('answers to short requests', () => {
  it('leave at the end of the turn, in order, without those whose sender is gone', async () => {
    const left: number[] = []
    const leaving = new Leaving()
    for (let i = 0; i < 3; i++) leaving.add(response(i, left, i === 1), ANSWER)
    expect(left).toEqual([])
    await turn()
    expect(left).toEqual([0, 2])
    leaving.add(response(3, left), ANSWER)
    await turn()
    expect(left).toEqual([0, 2, 3])
  })

  it('do not wait where many are ready', async () => {
    const left: number[] = []
    const leaving = new Leaving()
    for (let i = 0; i < 20; i++) leaving.add(response(i, left), ANSWER)
    expect(left).toEqual(Array.from({ length: 16 }, (_, i) => i))
    await turn()
    expect(left).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })
})
