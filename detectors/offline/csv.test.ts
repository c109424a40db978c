import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { parseTimestamp, readSeriesCsv } from './csv.ts'

test('timestamps come as ISO with T or a space, with or without zone, or as epoch seconds or milliseconds', () => {
  const t = Date.UTC(2014, 1, 14, 14, 30)
  for (const text of [
    '2014-02-14 14:30:00',
    '2014-02-14T14:30:00Z',
    '2014-02-14T14:30',
    '2014-02-14T15:30:00+01:00',
    '2014-02-14 15:30:00+01',
    '2014-02-14T14:30:00.000000',
    String(t / 1000),
    `${t / 1000}.0`,
    String(t),
    '2014-02-14 14:29:60',
  ]) {
    expect(parseTimestamp(text)).toBe(t)
  }
  for (const text of [
    '',
    'yesterday',
    '2014-02-30',
    '2014-13-01',
    '14/02/2014',
    '2014-02-14T25:00',
    `${t}000`,
    `${t}000000`,
  ]) {
    expect(parseTimestamp(text)).toBeUndefined()
  }
})

test('header, blank lines, quotes, byte order mark and carriage returns are taken as they come', () => {
  const csv = readSeriesCsv(
    '\uFEFFtimestamp,value\r\n"2014-02-14 14:30:00",1.5\r\n\r\n2014-02-14 14:25:00,\r\n',
    'a.csv',
  )
  expect(csv.timestamp_text).toEqual(['2014-02-14 14:30:00', '2014-02-14 14:25:00'])
  expect([...csv.value]).toEqual([1.5, NaN])
  expect(readSeriesCsv('1,2\n2,3', 'a.csv').value.length).toBe(2)
  expect([...readSeriesCsv('label,value,timestamp\n0,7,60', 'a.csv').time_ms]).toEqual([60_000])
})

test.each([
  ['序号,时间,数值\n7,60,1.5'],
  ['id,timestamp,cpu,host\n7,60,1.5,a'],
  ['cpu,timestamp\n1.5,60'],
  ['when,host,value\n60,a,1.5'],
  ['什么,多少\n60,1.5'],
])('a header says where timestamp and value are: %j', (text) => {
  const { time_ms, value } = readSeriesCsv(text, 'a.csv')
  expect([...time_ms, ...value]).toEqual([60_000, 1.5])
})

test('what stands for nothing in the files of others is a gap', () => {
  const cells = ['NA', 'N/A', 'None', 'null', 'NaN', '', '-inf']
  const { value } = readSeriesCsv(cells.map((cell, i) => `${i},${cell}`).join('\n'), 'a.csv')
  expect([...value]).toEqual(cells.map(() => NaN))
})

test('bad input is told with file, line and what was expected', () => {
  const message = (text: string): string => {
    try {
      readSeriesCsv(text, 'cpu.csv')
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'bad_data') return error.message
    }
    return 'nothing thrown'
  }
  expect(message('timestamp,value\n1,2\nnoon,3')).toBe(
    'cpu.csv:3: expected a timestamp (ISO 8601, epoch s or ms), found "noon"',
  )
  expect(message('1,two')).toBe('cpu.csv:1: expected a number, found "two"')
  expect(message('2026-01-01 00:00:00;1')).toBe('cpu.csv:1: expected timestamp,value, found "2026-01-01 00:00:00;1"')
  expect(message('1e300,1')).toBe('cpu.csv:1: expected a timestamp (ISO 8601, epoch s or ms), found "1e300"')
  expect(message('1,2\n3')).toBe('cpu.csv:2: expected timestamp,value, found "3"')
})
