import { describe, expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

import { Periods } from './period.ts'

const BINS = 128
const periods = new Periods(BINS)
const periodOf = (values: Float64Array): number => periods.of(values)
const SHAPES: Record<string, (share: number) => number> = {
  sine: (share) => 1.4 * Math.sin(2 * Math.PI * share),
  'half on, half off': (share) => (share < 0.4 ? 1 : -1),
  'a short batch': (share) => (share < 0.1 ? 6 : 0),
  sawtooth: (share) => 3 * share - 1.5,
}

/** Sum of twelve uniform numbers: about normal, mean 0, variance 1. */
const normal = (random: () => number): number => Array.from({ length: 12 }, random).reduce((a, b) => a + b) - 6

const periodic = (shape: (share: number) => number, period: number, seed: number): Float64Array => {
  const random = seeded(seed)
  const phase = random()
  return Float64Array.from({ length: BINS }, (_, i) => shape((i / period + phase) % 1) + 0.3 * normal(random))
}

describe.each(Object.entries(SHAPES))('%s', (_, shape) => {
  test.each([7.3, 12, 16.6, 23.5, 31.2])('that comes every %f values has that period', (period) => {
    for (let seed = 1; seed <= 10; seed++) {
      const found = periodOf(periodic(shape, period, seed))
      // Where two periods are a whole number of values and one is none they are a period as well.
      const times = Math.round(found / period)
      expect(times).toBeOneOf([1, 2, 3, 4])
      expect(Math.abs(found / times / period - 1)).toBeLessThan(0.015)
    }
  })
})

const WITHOUT: Record<string, (random: () => number) => () => number> = {
  'white noise': (random) => () => normal(random),
  'a random walk': (random) => {
    let at = 0
    return () => (at += normal(random))
  },
  'noise that remembers ten values': (random) => {
    let at = 0
    return () => (at = 0.9 * at + normal(random))
  },
  'noise with a heavy tail': (random) => () => Math.exp(1.5 * normal(random)),
  'spikes at random': (random) => () => (random() < 0.03 ? 8 : 0.3 * normal(random)),
  'a straight line': (random) => {
    let at = 0
    return () => (at += 0.025) + 0.3 * normal(random)
  },
}

test.each(Object.entries(WITHOUT))('%s has no period but by chance, in one of 100', (_, begin) => {
  let found = 0
  for (let seed = 1; seed <= 300; seed++) {
    const next = begin(seeded(seed))
    if (!Number.isNaN(periodOf(Float64Array.from({ length: BINS }, next)))) found++
  }
  expect(found).toBeLessThanOrEqual(3)
})

test.each([
  ['the same value again and again', () => 7],
  ['nothing but 0', () => 0],
])('%s has none', (_, value) => {
  expect(periodOf(Float64Array.from({ length: BINS }, value))).toBeNaN()
})

test('what passed fewer than four times is none yet', () => {
  expect(periodOf(periodic(SHAPES['sine']!, 35, 1))).toBeNaN()
})
