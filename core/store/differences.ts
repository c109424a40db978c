import { grown } from './grow.ts'

/** Differences of this order, as whole numbers from 0: 0, -1, 1, -2, 2 … are 0, 1, 2, 3, 4 … */
export type Order = 1 | 2

let first = new Float64Array(256)
let second = new Float64Array(256)
/** Sums of the codes of the first and the second order, without the entries that only tell where they begin. */
const sums = new Float64Array(2)

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
 * Differences of `whole[0 … count)`, and differences of these; the first entry is the first value itself. What comes of it is left for `codesOf`
 * and `sumOf`: as an object whose numbers are small now and large then it has another shape each time, and all that asks it stays slow.
 */
export function difference(whole: Float64Array, count: number): void {
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
  sums[0] = sum1
  sums[1] = sum2
}

/** Below this, differences of differences are whole numbers of 32 bits. */
const SMALL = 2 ** 28

/**
 * The same of values that are whole numbers of 29 bits as they are, in one pass over them; false where one is not, and where all can be
 * halved.
 */
export function smallDifference(values: Float64Array, from: number, to: number): boolean {
  const count = to - from
  first = grown(first, count)
  second = grown(second, count)
  let bits = 0
  let before = 0
  let step = 0
  let sum1 = 0
  let sum2 = 0
  for (let i = 0; i < count; i++) {
    const value = values[from + i]!
    const whole = value | 0
    if (whole !== value || whole >= SMALL || whole <= -SMALL) return false
    // -0 equals 0, but is not its bits.
    if (whole === 0 && Object.is(value, -0)) return false
    bits |= whole
    const change = whole - before
    const turn = change - step
    before = whole
    step = i === 0 ? 0 : change
    const code1 = (change << 1) ^ (change >> 31)
    const code2 = (turn << 1) ^ (turn >> 31)
    first[i] = code1
    second[i] = code2
    sum1 += code1
    sum2 += code2
  }
  if ((bits & 1) === 0 && bits !== 0) return false
  sums[0] = sum1 - first[0]!
  sums[1] = sum2 - second[0]! - (count > 1 ? second[1]! : 0)
  return true
}

/** The sum of the codes of this order in the last `difference`, without the entries that only tell where they begin. */
export function sumOf(order: Order): number {
  return sums[order - 1]!
}

/** The codes of the last `difference`; valid until the next. */
export function codesOf(order: Order): Float64Array {
  return order === 1 ? first : second
}
