/** Sorted slices inside a larger typed array: `count` ascending values from `start`. No allocation. */

type Floats = Float32Array | Float64Array

/** Index of the first value that is not below `value`. */
function lowerBound(data: Floats, start: number, count: number, value: number): number {
  let low = start
  let high = start + count
  while (low < high) {
    const middle = (low + high) >> 1
    if (data[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Puts `value` into a slice that has room behind it. */
export function insertSorted(data: Floats, start: number, count: number, value: number): void {
  const at = lowerBound(data, start, count, value)
  data.copyWithin(at + 1, at, start + count)
  data[at] = value
}

/** Takes out one occurrence of `value`, which must be there. */
export function removeSorted(data: Floats, start: number, count: number, value: number): void {
  const at = lowerBound(data, start, count, value)
  data.copyWithin(at, at + 1, start + count)
}

/** The value at quantile `q`, linear between neighbours; NaN when empty. */
export function quantileSorted(data: Floats, start: number, count: number, q: number): number {
  if (count === 0) return NaN
  const rank = q * (count - 1)
  const below = Math.floor(rank)
  const low = data[start + below]!
  if (below + 1 >= count) return low
  return low + (rank - below) * (data[start + below + 1]! - low)
}

/**
 * Median absolute deviation from `median`, the upper one of an even count. Distances to the left and to the right of
 * the median are two sorted runs already, so one binary search finds the middle of their union.
 */
export function madSorted(data: Floats, start: number, count: number, median: number): number {
  if (count === 0) return NaN
  const split = lowerBound(data, start, count, median)
  const left = split - start
  const right = count - left
  // The k-th smallest distance (from 0): `take` values from the right run, the others from the left run.
  const wanted = (count >> 1) + 1
  let low = Math.max(0, wanted - left)
  let high = Math.min(right, wanted)
  while (low < high) {
    const take = (low + high) >> 1
    if (data[split + take]! - median < median - data[split - (wanted - take)]!) low = take + 1
    else high = take
  }
  const fromRight = low > 0 ? data[split + low - 1]! - median : 0
  const others = wanted - low
  const fromLeft = others > 0 ? median - data[split - others]! : 0
  return fromRight > fromLeft ? fromRight : fromLeft
}
