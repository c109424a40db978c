import { withSameBounds } from './custom-bounds.ts'
import { atSchema, type Buckets, countAt, type Histogram, isCustom } from './histogram.ts'
import { withZeroThreshold } from './zero-bucket.ts'

/** Whether a counter began anew between two samples: its hint says so, something went down, or the layout became finer. */
export function isReset(before: Histogram, now: Histogram): boolean {
  if (now.hint === 'reset') return true
  if (now.hint === 'not_reset') return false
  if (now.count < before.count) return true
  if (isCustom(now) !== isCustom(before)) return true
  if (isCustom(now)) {
    const { left, right } = withSameBounds(before, now)
    return fell(left.positive, right.positive)
  }
  if (now.schema > before.schema || now.zeroThreshold < before.zeroThreshold) return true
  const wide = withZeroThreshold(before, now.zeroThreshold)
  if (wide.zeroThreshold !== now.zeroThreshold || now.zeroCount < wide.zeroCount) return true
  const { positive, negative } = atSchema(wide, now.schema)
  return fell(positive, now.positive) || fell(negative, now.negative)
}

function fell(before: Buckets, now: Buckets): boolean {
  return before.counts.some((count, i) => count > countAt(now, before.offset + i))
}
