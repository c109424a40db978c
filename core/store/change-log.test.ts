import { expect, test } from 'vitest'

import type { Change } from '../change.ts'
import { ChangeLog } from './change-log.ts'

const change = (id: string, at_ms: number, service = 'shop'): Change => {
  return { id, kind: 'deploy', service, at_ms, title: 'v2', source: 'api', url: '' }
}
const ids = (changes: readonly Change[]): string => changes.map(({ id }) => id).join('')

function logWith(limit: number, ...changes: readonly Change[]): ChangeLog {
  const log = new ChangeLog({ limit })
  for (const one of changes) log.add(one)
  return log
}

test('changes are listed newest first, by time then id, whatever came first', () => {
  const log = logWith(10, change('b', 2000), change('a', 2000), change('d', 1000), change('c', 3000, 'db'))
  expect(ids(log.list({ limit: 10 }))).toBe('cbad')
  expect(ids(log.list({ limit: 2 }))).toBe('cb')
  expect(ids(log.list({ limit: 2, after: 'b' }))).toBe('ad')
  expect(ids(log.list({ limit: 10, service: 'shop', from_ms: 2000, to_ms: 3000 }))).toBe('ba')
  expect(log.get('d')?.at_ms).toBe(1000)
  expect(log.get('e')).toBeUndefined()
  expect(() => log.list({ limit: 1, after: 'e' })).toThrow(/no change e/)
})

test('a change is added once', () => {
  const log = logWith(10, change('a', 1000))
  expect(log.add(change('a', 5000))).toBe(false)
  expect(log.add(change('b', 1000))).toBe(true)
  expect(log.size).toBe(2)
})

test('a full log lets the oldest go, and takes none that is older', () => {
  const log = logWith(2, change('a', 1000), change('b', 2000), change('c', 3000))
  expect(ids(log.list({ limit: 10 }))).toBe('cb')
  expect(log.add(change('d', 500))).toBe(false)
  expect(log.get('a')).toBeUndefined()
})

test('what was over long ago goes; maintenance that lasts stays', () => {
  const log = logWith(
    10,
    change('a', 1000),
    change('b', 2000),
    { ...change('c', 3000), until_ms: 9000 },
    change('d', 4000),
  )
  log.retain(2000)
  expect(ids(log.list({ limit: 10 }))).toBe('dcb')
  log.retain(9000)
  expect(ids(log.list({ limit: 10 }))).toBe('dc')
  log.retain(9001)
  expect(log.size).toBe(0)
  expect(log.get('c')).toBeUndefined()
})

test('survives a restart', () => {
  const log = logWith(10, change('a', 1000), change('b', 500))
  const again = new ChangeLog()
  again.load(log.save())
  expect(again.save()).toEqual(log.save())
  expect(ids(again.list({ limit: 10 }))).toBe('ab')
  expect(() => again.load(Buffer.from('{"version":9}'))).toThrow(/change log is damaged/)
})
