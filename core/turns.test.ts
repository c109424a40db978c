import { setImmediate as turn } from 'node:timers/promises'

import { expect, test } from 'vitest'

import type { Steps } from './steps.ts'
import { inTurns, Turns } from './turns.ts'

/** A clock that moves only as work is done, and others who work in every turn of the loop until they are told to stop. */
class Thread {
  now_ms = 0
  others_ms = 0
  readonly turns: Turns
  #busy = false

  constructor(parts?: number) {
    const idle_ms = (): number => 0
    this.turns = new Turns(() => this.now_ms, idle_ms, parts)
  }

  async othersWork(each_ms: number): Promise<void> {
    this.#busy = true
    while (this.#busy) {
      this.now_ms += each_ms
      this.others_ms += each_ms
      await turn()
    }
  }

  othersRest(): void {
    this.#busy = false
  }

  /** Works in slices. */
  async query(slices: number, each_ms: number): Promise<void> {
    for (let i = 0; i < slices; i++) {
      const began_ms = this.turns.begin()
      this.now_ms += each_ms
      await this.turns.yield(began_ms)
    }
  }

  /** Queries that are over before a slice is. */
  async small(count: number, each_ms: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.turns.start()
      const began_ms = this.turns.begin()
      this.now_ms += each_ms
      this.turns.end(began_ms)
    }
  }
}

test('while others have work, a query has less than a tenth of the time', async () => {
  const thread = new Thread()
  const others = thread.othersWork(2)
  await thread.query(10, 5)
  thread.othersRest()
  await others
  expect(thread.others_ms / thread.now_ms).toBeGreaterThan(0.9)
})

test('two queries at once have no more than one', async () => {
  const thread = new Thread()
  const others = thread.othersWork(2)
  await Promise.all([thread.query(10, 5), thread.query(10, 5)])
  thread.othersRest()
  await others
  expect(thread.others_ms / thread.now_ms).toBeGreaterThan(0.85)
})

test('many queries that are over before their first slice have no more than a long one', async () => {
  const thread = new Thread()
  const others = thread.othersWork(2)
  await thread.small(100, 1)
  thread.othersRest()
  await others
  expect(thread.others_ms / thread.now_ms).toBeGreaterThan(0.9)
})

test('what a query did behind its last slice is made up for by the next', async () => {
  const thread = new Thread()
  const others = thread.othersWork(2)
  for (let i = 0; i < 10; i++) {
    await thread.query(1, 5)
    await thread.small(1, 4)
  }
  thread.othersRest()
  await others
  expect(thread.others_ms / thread.now_ms).toBeGreaterThan(0.9)
})

test('where nothing else waits, small queries do not, however many they are', async () => {
  const thread = new Thread()
  await thread.small(1000, 1)
  expect(thread.now_ms).toBe(1000)
})

test('where nothing else waits, a query goes on at once', async () => {
  const thread = new Thread()
  await thread.query(10, 5)
  expect(thread.now_ms).toBe(50)
})

test('when others are done, a query goes on at once again', async () => {
  const thread = new Thread()
  const others = thread.othersWork(2)
  await thread.query(5, 5)
  thread.othersRest()
  await others
  await thread.query(1, 5)
  const before_ms = thread.now_ms
  await thread.query(10, 5)
  expect(thread.now_ms - before_ms).toBe(50)
})

test('what is told another share has that', async () => {
  const thread = new Thread(2)
  const others = thread.othersWork(2)
  await thread.query(10, 5)
  thread.othersRest()
  await others
  expect(thread.others_ms / thread.now_ms).toBeGreaterThan(0.45)
  expect(thread.others_ms / thread.now_ms).toBeLessThan(0.75)
})

test('what is done in steps leaves others their time', async () => {
  const thread = new Thread()
  const others = thread.othersWork(2)
  function* work(): Steps<string> {
    for (let i = 0; i < 8; i++) {
      thread.now_ms += 5
      yield
    }
    return 'done'
  }
  expect(await inTurns(thread.turns, work())).toBe('done')
  thread.othersRest()
  await others
  expect(thread.others_ms / thread.now_ms).toBeGreaterThan(0.9)
})
