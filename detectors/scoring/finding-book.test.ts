import { expect, test } from 'vitest'

import type { Finding } from '#core/finding.ts'
import { Labels } from '#core/series.ts'

import { FindingBook } from './finding-book.ts'

const finding = (id: string, since_ms: number, state: Finding['state'] = 'closed', service = 'shop'): Finding =>
  ({ id, since_ms, state, service, rule: 'r', metric: 'm', kind: 'spike', labels: Labels.empty }) as Finding

const ids = (findings: readonly Finding[]): string => findings.map(({ id }) => id).join('')

test('a list is newest first, filtered, and continues behind a cursor', () => {
  const book = new FindingBook(10)
  for (const [i, id] of ['a', 'b', 'c', 'd'].entries())
    book.put(finding(id, i < 2 ? 1 : i, i === 3 ? 'open' : 'closed'))
  expect(ids(book.list({ limit: 9 }))).toBe('dcba')
  expect(ids(book.list({ limit: 2 }))).toBe('dc')
  expect(ids(book.list({ limit: 2, after: 'c' }))).toBe('ba')
  expect(ids(book.list({ limit: 2, after: 'a' }))).toBe('')
  expect(ids(book.list({ limit: 2, after: 'gone' }))).toBe('')
  expect(ids(book.list({ limit: 9, state: ['open'] }))).toBe('d')
  expect(ids(book.list({ limit: 9, service: 'other' }))).toBe('')
  // A cursor that the filter leaves out still says where to go on.
  expect(ids(book.list({ limit: 9, state: ['closed'], after: 'd' }))).toBe('cba')
})

test('closed findings age out in the order in which they closed; open ones stay', () => {
  const book = new FindingBook(3)
  book.put(finding('a', 1, 'open'))
  book.put(finding('b', 2, 'open'))
  book.put(finding('c', 3))
  book.put(finding('b', 2))
  book.put(finding('d', 4))
  expect(ids(book.list({ limit: 9 }))).toBe('dba')
  book.put(finding('e', 5))
  expect(ids(book.list({ limit: 9 }))).toBe('eda')
})

test('the last similar one is of the same rule, series and kind, over, and earlier', () => {
  const book = new FindingBook(2)
  book.put(finding('a', 1))
  book.put(finding('b', 5))
  expect(book.similar(finding('c', 9, 'open'))).toBe(5)
  expect(book.similar(finding('b', 5))).toBe(undefined)
  expect(book.similar({ ...finding('c', 9), kind: 'dip' })).toBe(undefined)
  const again = new FindingBook(2)
  again.replace(book.all())
  expect(again.similar(finding('c', 9, 'open'))).toBe(5)
  // What has aged out is remembered no more.
  for (const id of ['d', 'e']) again.put({ ...finding(id, 10), kind: 'dip' })
  expect(again.similar(finding('c', 9, 'open'))).toBe(undefined)
})
