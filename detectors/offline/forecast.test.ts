import { expect, test } from 'vitest'

import { forecastCsv, type ForecastCsvOptions } from './forecast.ts'

const options: ForecastCsvOptions = { horizon: '3', quantiles: [0.9, 0.1, 0.5], model: 'auto' }
const rows = ['timestamp,value', ...Array.from({ length: 50 }, (_, i) => `${1_700_000_000 + i * 60},${10 + (i % 5)}`)]

const run = (text: string, over: Partial<ForecastCsvOptions> = {}): string[] => [
  ...forecastCsv(text, 'a.csv', { ...options, ...over }),
]

test('quantiles come ascending, one row a step, from the step behind the last row', () => {
  const lines = run(rows.join('\n'))
  expect(lines[0]).toBe('timestamp,q0.1,q0.5,q0.9')
  expect(lines.length).toBe(4)
  expect(lines[1]).toMatch(/^2023-11-14T23:03:20\.000Z,/)
  const cells = lines[1]!.trim().split(',').slice(1).map(Number)
  expect(cells.every(Number.isFinite) && cells[0]! <= cells[1]! && cells[1]! <= cells[2]!).toBe(true)
})

test('the horizon may be a duration', () => {
  expect(run(rows.join('\n'), { horizon: '10m' }).length).toBe(11)
})

test('rows in disorder and repeated times give the same forecast', () => {
  const [header, ...data] = rows
  expect(run([header, ...data.toReversed(), data[7]].join('\n'))).toEqual(run(rows.join('\n')))
})

test.each([
  [{ horizon: '0' }, 'horizon'],
  [{ horizon: 'soon' }, 'horizon'],
  [{ quantiles: [1.5] }, 'between 0 and 1'],
  [{ model: 'prophet' }, 'known are auto, holt_winters, seasonal_naive'],
])('%o is refused with what was expected', (over, message) => {
  expect(() => run(rows.join('\n'), over)).toThrow(message)
})

test('a file with one row, or none, says what is missing', () => {
  expect(() => run('1700000000,1')).toThrow('two rows')
  expect(() => run('timestamp,value')).toThrow('no finite value')
})
