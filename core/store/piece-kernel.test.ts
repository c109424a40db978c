import { expect, test } from 'vitest'

import { seeded } from '../random.ts'
import { desk, encodeInScript, encodePiece, type Samples } from './chunk-codec.ts'
import { PieceKernel } from './piece-kernel.ts'

const random = seeded(12)
const below = (limit: number): number => Math.floor(random() * limit)
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!

const LIMIT = 2 ** 45
const NASTY: readonly number[] = [
  [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324, 2 ** -1022],
  [28, 29, 31, 32, 51, 52, 53, 63].flatMap((bits) => [2 ** bits, 2 ** bits - 1, 2 ** bits + 1, -(2 ** bits)]),
  [LIMIT, LIMIT - 1, LIMIT + 1, -LIMIT, -LIMIT - 1].flatMap((limit) => [limit, limit / 10, limit / 1e6]),
  [0.5, -0.5, 1.5, 2.5, 0.49999999999999994, 2 ** 51 + 0.5],
  [0.1, 1e-6, 1e-7, 123_456.789, 1e300, Number.MAX_VALUE],
].flat()

/** Words of doubles, their high ones and low ones. */
function fromWords(count: number, high: () => number, low: () => number): ArrayLike<number> {
  const words = Uint32Array.from({ length: count * 2 }, (_, i) => (i % 2 === 1 ? high() : low()))
  return new Float64Array(words.buffer)
}

/** What each value is made of the one before. */
function walk(first: number, next: (before: number) => number): (count: number) => ArrayLike<number> {
  return (count) => {
    let last = first
    return Float64Array.from({ length: count }, () => (last = next(last)))
  }
}

type Shape = (count: number) => ArrayLike<number>

/** Each call gives another one of its kind. */
const SHAPES: readonly (() => Shape)[] = [
  () => walk(below(1e6), (last) => last + below(100)),
  () => walk(below(1e6), (last) => Math.round((last + random() * 20 - 10) * 100) / 100),
  () => {
    const [steps, jumps] = [2 ** below(48), random() ** 4]
    return walk(Math.floor(random() * 2 ** below(50)), (last) => last + below(random() < jumps ? 2 ** 40 : steps))
  },
  () => {
    const [range, share] = [2 ** below(47), random()]
    return walk(0, (last) => below(range) + (random() < share ? last : 0))
  },
  () => {
    const [divisor, range] = [10 ** below(8), 10 ** below(16)]
    return walk(0, () => Math.round((random() - 0.5) * range) / divisor)
  },
  () => {
    const [factor, range] = [2 ** below(34), 2 ** below(20)]
    return walk(0, () => Math.round((random() - 0.5) * range) * factor)
  },
  () => walk(0, () => oneOf(NASTY)),
  () => {
    const [usual, other, share] = [oneOf(NASTY), oneOf(NASTY), random() ** 3]
    return walk(0, () => (random() < share ? other : usual))
  },
  () => {
    const step = oneOf([0, 1, -1, 1000, 15_000, 0.25, 2 ** 44])
    return walk(oneOf([...NASTY, 1_790_000_000_000]), (last) => last + step)
  },
  () => {
    const jitter = 1 + below(300)
    return (count) => Float64Array.from({ length: count }, (_, i) => 1_790_000_000_000 + i * 15_000 + below(jitter))
  },
  () => {
    const share = random() ** 3
    return walk(below(100), (last) => (random() < share ? below(1e5) : last))
  },
  () => {
    let step = below(1e5)
    return walk(below(1e3), (last) => last + (step += below(9) - 4))
  },
  () => walk(0, () => random()),
  () => (count) =>
    fromWords(
      count,
      () => below(2 ** 32),
      () => below(2 ** 32),
    ),
  // Whatever is no number, and what is beside it.
  () => (count) =>
    fromWords(
      count,
      () => oneOf([0x7ff0_0000, 0xfff0_0000, 0x7ff8_0000, 0xfff8_0000, 0x7ff8_0001]),
      () => oneOf([0, 1, below(2 ** 32)]),
    ),
  // Differing in so many bits, high and low.
  () => {
    const [high, low, first] = [2 ** below(21), 2 ** below(33), below(2 ** 32)]
    return (count) =>
      fromWords(
        count,
        () => (first ^ below(high)) >>> 0,
        () => below(low),
      )
  },
]

/** Values of a random kind, behind and before others. */
function columnOf(before: number, count: number): Float64Array {
  const column = new Float64Array(before + count + 2).fill(random())
  column.set(oneOf(SHAPES)()(count), before)
  return column
}

function samplesOf(before: number, count: number, columns: number): Samples {
  const share = random() < 0.7 ? 0 : random()
  return {
    time_ms: columnOf(before, count),
    columns: Array.from({ length: columns }, () => columnOf(before, count)),
    stale: Uint8Array.from({ length: before + count + 2 }, () => Number(random() < share)),
  }
}

/** Lays samples into the buffer that the kernel reads in place. */
function lay({ time_ms, columns, stale }: Samples): void {
  desk.reset(columns.length)
  desk.reserve(time_ms.length)
  desk.time_ms.set(time_ms)
  desk.stale.set(stale)
  for (const [i, column] of columns.entries()) desk.columns[i]!.set(column)
}

/** Whether the kernel could read them in place. */
function expectSame(before: number, count: number, columns: number): boolean {
  const samples = samplesOf(before, count, columns)
  const [from, to] = [before, before + count]
  const expected = Buffer.from(encodeInScript({ samples, from, to }))
  const written = Buffer.from(encodePiece({ samples, from, to }))
  lay(samples)
  const isAtHome = desk.isAtHome
  const inPlace = Buffer.from(encodePiece({ samples: desk, from, to }))
  // Asked so, since to compare them as objects is slow.
  if (written.equals(expected) && inPlace.equals(expected)) return isAtHome
  expect([written, inPlace, samples]).toEqual([expected, expected, samples])
  return false
}

test('there is one', () => {
  expect(PieceKernel.begin()).toBeDefined()
})

test('writes what JavaScript writes, byte for byte: heads and chunks of floats, rows of histograms', () => {
  let inPlace = 0
  for (let round = 0; round < 6000; round++) {
    const count = random() < 0.9 ? 1 + below(40) : 1 + below(600)
    if (expectSame(below(4), count, random() < 0.9 ? 1 : 1 + below(20))) inPlace++
  }
  expect(inPlace).toBeGreaterThan(5000)
})

test('and what is too long or too wide for it, or for the buffer that it reads in place', () => {
  const sizes = [
    [126, 1],
    [127, 1],
    [2000, 2],
    [4096, 1],
    [4097, 1],
    [400, 60],
    [8, 158],
    [8, 160],
    [1, 2000],
    [1, 9000],
  ] as const
  const isAtHome = sizes.map(([count, columns]) => expectSame(0, count, columns))
  expect(isAtHome).toEqual([true, false, false, false, false, false, true, false, false, false])
  expect(expectSame(0, 30, 3)).toBe(true)
})

/** Sums of codes of both orders, as they are and as doubles add up. */
function sumsOf(values: Float64Array): { exact: bigint[]; added: number[] } {
  const [exact, added] = [
    [0n, 0n],
    [0, 0],
  ]
  for (let i = 1; i < values.length; i++) {
    const step = values[i]! - values[i - 1]!
    const turn = i === 1 ? 0 : step - (values[i - 1]! - values[i - 2]!)
    for (const [order, change] of [step, turn].entries()) {
      const code = Math.abs(change) * 2 - Number(change < 0)
      exact[order]! += BigInt(code)
      added[order]! += code
    }
  }
  return { exact, added }
}

/** Steps of some 2^42, as many straight on as turns back; undefined where both sums of codes do not come out about the same. */
function balanced(count: number): Float64Array | undefined {
  const values = new Float64Array(count)
  let [direction, turns] = [1, 0]
  for (let i = 1; i < count; i++) {
    const isTurn = i < 1200 ? random() < 0.5 : turns < 0
    const isFar = Math.abs(values[i - 1]! + (isTurn ? -direction : direction) * 2 ** 42) > 2 ** 44
    if (isTurn !== isFar) direction = -direction
    turns += isTurn === isFar ? -1 : 1
    values[i] = values[i - 1]! + direction * 2 ** 42 + below(5) - 2
  }
  const { exact } = sumsOf(values)
  // The last step is one of those that make the one sum larger by as much as the other less.
  values[count - 1]! += Math.round(Number(exact[1]! - exact[0]!) / 4) * direction
  return Math.abs(values[count - 1]!) < LIMIT ? values : undefined
}

test('chooses the order that JavaScript chooses, where sums are told apart by what doubles lose', () => {
  let lost = 0
  for (let round = 0; round < 300; round++) {
    const values = balanced(1400)
    if (values === undefined) continue
    const { exact, added } = sumsOf(values)
    const isSecond = [exact[1]! < exact[0]!, added[1]! < added[0]!]
    if (isSecond[0] === isSecond[1]) continue
    lost++
    const samples = { time_ms: values, columns: [], stale: new Uint8Array(values.length) }
    const range = { samples, from: 0, to: values.length }
    expect(Buffer.from(encodePiece(range))).toEqual(Buffer.from(encodeInScript(range)))
  }
  expect(lost).toBeGreaterThan(2)
})
