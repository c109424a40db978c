import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { detectCsv } from './detect.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 5)

function file(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const value = i % 400 === 399 ? 900 : 100 + Math.sin(i * 1.7) + Math.sin(i * 0.61)
    return `${new Date(START + i * 5 * MINUTE).toISOString().slice(0, 19).replace('T', ' ')},${value.toFixed(3)}`
  })
  return ['timestamp,value', ...lines, ''].join('\n')
}

test('there is a row for each row, with its timestamp as it was and a finite score from the first', () => {
  const [header, ...rows] = detectCsv(file(500), 'cpu.csv')
  expect(header).toBe('timestamp,value,expected,lower,upper,score,anomaly')
  expect(rows).toHaveLength(500)
  expect(rows[0]).toMatch(/^2026-01-05 00:00:00,[\d.]+,,,,0,0$/)
  expect(rows.every((row) => Number.isFinite(Number(row.split(',')[5])))).toBe(true)
  expect(rows.flatMap((row, i) => (row.endsWith(',1') ? [i] : []))).toEqual([399])
})

test('half a file gives the same first half, byte for byte, and the whole the same again', () => {
  const whole = [...detectCsv(file(1000), 'cpu.csv')]
  expect([...detectCsv(file(1000), 'cpu.csv')]).toEqual(whole)
  expect([...detectCsv(file(500), 'cpu.csv')]).toEqual(whole.slice(0, 501))
})

test('gaps, repeated and backward timestamps and empty cells are taken in file order', () => {
  const rows = [...detectCsv('1,5\n2,6\n2,5\n1,\n90000,5\n3,nan\n4,inf', 'x.csv')].slice(1)
  expect(rows.map((row) => row.split(',').slice(0, 2).join(' '))).toEqual([
    '1 5',
    '2 6',
    '2 5',
    '1 ',
    '90000 5',
    '3 ',
    '4 ',
  ])
  expect(rows.every((row) => row.endsWith(',0'))).toBe(true)
})

test('an unknown detector or a wrong budget is refused in words', () => {
  const code = (run: () => unknown): string => {
    try {
      run()
    } catch (error) {
      if (error instanceof ServiceError) return error.code
    }
    return 'nothing thrown'
  }
  expect(code(() => [...detectCsv('1,2', 'x.csv', { detector: 'magic' })])).toBe('bad_config')
  expect(code(() => [...detectCsv('1,2', 'x.csv', { budget_per_week: 0 })])).toBe('bad_config')
  expect(code(() => [...detectCsv('1,two', 'x.csv')])).toBe('bad_data')
  expect([...detectCsv('1,2', 'x.csv', { detector: { kind: 'band', window: '30m' } })]).toHaveLength(2)
})
