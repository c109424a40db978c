import { type Buckets, type Histogram, sameNumbers } from './histogram.ts'

/** Both with the bounds that they have in common; `reconciled`: they were not the same. */
export function withSameBounds(a: Histogram, b: Histogram): { left: Histogram; right: Histogram; reconciled: boolean } {
  if (sameNumbers(a.bounds, b.bounds)) return { left: a, right: b, reconciled: false }
  const known = new Set(b.bounds)
  const bounds = a.bounds.filter((bound) => known.has(bound))
  return { left: atBounds(a, bounds), right: atBounds(b, bounds), reconciled: true }
}

/** A bucket goes to the first one that holds it whole. */
function atBounds(histogram: Histogram, bounds: Float64Array): Histogram {
  const { offset, counts } = histogram.positive
  const out = new Float64Array(bounds.length + 1)
  let target = 0
  for (let i = 0; i < counts.length; i++) {
    const upper = histogram.bounds[offset + i] ?? Infinity
    while (target < bounds.length && bounds[target]! < upper) target++
    out[target]! += counts[i]!
  }
  const positive: Buckets = { offset: 0, counts: out }
  return { ...histogram, bounds, positive }
}
