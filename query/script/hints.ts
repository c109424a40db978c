import { type Histogram, isCustom, type ResetHint, sameNumbers } from '../native/histogram.ts'
import { isReset } from '../native/resets.ts'

/**
 * The hint that a store gives with a sample it kept after another: a chunk goes on as long as the layout stays and nothing goes down, and
 * tells why it began anew. `before`: the sample before, undefined where it was none or no histogram.
 */
export function storedHint(before: Histogram | undefined, now: Histogram): ResetHint {
  if (now.hint === 'gauge') return 'gauge'
  if (now.hint === 'reset') return 'reset'
  if (before === undefined || before.hint === 'gauge') return 'unknown'
  const plain: Histogram = { ...now, hint: 'unknown' }
  if (now.count < before.count) return 'reset'
  const relaid =
    isCustom(now) !== isCustom(before) ||
    now.schema !== before.schema ||
    now.zeroThreshold !== before.zeroThreshold ||
    !sameNumbers(now.bounds, before.bounds)
  if (relaid) return 'unknown'
  return isReset(before, plain) ? 'reset' : 'not_reset'
}
