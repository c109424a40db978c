import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Annex } from './annex.ts'
import { Rows } from './rows.ts'

function made() {
  const rows = new Rows()
  const annex = new Annex(rows)
  const value = annex.places.column(Float64Array)
  const put = (row: number, what: number): void => {
    // Taking a place may replace the column.
    const place = annex.take(row)
    value.data[place] = what
  }
  return { rows, annex, value, put }
}

test('whatever comes and goes, each row keeps what is its own, and a save in between changes nothing', () => {
  const steps = fc.array(fc.record({ row: fc.nat(39), value: fc.double() }), { maxLength: 300 })
  fc.assert(
    fc.property(steps, fc.nat(299), (all, cut) => {
      let own = made()
      for (let i = 0; i < 40; i++) own.rows.add()
      const expected = new Map<number, number>()
      for (const [i, { row, value }] of all.entries()) {
        if (i === cut) {
          const [rows, places] = [own.rows.save(), own.annex.places.save()]
          own = made()
          own.rows.load(rows)
          own.annex.places.load(places)
        }
        if (expected.delete(row)) own.annex.drop(row)
        else {
          own.put(row, value)
          expected.set(row, value)
        }
        for (let at = 0; at < 40; at++) {
          const place = own.annex.of(at)
          expect(place < 0 ? undefined : own.value.data[place]).toBe(expected.get(at))
        }
        expect(own.annex.places.live).toBe(expected.size)
      }
    }),
    { numRuns: 100 },
  )
})

test('room is given back when few are left, and a new place is empty', () => {
  const { rows, annex, value, put } = made()
  for (let i = 0; i < 1000; i++) put(rows.add(), 7)
  const most = annex.places.bytes
  for (let row = 0; row < 990; row++) annex.drop(row)
  expect(annex.places.bytes).toBeLessThan(most / 20)
  expect(Array.from({ length: 10 }, (_, i) => value.data[annex.of(990 + i)])).toEqual(Array(10).fill(7))
  expect(value.data[annex.take(0)]).toBe(0)
})

test('a copy has a place of its own, or none', () => {
  const [one, other] = [made(), made()]
  const [row, copy, bare] = [one.rows.add(), other.rows.add(), other.rows.add()]
  one.put(row, 3)
  for (const each of [copy, bare]) other.rows.copy(each, one.rows, row)
  other.annex.part(copy, one.annex, row)
  other.annex.leave(bare)
  one.value.data[one.annex.of(row)] = 4
  expect(other.value.data[other.annex.of(copy)]).toBe(3)
  expect(other.annex.of(bare)).toBe(-1)
  other.annex.drop(copy)
  expect(other.annex.places.live).toBe(0)
})
