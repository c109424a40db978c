import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { seeded } from '../random.ts'
import { decodePiece, encodePiece, pieceCount, pieceFrom_ms, pieceLimit, type Samples } from './chunk-codec.ts'

function samplesOf(
  time_ms: readonly number[],
  columns: readonly (readonly number[])[],
  stale: readonly number[] = [],
): Samples {
  return {
    time_ms: Float64Array.from(time_ms),
    columns: columns.map((column) => Float64Array.from(column)),
    stale: Uint8Array.from({ length: time_ms.length }, (_, i) => stale[i] ?? 0),
  }
}

const empty = (count: number, columns: number): Samples =>
  samplesOf(Array<number>(count).fill(0), Array<number[]>(columns).fill(Array<number>(count).fill(0)))

function roundTrip(samples: Samples): Samples {
  const count = samples.time_ms.length
  const columns = samples.columns.length
  const bytes = encodePiece({ samples, from: 0, to: count }).slice()
  expect(bytes.length).toBeLessThanOrEqual(pieceLimit(columns, count))
  expect(pieceCount(bytes, 0)).toBe(count)
  expect(pieceFrom_ms(bytes, 0)).toBe(samples.time_ms[0])
  const back = empty(count, columns)
  expect(decodePiece(bytes, 0, { samples: back, wanted: samples.columns.map((_, i) => i), columns, at: 0 })).toBe(
    bytes.length,
  )
  return back
}

function bitsOf(values: Float64Array): BigUint64Array {
  // All NaN are one.
  return new BigUint64Array(Float64Array.from(values, (value) => (Number.isNaN(value) ? Number.NaN : value)).buffer)
}

function expectSame(back: Samples, samples: Samples): void {
  expect(bitsOf(back.time_ms)).toEqual(bitsOf(samples.time_ms))
  for (const [i, column] of samples.columns.entries()) expect(bitsOf(back.columns[i]!)).toEqual(bitsOf(column))
  expect(back.stale).toEqual(samples.stale)
}

const nasty = fc.constantFrom(
  -0,
  0,
  Number.NaN,
  Infinity,
  -Infinity,
  5e-324,
  2 ** 53,
  -(2 ** 45),
  2 ** 45 + 1,
  0.1,
  1e-6,
)
const value = fc.oneof(
  fc.double(),
  nasty,
  fc.integer(),
  fc.integer({ min: -10_000, max: 10_000 }).map((cents) => cents / 100),
)
const column = fc.oneof(
  fc.array(value, { minLength: 1, maxLength: 150 }),
  fc.array(nasty, { minLength: 1, maxLength: 20 }),
  fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 200 }),
  fc.array(fc.constantFrom(0, -0, 2, 2 ** 28, 2 ** 28 - 1, 1 - 2 ** 28, 2 ** 31, -(2 ** 31)), { minLength: 1 }),
  fc.array(fc.integer(), { minLength: 1 }),
  // Far from 0, close to each other, and now and then a fraction that a difference would lose.
  fc
    .tuple(
      fc.constantFrom(0, 2 ** 31, 2 ** 40, 2 ** 44, -(2 ** 44), 2 ** 45 - 5),
      fc.array(fc.integer(), { minLength: 1 }),
    )
    .map(([from, steps]) => steps.map((step) => from + (step % 1000))),
  fc.array(fc.constantFrom(2 ** 27, 2 ** 28, 2 ** 28 + 1, 2 ** -40, -(2 ** 28), 7, -7), { minLength: 1 }),
  fc
    .tuple(fc.integer({ min: 1, max: 34 }), fc.array(fc.integer({ min: -999, max: 999 }), { minLength: 1 }))
    .map(([shift, values]) => values.map((one) => one * 2 ** shift)),
  fc.array(fc.constant(0), { minLength: 1, maxLength: 300 }),
  fc.array(
    fc.integer({ min: 0, max: 1e6 }).map((n) => n / 1e3),
    { minLength: 1, maxLength: 130 },
  ),
)

test('any float64 comes back with its bits, NaN as NaN', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(column, column, (times, values) => {
      const count = Math.min(times.length, values.length)
      const samples = samplesOf(times.slice(0, count), [values.slice(0, count)])
      expectSame(roundTrip(samples), samples)
    }),
    { numRuns: 500 },
  )
})

test('stale flags come back', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 130 }), (stale) => {
      const samples = samplesOf([...stale.keys()], [stale.map(() => 1.5)], stale)
      expectSame(roundTrip(samples), samples)
    }),
  )
})

test('of many columns only the wanted are decoded, behind what is there', () => {
  const samples = samplesOf(
    [1, 2, 3],
    [
      [1, 2, 3],
      [0.1, 0.2, 0.3],
      [1e300, -0, 7],
      [9, 9, 9],
    ],
  )
  const bytes = encodePiece({ samples, from: 1, to: 3 })
  const back = empty(4, 2)
  decodePiece(bytes, 0, { samples: back, wanted: [1, 3], columns: 4, at: 2 })
  expect([...back.time_ms]).toEqual([0, 0, 2, 3])
  expect(back.columns.map((values) => Array.from(values))).toEqual([
    [0, 0, 0.2, 0.3],
    [0, 0, 9, 9],
  ])
})

const wave = (i: number): number => {
  const x = Math.sin(i * 12.9898) * 43_758.5453
  return x - Math.floor(x)
}
const gauge = (before: number, i: number): number => Math.round((before + wave(i) - 0.5) * 100) / 100
const counter = (before: number, i: number): number => before + Math.round(300 + 80 * (wave(i) - 0.5))
const pages = (before: number, i: number): number => before + 4096 * Math.round(6 * (wave(i) - 0.5))
const seldom = (before: number, i: number): number => (wave(i) < 0.03 ? Math.round(wave(i) * 1e5) : before)

test.each([
  [1.6, 'a gauge of two decimals', gauge],
  [1.6, 'a counter', counter],
  [1, 'a gauge of pages', pages],
  [0.4, 'a gauge that seldom moves', seldom],
])('at most %s bytes a sample, times included: %s', (limit, _, next) => {
  const values: number[] = [409_600]
  for (let i = 1; i < 480; i++) values.push(next(values.at(-1)!, i))
  const samples = samplesOf(
    values.map((__, i) => 1_700_000_000_000 + i * 10_000),
    [values],
  )
  expect(encodePiece({ samples, from: 0, to: 480 }).length / 480).toBeLessThan(limit)
  expectSame(roundTrip(samples), samples)
})

test('a constant at regular times costs next to nothing', () => {
  const times = Array.from({ length: 120 }, (_, i) => 1_700_000_000_000 + i * 15_000)
  const samples = samplesOf(times, [times.map(() => 42)])
  expect(encodePiece({ samples, from: 0, to: 120 }).length).toBeLessThan(32)
})

test('a long run of equal steps survives', () => {
  expect.hasAssertions()
  const times = Array.from({ length: 5000 }, (_, i) => i * 1000)
  const samples = samplesOf(times, [times.map(() => 7)])
  expectSame(roundTrip(samples), samples)
})

test('bytes are what they always were: counters, decimals, multiples, jumps, noise', () => {
  const random = seeded(5)
  const below = (limit: number): number => Math.floor(random() * limit)
  const hash = createHash('sha256')
  for (let round = 0; round < 2000; round++) {
    const count = 1 + below(round % 10 === 0 ? 400 : 40)
    const [steps, divisor, jumps] = [2 ** below(46), 10 ** below(8), random() ** 4]
    let last = below(2 ** below(45))
    const values = Array.from({ length: count }, () => {
      last += random() < jumps ? below(2 ** 40) : below(steps) - (round % 3 === 0 ? Math.floor(steps / 2) : 0)
      return round % 7 === 0 ? random() : last / divisor
    })
    const shift = 2 ** below(34)
    const multiples = values.map(() => below(1000) * shift)
    const times = values.map((_, i) => 1_700_000_000_000 + i * 10_000 + (round % 5 === 0 ? below(9) : 0))
    hash.update(encodePiece({ samples: samplesOf(times, [values, multiples]), from: 0, to: count }))
  }
  expect(hash.digest('hex')).toBe('d23f975ff35aab691a7244f8afc07665f4c6f131dca359268d17027bafb745e0')
})
