import { formatNumber } from '../evaluate/number-text.ts'
import { bucketsOf } from './buckets.ts'
import { type Histogram, isCustom } from './histogram.ts'

/** A histogram as Prometheus prints it: `{count:3, sum:5, (1,2]:1, (2,4]:2}`, buckets that are not empty. */
export function printHistogram(histogram: Histogram): string {
  const parts = [`count:${formatNumber(histogram.count)}`, `sum:${formatNumber(histogram.sum)}`]
  for (const { lower, upper, count } of bucketsOf(histogram)) {
    const open = lower <= 0 && (!isCustom(histogram) || lower === -Infinity) ? '[' : '('
    const close = upper >= 0 || isCustom(histogram) ? ']' : ')'
    parts.push(`${open}${formatNumber(lower)},${formatNumber(upper)}${close}:${formatNumber(count)}`)
  }
  return `{${parts.join(', ')}}`
}
