import { expect, test } from 'vitest'

import { DEFAULT_LIMITS } from '../limits.ts'
import { parse } from './parse.ts'
import { unitOfExpression } from './unit.ts'

const unitOf = (expr: string): string => unitOfExpression(parse(expr, DEFAULT_LIMITS, { step_ms: 15_000, range_ms: 0 }))

test.each([
  ['the name says it', 'node_memory_free_bytes{a="b"}', 'By'],
  ['a rate is by the second', 'sum without (device) (rate(node_network_receive_bytes_total[5m]))', 'By/s'],
  ['of what has no unit too', 'sum by (job) (rate(http_requests_total[5m]))', '1/s'],
  ['seconds a second are a share', 'rate(process_cpu_seconds_total[5m])', 's/s'],
  ['counts of durations are counts', 'rate(http_server_request_duration_seconds_count[5m])', '1/s'],
  ['a quantile has the unit of the bounds', 'histogram_quantile(0.95, sum by (le) (rate(d_seconds_bucket[5m])))', 's'],
  ['of native histograms too', 'histogram_quantile(0.95, sum(rate(d_seconds[5m])))', 's'],
  ['what a bucket holds has none', 'sum by (le) (rate(d_seconds_bucket[5m]))', '1/s'],
  ['an increase is of what increased', 'increase(sent_bytes_total[1h])', 'By'],
  ['the largest of some time', 'max_over_time(d_seconds[1h])', 's'],
  ['the largest of some rates', 'max_over_time(rate(sent_bytes_total[5m])[1h:])', 'By/s'],
  ['of two names the one with a unit', 'rate(network_io_total[5m]) or rate(network_io_bytes_total[5m])', 'By/s'],
  ['of two units none', 'latency_seconds or latency_milliseconds', ''],
  ['a part of the same', 'total_bytes - free_bytes', 'By'],
  ['a filter keeps it', '(queue_bytes > 100) and on () up', 'By'],
  ['a truth has none', 'queue_bytes > bool 100', ''],
  ['per cent', 'disk_used_ratio * 100', '%'],
  ['a quotient', 'sum(rate(errors_seconds_sum[5m])) / sum(rate(errors_seconds_count[5m]))', ''],
  ['a count', 'count(free_bytes)', ''],
  ['how fast it goes up or down', 'deriv(free_bytes[5m])', ''],
  ['a number', '42', ''],
  ['several names', '{__name__=~"a_bytes|b_bytes"}', ''],
])('%s: %s', (_, expr, unit) => {
  expect(unitOf(expr)).toBe(unit)
})
