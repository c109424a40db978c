import { expect, test } from 'vitest'

import {
  clock,
  labelText,
  percent,
  quantity,
  span,
  tellTimesOf,
  timeTicks,
  unitOfExpr,
  unitOfMetric,
  when,
} from './format.js'

test.each([
  [0.84, 's', '840 ms'],
  [0, 's', '0 s'],
  [5400, 's', '1.5 h'],
  [1.5 * 2 ** 30, 'By', '1.5 GiB'],
  [0.0512, 'ratio', '5.12 %'],
  [97.4, '%', '97.4 %'],
  [1234, '', '1.23 k'],
  [640, '', '640'],
  [12.4, '/s', '12.4/s'],
  [2048, 'By/s', '2 KiB/s'],
  [3, '{request}', '3'],
  [21.5, 'Cel', '21.5 °C'],
  [-0.02, 's', '-20 ms'],
  [0.00000012, '', '1.2e-7'],
])('%d %s is written %s', (value, unit, text) => {
  expect(quantity(value, unit)).toBe(text)
})

test('what is not a number is a dash, what has no end says so', () => {
  expect(quantity(undefined, 's')).toBe('–')
  expect(quantity(Number.NaN)).toBe('–')
  expect(quantity(Infinity, 's')).toBe('+Inf')
  expect(percent(undefined)).toBe('–')
  expect(percent(0.714)).toBe('71 %')
})

test.each([
  ['http_server_request_duration_seconds_bucket', 's'],
  ['process_memory_usage', 'By'],
  ['system_network_io_bytes_total', 'By'],
  ['system_cpu_utilization', 'ratio'],
  ['barograph_store_series', ''],
])('the name %s says %s', (metric, unit) => {
  expect(unitOfMetric(metric)).toBe(unit)
})

test.each([
  ['histogram_quantile(0.95, sum by (service_name, le) (rate(http_server_request_duration_seconds_bucket[5m])))', 's'],
  ['sum(rate(http_requests_total{service="checkout"}[2m]))', '/s'],
  ['sum(rate(node_network_receive_bytes_total[5m]))', 'By/s'],
  ['rate(process_cpu_time_seconds_total[1m])', 'ratio'],
  ['avg_over_time(process_memory_usage{job="a"}[5m])', 'By'],
  ['sum(rate(a_seconds_sum[5m])) / sum(rate(a_seconds_count[5m]))', ''],
  ['sum(rate(http_seconds_count[5m]))', '/s'],
  ['sum(rate(a_b_count{code="5"}[5m])) / sum without (x_y) (rate(a_b_count[5m]))', 'ratio'],
  ['1 - avg without (cpu_number) (rate(system_cpu_time_seconds_total{state="idle"}[2m]))', 'ratio'],
  ['rate({__name__=~"a_bytes|b_bytes"}[5m])', '/s'],
  ['up', ''],
])('the result of %s is in %s', (expr, unit) => {
  expect(unitOfExpr(expr)).toBe(unit)
})

test('lengths of time are told in their two largest units', () => {
  expect(span(0)).toBe('0 s')
  expect(span(42_000)).toBe('42 s')
  expect(span(5 * 60_000 + 20_000)).toBe('5 min 20 s')
  expect(span(19 * 60_000 + 20_000)).toBe('19 min')
  expect(span(2 * 3_600_000 + 5 * 60_000)).toBe('2 h 5 min')
  expect(span(50 * 3_600_000, ['秒', '分钟', '小时', '天'])).toBe('2 天 2 小时')
})

test('times are of one zone, which they name, with the date when it is another day', () => {
  const now = Date.UTC(2026, 10, 21, 10, 42, 7)
  expect(clock(now, true)).toBe('10:42:07')
  expect(when(now - 3_600_000, now)).toBe('09:42 UTC')
  expect(when(now - 86_400_000, now)).toBe('2026-11-20 10:42 UTC')
  tellTimesOf('Asia/Shanghai')
  expect(when(now, now, true)).toBe('18:42:07 GMT+8')
  expect(when(now - 43_200_000, now)).toBe('06:42 GMT+8')
  expect(when(now + 43_200_000, now)).toBe('2026-11-22 06:42 GMT+8')
  const evening = Date.UTC(2026, 10, 21, 16) / 1000
  expect(timeTicks([evening - 1800, evening, evening + 1800])).toEqual(['23:30', '11-22', '00:30'])
  tellTimesOf('UTC')
})

test('the time axis names a new day by its date, and seconds only where it must', () => {
  const midnight = Date.UTC(2026, 10, 21) / 1000
  expect(timeTicks([midnight - 1800, midnight, midnight + 1800])).toEqual(['23:30', '11-21', '00:30'])
  expect(timeTicks([midnight + 15, midnight + 30])).toEqual(['00:00:15', '00:00:30'])
})

test('labels are shown without the metric name, and how many more there are', () => {
  const labels = { __name__: 'up', job: 'a', instance: 'b', zone: 'c' }
  expect(labelText(labels)).toBe('job="a", instance="b", zone="c"')
  expect(labelText(labels, { hide: ['job'], max: 1 })).toBe('instance="b" +1')
})
