/** Neumaier's compensated sum (Kahan–Babuška), as Prometheus adds: exact to a last bit where plain sums lose digits. */
export class KahanSum {
  sum = 0
  compensation = 0

  add(value: number): void {
    const total = this.sum + value
    if (!Number.isFinite(total)) this.compensation = 0
    else if (Math.abs(this.sum) >= Math.abs(value)) this.compensation += this.sum - total + value
    else this.compensation += value - total + this.sum
    this.sum = total
  }

  get value(): number {
    return this.sum + this.compensation
  }
}

/**
 * Mean of `at(from) … at(to - 1)`: the compensated sum over the count, and the incremental mean from the value on at
 * which the sum would overflow.
 */
export function meanOf(from: number, to: number, at: (i: number) => number): number {
  const sum = new KahanSum()
  for (let i = from; i < to; i++) {
    const before = sum.sum
    const compensation = sum.compensation
    sum.add(at(i))
    if (Math.abs(sum.sum) === Infinity) return incrementalMean(i, to, { from, sum: before, compensation, at })
  }
  return (sum.sum + sum.compensation) / (to - from)
}

function incrementalMean(
  next: number,
  to: number,
  state: { from: number; sum: number; compensation: number; at: (i: number) => number },
): number {
  let count = next - state.from
  const mean = new KahanSum()
  if (count > 0) {
    mean.sum = state.sum / count
    mean.compensation = state.compensation / count
  }
  for (let i = next; i < to; i++) {
    count++
    const share = (count - 1) / count
    mean.sum *= share
    mean.compensation *= share
    mean.add(state.at(i) / count)
  }
  return mean.value
}

/** Population variance by Welford's method with compensated sums; NaN when a value is not finite. */
export function varianceOf(from: number, to: number, at: (i: number) => number): number {
  const mean = new KahanSum()
  const squares = new KahanSum()
  let count = 0
  for (let i = from; i < to; i++) {
    const value = at(i)
    if (!Number.isFinite(value)) return NaN
    count++
    const delta = value - mean.value
    mean.add(delta / count)
    squares.add(delta * (value - mean.value))
  }
  return squares.value / count
}

/** Quantile by linear interpolation between closest ranks; NaN sorts lowest. `values` is sorted in place. */
export function quantileOf(q: number, values: Float64Array): number {
  // A typed array sorts NaN to the end; Prometheus has it in front.
  values.sort()
  let nans = 0
  while (nans < values.length && Number.isNaN(values[values.length - 1 - nans])) nans++
  return quantileOfSorted(q, values.subarray(0, values.length - nans), nans)
}

/** The same of values in order and so many NaN beside them. */
export function quantileOfSorted(q: number, sorted: Float64Array, nans: number): number {
  const n = sorted.length + nans
  if (n === 0 || Number.isNaN(q)) return NaN
  if (q < 0) return -Infinity
  if (q > 1) return Infinity
  const at = (i: number): number => (i < nans ? NaN : sorted[i - nans]!)
  const rank = q * (n - 1)
  const low = Math.max(0, Math.floor(rank))
  const high = Math.min(n - 1, low + 1)
  const weight = rank - Math.floor(rank)
  return at(low) * (1 - weight) + at(high) * weight
}
