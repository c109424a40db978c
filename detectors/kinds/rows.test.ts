import { expect, test } from 'vitest'

import { Rows } from './rows.ts'

const COLUMNS = 20

function made() {
  const rows = new Rows()
  const columns = Array.from({ length: COLUMNS }, (_, i) => rows.column(Float64Array, 1 + (i % 3)))
  /** How many columns are others than before, once there is a row more. */
  const add = (): number => {
    const before = columns.map(({ data }) => data)
    const row = rows.add()
    for (const [i, { data, width }] of columns.entries()) data[row * width] = row + i
    return columns.filter(({ data }, i) => data !== before[i]).length
  }
  return { rows, columns, add }
}

test('many rows grow a column at a time, loaded ones too, and keep what they hold', () => {
  const { rows, columns, add } = made()
  for (let row = 0; row < 1000; row++) add()
  let most = 0
  for (let row = 1000; row < 5000; row++) most = Math.max(most, add())
  expect(most).toBe(1)
  for (const [i, { data, width }] of columns.entries())
    for (let row = 0; row < 5000; row++) expect(data[row * width]).toBe(row + i)
  expect(rows.bytes).toBeLessThan(1.2 * 5000 * rows.bytesPerRow)

  const again = made()
  again.rows.load(rows.save())
  expect(again.rows.bytes).toBeLessThan(1.01 * 5000 * rows.bytesPerRow)
  for (let row = 0; row < 1000; row++) expect(again.add()).toBeLessThan(2)
  expect(again.columns[4]!.data[5999 * 2]).toBe(5999 + 4)
})

test('few rows take little more than they need', () => {
  const { rows, add } = made()
  for (let row = 0; row < 200; row++) {
    add()
    expect(rows.bytes).toBeLessThanOrEqual(rows.bytesPerRow * Math.max(16, 1.5 * (row + 1)))
  }
})
