import { expect, test } from 'vitest'

import {
  general,
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  quantity,
  range,
  unitOf,
} from './quantities.ts'

test('general writes as %.4g does', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [1234.5, '1234'],
    [1235.5, '1236'],
    [-1234.5, '-1234'],
    [12345, '1.234e+04'],
    [123456, '1.235e+05'],
    [9999.9, '1e+04'],
    [0.00012345, '0.0001234'],
    [0.000012345, '1.234e-05'],
    [0.1, '0.1'],
    [100, '100'],
    [1e100, '1e+100'],
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ]
  expect(cases.map(([value]) => general(value))).toEqual(cases.map(([, text]) => text))
})

test('the template functions print what Prometheus prints', () => {
  // From the cases of Prometheus' own template tests.
  expect([0, 1, 1234567, 0.12, -1234567, NaN, Infinity].map(humanize)).toEqual([
    '0',
    '1',
    '1.235M',
    '120m',
    '-1.235M',
    'NaN',
    '+Inf',
  ])
  expect([0, 1, 1048576, 0.12, 1.1e12].map(humanize1024)).toEqual(['0', '1', '1Mi', '0.12', '1Ti'])
  expect(
    [0, 1, 60, 3600, 86400, 86400 + 3600, -(86400 * 2 + 3600 * 3 + 60 * 4 + 5), 899.99].map(humanizeDuration),
  ).toEqual(['0s', '1s', '1m 0s', '1h 0m 0s', '1d 0h 0m 0s', '1d 1h 0m 0s', '-2d 3h 4m 5s', '14m 59s'])
  expect([0.1, 0.0001, 0.12345, 60.1, 1.0e-9].map(humanizeDuration)).toEqual([
    '100ms',
    '100us',
    '123.5ms',
    '1m 0s',
    '1ns',
  ])
  expect([-1, 0, 1, 0.1234567].map(humanizePercentage)).toEqual(['-100%', '0%', '100%', '12.35%'])
})

test('quantities are written in the unit that fits', () => {
  expect(quantity(0.84, 's')).toBe('840 ms')
  expect(quantity(840, 'ms')).toBe('840 ms')
  expect(quantity(90, 's')).toBe('1.5 min')
  expect(quantity(1.5 * 2 ** 30, 'By')).toBe('1.5 GiB')
  expect(quantity(3 * 2 ** 20, 'By/s')).toBe('3 MiB/s')
  expect(quantity(0.0512, 'ratio')).toBe('5.12 %')
  expect(quantity(12.3456, '{request}/s')).toBe('12.3/s')
  expect(quantity(1234, '')).toBe('1234')
  expect(quantity(0, 's')).toBe('0 s')
  expect(quantity(-0.002, 's')).toBe('-2 ms')
  expect(quantity(21.5, 'Cel')).toBe('21.5 °C')
  expect(quantity(21.5, 'Cel/s')).toBe('21.5 °C/s')
  expect(quantity(3, 'rad')).toBe('3 rad')
  expect(quantity(NaN, 's')).toBe('NaN')
})

test('a range has one unit, that of its larger bound', () => {
  expect(range(0.15, 0.29, 's')).toBe('150 to 290 ms')
  expect(range(0, 0.29, 's')).toBe('0 to 290 ms')
  expect(range(0.9, 1.2, 's', ' 至 ')).toBe('0.9 至 1.2 s')
})

test('a unit is read from the name where the sender gave none', () => {
  expect(unitOf('http_server_request_duration_seconds', '')).toBe('s')
  expect(unitOf('process_memory_bytes', '')).toBe('By')
  expect(unitOf('system_cpu_utilization_ratio', '1')).toBe('ratio')
  expect(unitOf('node_network_bytes_total', '1/s')).toBe('By/s')
  expect(unitOf('system_cpu_utilization', '1')).toBe('ratio')
  expect(unitOf('process_cpu_seconds_total', '1/s')).toBe('ratio')
  expect(unitOf('process_cpu_time', 's/s')).toBe('ratio')
  expect(unitOf('system_cpu_utilization', '')).toBe('')
  expect(unitOf('go_sched_latencies_seconds_count', '1/s')).toBe('1/s')
  expect(unitOf('request_size_bytes_count', 'By')).toBe('')
  expect(unitOf('queue_length', '{message}')).toBe('{message}')
})
