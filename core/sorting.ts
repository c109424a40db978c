import type { Steps } from './steps.ts'

/** So many are put in order in one step, or taken into an order twice as long. */
const STEP = 2 ** 12

/** Below 0 where `a` comes first. */
export type Comparison<T> = (a: T, b: T) => number

/** Texts as `toSorted` puts them. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The elements in order, equal ones as they stand, in steps: runs that are sorted, then two and two of them as one. */
export function* sorting<T>(elements: readonly T[], compare: Comparison<T>): Steps<T[]> {
  if (elements.length <= STEP) return elements.toSorted(compare)
  let sorted: T[] = []
  for (let from = 0; from < elements.length; from += STEP) {
    if (from > 0) yield
    for (const element of elements.slice(from, from + STEP).toSorted(compare)) sorted.push(element)
  }
  let merged: T[] = []
  for (let run = STEP; run < sorted.length; run *= 2) {
    for (let from = 0; from < sorted.length; from += run * 2) yield* merging(sorted, { from, run }, merged, compare)
    const done = merged
    merged = sorted
    merged.length = 0
    sorted = done
  }
  return sorted
}

/** Two neighbouring runs go behind what is merged already. */
function* merging<T>(
  sorted: readonly T[],
  { from, run }: { readonly from: number; readonly run: number },
  merged: T[],
  compare: Comparison<T>,
): Steps<void> {
  const middle = Math.min(from + run, sorted.length)
  const end = Math.min(middle + run, sorted.length)
  let [a, b] = [from, middle]
  for (let at = from; at < end; at++) {
    if (at % STEP === 0) yield
    if (a < middle && (b === end || compare(sorted[a]!, sorted[b]!) <= 0)) merged.push(sorted[a++]!)
    else merged.push(sorted[b++]!)
  }
}
