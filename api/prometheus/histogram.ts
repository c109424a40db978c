import type { ResultHistogram } from '#core/ports/query-engine.ts'

import { formatSeconds, formatValue } from './number.ts'

/** `[t,{"count":"3","sum":"5","buckets":[[0,"1","2","3"]]}]`; `buckets` is left out where all are empty. */
export function histogramPoint(time_ms: number, { count, sum, buckets }: ResultHistogram): string {
  const parts = buckets.map(
    ({ bounds, ...of }) =>
      `[${bounds},"${formatValue(of.lower)}","${formatValue(of.upper)}","${formatValue(of.count)}"]`,
  )
  const list = parts.length === 0 ? '' : `,"buckets":[${parts.join(',')}]`
  return `[${formatSeconds(time_ms)},{"count":"${formatValue(count)}","sum":"${formatValue(sum)}"${list}}]`
}
