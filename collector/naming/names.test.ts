import { describe, expect, test } from 'vitest'

import { type NamedKind, NAMINGS, type TranslationStrategy } from './names.ts'

const { metric: metricName, label: labelName } = NAMINGS.UnderscoreEscapingWithSuffixes

// Inputs and outputs as otlptranslator has them.
const METRICS: readonly (readonly [name: string, unit: string, kind: NamedKind, expected: string])[] = [
  ['foo.bar', 'By', 'counter', 'foo_bar_bytes_total'],
  ['http.server.request.duration', 's', 'other', 'http_server_request_duration_seconds'],
  ['system.cpu.utilization', '1', 'gauge', 'system_cpu_utilization_ratio'],
  ['hw.ratio.x', '1', 'gauge', 'hw_x_ratio'],
  ['objects', '1', 'counter', 'objects_total'],
  ['total.requests.total', '', 'counter', 'requests_total'],
  ['req.count', '{request}', 'counter', 'req_count_total'],
  ['network.io', 'By/s', 'gauge', 'network_io_bytes_per_second'],
  ['broker.messages', '{message}/s', 'gauge', 'broker_messages_per_second'],
  ['io.per_second', 'By/s', 'gauge', 'io_per_second_bytes_per_second'],
  ['rate', 'm/{cpu}', 'gauge', 'rate_meters'],
  ['system.memory.bytes', 'By', 'gauge', 'system_memory_bytes'],
  ['temp', 'Cel', 'gauge', 'temp_celsius'],
  ['fuel', 'l', 'gauge', 'fuel_l'],
  ['share', '%', 'gauge', 'share_percent'],
  ['a__b..c', '', 'gauge', 'a_b_c'],
  ['3xx', '', 'gauge', '_3xx'],
  ['job:rate5m', '', 'gauge', 'job:rate5m'],
  ['größe', '', 'gauge', 'gr_e'],
  ['***', 's', 'gauge', ''],
  ['', '', 'gauge', ''],
]

const LABELS: readonly (readonly [string, string])[] = [
  ['http.route', 'http_route'],
  ['a..b', 'a__b'],
  ['größe', 'gr__e'],
  ['__reserved.too', '__reserved_too'],
  ['3xx', 'key_3xx'],
  ['_private', 'key_private'],
  ['__reserved__', '__reserved__'],
  ['constructor', 'constructor'],
  ['ä', 'key_'],
  ['区域', 'key_'],
  ['__', 'key_'],
  ['', ''],
]

describe('a metric has the name that Prometheus gives it', () => {
  test.each(METRICS)('%s in %s, a %s: %s', (name, unit, kind, expected) => {
    expect(metricName(name, unit, kind)).toBe(expected)
  })
})

describe('an attribute has the label that Prometheus gives it', () => {
  test.each(LABELS)('%s: %s', (key, expected) => {
    expect(labelName(key)).toBe(expected)
  })
})

// Names as Prometheus 3.15 stored them.
const OTHERS: readonly (readonly [name: string, unit: string, kind: NamedKind, ...by: [string, string, string]])[] = [
  ['foo.bar', 'By', 'counter', 'foo_bar', 'foo.bar_bytes_total', 'foo.bar'],
  ['total.requests.total', '', 'counter', 'total_requests_total', 'total.requests_total', 'total.requests.total'],
  ['share', '1', 'gauge', 'share', 'share_ratio', 'share'],
  ['share.ratio', '1', 'gauge', 'share_ratio', 'share_ratio', 'share.ratio'],
  ['network.io', 'By/s', 'gauge', 'network_io', 'network.io_bytes_per_second', 'network.io'],
  ['io.per_second', 'By/s', 'gauge', 'io_per_second', 'io_bytes_per_second', 'io.per_second'],
  ['system.memory.bytes', 'By', 'gauge', 'system_memory_bytes', 'system.memory.bytes', 'system.memory.bytes'],
  ['fuel', 'µl', 'gauge', 'fuel', 'fuel_µl', 'fuel'],
  ['req', '{request}/s', 'gauge', 'req', 'req_per_second', 'req'],
  ['a__b..c', 's', 'other', 'a__b_c', 'a__b..c_seconds', 'a__b..c'],
  ['3xx', '', 'gauge', '_3xx', '3xx', '3xx'],
  ['größe', '', 'gauge', 'gr_e', 'größe', 'größe'],
]
const BY: readonly TranslationStrategy[] = [
  'UnderscoreEscapingWithoutSuffixes',
  'NoUTF8EscapingWithSuffixes',
  'NoTranslation',
]

describe.each(BY.map((strategy, i) => [strategy, i] as const))('by %s', (strategy, i) => {
  test.each(OTHERS)('%s in %s, a %s', (name, unit, kind, ...expected) => {
    expect(NAMINGS[strategy].metric(name, unit, kind)).toBe(expected[i])
  })

  test('nothing is no name', () => {
    expect(NAMINGS[strategy].metric('', 's', 'counter')).toBe('')
    expect(NAMINGS[strategy].label('')).toBe('')
  })
})

test('names and units of a megabyte take no time', () => {
  const long = 'a'.repeat(2 ** 20)
  const underscores = '_'.repeat(2 ** 20)
  for (const text of [`__${long}`, `__${underscores}a`, underscores, `${long}__`]) {
    expect(labelName(text).length).toBeLessThanOrEqual(text.length + 4)
    expect(metricName(text, text, 'gauge').length).toBeLessThanOrEqual(2 * text.length + 4)
  }
}, 2000)
