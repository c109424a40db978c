import { grown } from './grow.ts'

/** Differences of this order, as whole numbers from 0: 0, -1, 1, -2, 2 … are 0, 1, 2, 3, 4 … */
export type Order = 1 | 2

let first = new Float64Array(256)
let second = new Float64Array(256)

export function zigzag(value: number): number {
  // The sign of a difference is chance: a branch on it could not be predicted.
  return Math.abs(value) * 2 - Number(value < 0)
}

export function unzigzag(code: number): number {
  // Not by `%`: of floats it is dear.
  const half = Math.floor(code / 2)
  return half * 2 === code ? half : -half - 1
}

/**
 * Differences of `whole[0 … count)`, and differences of these; the first entry is the first value itself. Returns the sum of each
 * order's codes without the entries that only tell where it begins.
 */
export function difference(whole: Float64Array, count: number): { first: number; second: number } {
  first = grown(first, count)
  second = grown(second, count)
  let before = whole[0]!
  let step = 0
  let sum1 = 0
  let sum2 = 0
  first[0] = second[0] = zigzag(before)
  for (let i = 1; i < count; i++) {
    const change = whole[i]! - before
    const turn = change - step
    before = whole[i]!
    step = change
    const code1 = zigzag(change)
    const code2 = zigzag(turn)
    first[i] = code1
    second[i] = code2
    sum1 += code1
    if (i > 1) sum2 += code2
  }
  return { first: sum1, second: sum2 }
}

/** The codes of the last `difference`; valid until the next. */
export function codesOf(order: Order): Float64Array {
  return order === 1 ? first : second
}
