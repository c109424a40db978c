import type { ResultBucket, ResultHistogram } from '#core/ports/query-engine.ts'

import { bucketsOf } from './buckets.ts'
import { type Histogram, isCustom } from './histogram.ts'

/** A histogram as results show it. */
export class NativeResult implements ResultHistogram {
  readonly native: Histogram

  constructor(native: Histogram) {
    this.native = native
  }

  get count(): number {
    return this.native.count
  }

  get sum(): number {
    return this.native.sum
  }

  get custom_bounds(): Float64Array | undefined {
    return isCustom(this.native) ? this.native.bounds : undefined
  }

  get buckets(): readonly ResultBucket[] {
    const custom = isCustom(this.native)
    return bucketsOf(this.native).map((bucket) => ({ ...bucket, bounds: endsOf(bucket.lower, bucket.upper, custom) }))
  }
}

/** Buckets end at the bound that is further from zero, the zero bucket has both. */
function endsOf(lower: number, upper: number, custom: boolean): ResultBucket['bounds'] {
  if (custom) return lower === -Infinity ? 3 : 0
  if (lower <= 0 && upper >= 0) return 3
  return upper <= 0 ? 1 : 0
}
