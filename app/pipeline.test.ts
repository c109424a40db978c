import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import type { Input } from '#core/ports/intake.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'

import { Pipeline, type Stages } from './pipeline.ts'

const tick = (time_ms: number): Input => ({ kind: 'tick', time_ms })
const request = (text: string): Input => ({ kind: 'otlp', signal: 'logs', encoding: 'json', body: Buffer.from(text) })
const nameOf = (input: Input): string =>
  input.kind === 'tick' ? `t${input.time_ms}` : input.kind === 'otlp' ? Buffer.from(input.body).toString() : input.kind

function pipeline(take: Stages['take'], queue = 100): Pipeline {
  return new Pipeline({ stages: { take }, queue, meter: silentMeter, log: silentLog })
}

const fine = { rejected: 0, message: '' }

test('inputs are applied one at a time, in order, however long each takes', async () => {
  const seen: string[] = []
  let inside = 0
  const door = pipeline(async (input) => ({
    receipt: fine,
    async apply() {
      expect(++inside).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, input.kind === 'tick' ? 5 : 0))
      seen.push(nameOf(input))
      inside--
      return fine
    },
  }))
  await Promise.all([door.submit(tick(1)), door.submit(request('a')), door.submit(tick(2)), door.submit(request('b'))])
  expect(seen).toEqual(['t1', 'a', 't2', 'b'])
})

test('what waits for nothing is done by the time it is submitted, and what comes of it is told in order', async () => {
  const seen: string[] = []
  const more: Promise<unknown>[] = []
  const door = pipeline((input) => {
    if (nameOf(input) === 'bad') throw new ServiceError('bad_data', 'no')
    // One that comes from within waits for the end of this one.
    if (nameOf(input) === 'a') more.push(door.submit(request('inner')))
    seen.push(`take ${nameOf(input)}`)
    return { receipt: fine, apply: () => (seen.push(`apply ${nameOf(input)}`), fine) }
  })
  more.push(door.submit(request('a')))
  expect(seen).toEqual(['take a', 'apply a', 'take inner', 'apply inner'])
  await expect(door.submit(request('bad'))).rejects.toThrow('no')
  expect(await door.between(() => door.waiting)).toBe(0)
  expect(await Promise.all(more)).toEqual([fine, fine])
  await door.idle()
})

test('long inputs that come at once leave the event loop its turns', async () => {
  const seen: string[] = []
  const door = pipeline(async (input) => {
    const end_ms = performance.now() + 6
    while (performance.now() < end_ms);
    return { receipt: fine, apply: async () => (seen.push(nameOf(input)), fine) }
  })
  const all = Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => door.submit(request(name))))
  const inTurns: number[] = []
  while (seen.length < 6) {
    const before = seen.length
    await new Promise((resolve) => setImmediate(resolve))
    inTurns.push(seen.length - before)
  }
  await all
  expect(seen).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  expect(Math.max(...inTurns)).toBeLessThanOrEqual(2)
})

test('what each stage refused is told together', async () => {
  const door = pipeline(async () => ({
    receipt: { rejected: 2, message: 'two labels too long' },
    apply: async () => ({ rejected: 1, message: 'one sample too old' }),
  }))
  expect(await door.submit(request('a'))).toEqual({ rejected: 3, message: 'two labels too long; one sample too old' })
})

test('what comes while the stages are busy waits; what was answered is not held back', async () => {
  const seen: string[] = []
  const free = Promise.withResolvers<void>()
  const stages = {
    busy: undefined as Promise<void> | undefined,
    take: async (input: Input) => ({ receipt: fine, apply: async () => (seen.push(nameOf(input)), fine) }),
  }
  const door = new Pipeline({ stages, queue: 100, meter: silentMeter, log: silentLog })
  const first = door.submit(request('a'))
  stages.busy = free.promise
  await first
  const second = door.submit(request('b'))
  const reload = door.between(() => seen.push('reload'))
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(seen).toEqual(['a'])
  stages.busy = undefined
  free.resolve()
  await Promise.all([second, reload])
  expect(seen).toEqual(['a', 'b', 'reload'])
})

test('a refused input does not stop those behind it', async () => {
  const door = pipeline(async (input) => {
    if (nameOf(input) === 'bad') throw new ServiceError('bad_data', 'no')
    return { receipt: fine, apply: async () => fine }
  })
  const bad = door.submit(request('bad'))
  const good = door.submit(request('good'))
  await expect(bad).rejects.toThrow('no')
  expect(await good).toEqual(fine)
})

test('a full queue refuses, ticks that find others waiting are dropped, and closing drains', async () => {
  const seen: string[] = []
  const door = pipeline(async (input) => ({ receipt: fine, apply: async () => (seen.push(nameOf(input)), fine) }), 3)
  const waiting = [1, 2, 3, 4].map((time) => door.submit(tick(time)))
  const last = [door.submit(request('a')), door.submit(request('b')).catch((error: ServiceError) => error.code)]
  const closed = door.close()
  await expect(door.submit(tick(9))).rejects.toMatchObject({ code: 'unavailable' })
  await Promise.all([...waiting, ...last, closed])
  expect(await last[1]).toBe('overloaded')
  expect(seen).toEqual(['t1', 't2', 't3', 'a'])
})

test('work between inputs finds the engine settled, and its failure is its own', async () => {
  const seen: string[] = []
  const door = pipeline(async (input) => ({
    receipt: fine,
    apply: async () => (await Promise.resolve(), seen.push(nameOf(input)), fine),
  }))
  const first = door.submit(request('a'))
  const work = door.between(() => seen.push('reload'))
  const failing = door.between(() => {
    throw new ServiceError('bad_config', 'bad file')
  })
  const second = door.submit(request('b'))
  await expect(failing).rejects.toThrow('bad file')
  await Promise.all([first, work, second])
  expect(seen).toEqual(['a', 'reload', 'b'])
})
