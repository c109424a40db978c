import fc from 'fast-check'
import { expect, test } from 'vitest'

import { kindOf, type Observation, type Run, type RunChange, stepRun } from './run.ts'

const MINUTE = 60_000
const options = { for_ms: 2 * MINUTE, pause_ms: 15 * MINUTE, recount_ms: 240 * MINUTE }

const seen = (minute: number, score: number, value = score): Observation => ({
  time_ms: minute * MINUTE,
  anomalous: score >= 1,
  score,
  value,
  expected: 0,
  lower: -1,
  upper: 1,
})

/** Steps through observations as the engine does; what changed, by minute. */
function walk(observations: readonly Observation[]): { run: Run | undefined; changes: [number, RunChange][] } {
  let run: Run | undefined
  const changes: [number, RunChange][] = []
  for (const observation of observations) {
    const before = run
    let step = stepRun(run, observation, options)
    if (step.change !== '') changes.push([observation.time_ms / MINUTE, step.change])
    if (before !== undefined && step.run === undefined) {
      step = stepRun(undefined, observation, options)
      if (step.change !== '') changes.push([observation.time_ms / MINUTE, step.change])
    }
    run = step.run
  }
  return { run, changes }
}

test('a run opens once it has lasted, takes in short pauses and closes after fifteen quiet minutes', () => {
  const { run, changes } = walk([
    seen(0, 2),
    seen(1, 0),
    seen(2, 3),
    seen(10, 0),
    seen(12, 2),
    ...[13, 20, 26].map((minute) => seen(minute, 0)),
    seen(27, 0),
    seen(28, 5),
  ])
  expect(changes).toEqual([
    [2, 'opened'],
    [12, 'updated'],
    [27, 'closed'],
  ])
  expect(run).toMatchObject({ since_ms: 28 * MINUTE, open: false })
})

test('what is over before it lasted is dropped without a word to anyone', () => {
  expect(walk([seen(0, 2), seen(1, 0), seen(30, 0)]).changes).toEqual([[30, 'dropped']])
})

test('a lasting alarm counts again every four hours', () => {
  expect(walk(Array.from({ length: 9 * 60 }, (_, minute) => seen(minute, 2))).run?.alarms).toBe(3)
})

test('kinds follow from shape and duration', () => {
  const kind = (observations: readonly Observation[]): string => kindOf(walk(observations).run!)
  const minutes = Array.from({ length: 40 }, (_, minute) => minute)
  expect(kind([seen(0, 5), seen(2, 5)])).toBe('spike')
  expect(kind([seen(0, 5, -5)])).toBe('dip')
  expect(kind(minutes.map((minute) => seen(minute, 5)))).toBe('level_up')
  expect(kind(minutes.map((minute) => seen(minute, 5, -5)))).toBe('level_down')
  expect(kind(minutes.map((minute) => seen(minute, 1 + minute / 10)))).toBe('drift')
  expect(kind(minutes.map((minute) => seen(minute, 5, minute % 2 === 0 ? 5 : -5)))).toBe('variance')
})

test('what only wavers about the end of trouble does not make it swing', () => {
  const trouble = Array.from({ length: 20 }, (_, minute) => seen(minute, 5))
  const end = Array.from({ length: 30 }, (_, i) => seen(20 + i, 0.9, -0.9))
  expect(kindOf(walk([...trouble, ...end]).run!)).toBe('level_up')
})

test('what a detector finds restless is a level where it lies on one side, and swings where it does not', () => {
  const restless = (minute: number, value: number): Observation => ({ ...seen(minute, 5, value), shape: 'variance' })
  const kind = (side: (minute: number) => number): string =>
    kindOf(walk(Array.from({ length: 40 }, (_, minute) => restless(minute, side(minute)))).run!)
  expect(kind(() => -5)).toBe('level_down')
  expect(kind((minute) => (minute % 3 === 0 ? 5 : -5))).toBe('variance')
  expect(kindOf(walk([restless(0, 5)]).run!)).toBe('variance')
})

test('what a detector finds restless swings where nothing leaves its band: a mean of it lies on one side', () => {
  const mean = (minute: number): Observation => ({ ...seen(minute, 5, 0.5), shape: 'variance' })
  expect(kindOf(walk(Array.from({ length: 14 }, (_, minute) => mean(minute))).run!)).toBe('variance')
})

test('a level that a detector names is one however short, or a drift where it crept there', () => {
  const level = (minute: number, score: number): Observation => ({ ...seen(minute, score), shape: 'level_up' })
  expect(kindOf(walk([level(0, 5), level(2, 5)]).run!)).toBe('level_up')
  expect(kindOf(walk(Array.from({ length: 40 }, (_, minute) => level(minute, 1 + minute / 10))).run!)).toBe('drift')
})

test('a level that becomes the new normal ends its finding, though its sample is normal by then', () => {
  const { run, changes } = walk([seen(0, 5), seen(3, 5), { ...seen(4, 0.1), adopted: true }])
  expect(changes.at(-1)).toEqual([4, 'closed'])
  expect(run).toMatchObject({ adopted: true, last_ms: 4 * MINUTE })
})

test('whatever comes, a run opens once, is told of while open and closes once', () => {
  const gaps = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 20 }), score: fc.constantFrom(0, 0, 1, 2, 9) }), {
    maxLength: 300,
  })
  fc.assert(
    fc.property(gaps, (stream) => {
      let minute = 0
      const { run, changes } = walk(stream.map(({ gap, score }) => seen((minute += gap), score)))
      let open = false
      for (const [, change] of changes) {
        // An opening or a drop finds it not open; an update or a closing finds it open.
        expect(open).toBe(change === 'updated' || change === 'closed')
        open = change === 'opened' || change === 'updated'
      }
      expect(run?.open ?? false).toBe(open)
      expect(run === undefined || run.peak.score >= 1).toBe(true)
    }),
  )
})

test('what only lasts begins nothing, unless it was over not long ago', () => {
  const lasting: Observation = { ...seen(0, 0.9), anomalous: true }
  const options0 = { ...options, for_ms: 0 }
  expect(stepRun(undefined, lasting, options0)).toEqual({ run: undefined, change: '' })
  expect(stepRun(undefined, lasting, { ...options0, returns: true }).change).toBe('opened')
  expect(stepRun(undefined, { ...lasting, score: 0.2 }, { ...options0, returns: true }).change).toBe('')
})

test('the farthest value on the side of the peak is remembered beside the highest score', () => {
  const { run } = walk([
    seen(0, 9, 20),
    { ...seen(1, 0.99, 90), anomalous: true },
    { ...seen(2, 0.99, 40), anomalous: true },
    { ...seen(3, 2, -200), anomalous: true },
  ])
  expect(run).toMatchObject({ peak: { score: 9, value: 20 }, farthest: { score: 0.99, value: 90 } })
  const turned = walk([seen(0, 2, 20), seen(1, 9, -10)]).run
  expect(turned).toMatchObject({ peak: { value: -10 }, farthest: { value: -10 } })
})

test('the way back into the band is no peak, however unusual it is to who followed the values out of it', () => {
  const { run } = walk([seen(0, 2, 20), seen(1, 1.5, 30), seen(2, 9, -0.5)])
  expect(run).toMatchObject({ peak: { value: 20 }, farthest: { value: 30 }, last_ms: 2 * MINUTE })
  expect(kindOf(run!)).toBe('spike')
})
