import { withSameBounds } from './custom-bounds.ts'
import { atSchema, type Buckets, type Histogram, isCustom, NO_BUCKETS, type ResetHint } from './histogram.ts'
import { withSameZero } from './zero-bucket.ts'

/** Two histograms of one layout, and what was noticed on the way there. */
export interface Aligned {
  readonly left: Histogram
  readonly right: Histogram
  /** Listed bounds differed: only those in common are left. */
  readonly reconciled: boolean
}

/** Brings two to one layout: the coarser schema, the wider zero bucket, the bounds in common. Undefined: one is custom, one is not. */
export function aligned(a: Histogram, b: Histogram): Aligned | undefined {
  if (isCustom(a) !== isCustom(b)) return undefined
  if (isCustom(a)) return withSameBounds(a, b)
  const [wideA, wideB] = withSameZero(a, b)
  const schema = Math.min(a.schema, b.schema)
  return { left: atSchema(wideA, schema), right: atSchema(wideB, schema), reconciled: false }
}

/** A sum or difference. */
export interface Combined {
  readonly value: Histogram
  readonly reconciled: boolean
  /** One says that it is a reset, the other that it is none. */
  readonly collision: boolean
}

export function added(a: Histogram, b: Histogram): Combined | undefined {
  return combined(a, b, 1)
}

export function subtracted(a: Histogram, b: Histogram): Combined | undefined {
  return combined(a, b, -1)
}

function combined(a: Histogram, b: Histogram, sign: 1 | -1): Combined | undefined {
  const pair = aligned(a, b)
  if (pair === undefined) return undefined
  const { left, right, reconciled } = pair
  const { hint, collision } = hintOf(a.hint, b.hint)
  const value: Histogram = {
    ...left,
    hint,
    zeroCount: left.zeroCount + sign * right.zeroCount,
    count: left.count + sign * right.count,
    sum: left.sum + sign * right.sum,
    positive: together(left.positive, right.positive, sign),
    negative: together(left.negative, right.negative, sign),
  }
  return { value, reconciled, collision }
}

function together(a: Buckets, b: Buckets, sign: number): Buckets {
  if (b.counts.length === 0) return a
  const empty = a.counts.length === 0
  const from = empty ? b.offset : Math.min(a.offset, b.offset)
  const to = empty ? b.offset + b.counts.length : Math.max(a.offset + a.counts.length, b.offset + b.counts.length)
  if (from === to) return NO_BUCKETS
  const counts = new Float64Array(to - from)
  counts.set(a.counts, empty ? 0 : a.offset - from)
  for (let i = 0; i < b.counts.length; i++) counts[b.offset - from + i]! += sign * b.counts[i]!
  return { offset: from, counts }
}

/** A gauge makes a gauge; what is not known stays so; a reset and none collide. */
export function hintOf(a: ResetHint, b: ResetHint): { hint: ResetHint; collision: boolean } {
  if (a === b) return { hint: a, collision: false }
  if (a === 'gauge' || b === 'gauge') return { hint: 'gauge', collision: false }
  return { hint: 'unknown', collision: a !== 'unknown' && b !== 'unknown' }
}
