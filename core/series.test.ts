import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Labels, serviceOf } from './series.ts'

test('the order in which labels were given does not matter, empty ones are absent', () => {
  const a = Labels.of({ b: '2', a: '1', c: '' })
  const b = Labels.of([
    ['a', '1'],
    ['b', '2'],
  ])
  expect(a.equals(b)).toBe(true)
  expect(a.toJSON()).toEqual({ a: '1', b: '2' })
  expect(a.get('c')).toBe('')
})

test('fingerprints are those of Alertmanager', () => {
  expect(Labels.of({ alertname: 'A', severity: 'crit' }).fingerprint).toBe('1e1fcaf9a71401d6')
  expect(Labels.of({ alertname: 'C' }).fingerprint).toBe('d2beefc389d73779')
})

test('keys are equal if and only if label sets are', () => {
  const sets = fc.dictionary(
    fc.constantFrom('a', 'b', '__name__', '__proto__'),
    fc.constantFrom('', 'x', 'x\u0000y', 'é'),
    { maxKeys: 4 },
  )
  fc.assert(
    fc.property(sets, sets, (left, right) => {
      const [a, b] = [Labels.of(Object.entries(left)), Labels.of(Object.entries(right))]
      expect(a.key === b.key).toBe(JSON.stringify([...a]) === JSON.stringify([...b]))
    }),
  )
})

test('label sets are ordered name by name and value by value, the shorter first, as their keys are', () => {
  const sets = fc.dictionary(fc.constantFrom('a', 'ab', 'b', '__name__'), fc.constantFrom('', 'x', 'xy', 'é', '😀'))
  fc.assert(
    fc.property(sets, sets, (left, right) => {
      const [a, b] = [Labels.of(left), Labels.of(right)]
      expect(Math.sign(a.compare(b))).toBe(a.key === b.key ? 0 : a.key < b.key ? -1 : 1)
      expect(a.equals(b)).toBe(a.key === b.key)
    }),
  )
})

test('labels are added, replaced, kept and dropped without touching the original', () => {
  const labels = Labels.of({ __name__: 'm', a: '1' })
  expect(
    labels
      .with('a', '2')
      .merge([['b', '3']])
      .drop('__name__')
      .toJSON(),
  ).toEqual({ a: '2', b: '3' })
  expect(labels.with('a', '').toJSON()).toEqual({ __name__: 'm' })
  expect(labels.keep(new Set(['a'])).toString()).toBe('{a="1"}')
  expect(labels.toString()).toBe('m{a="1"}')
})

test('a label named like a member of Object is only a label', () => {
  expect(
    Labels.of([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]).get('__proto__'),
  ).toBe('x')
})

test('the service is the first of the names that are there', () => {
  expect(serviceOf(Labels.of({ job: 'j', service: 's' }))).toBe('s')
  expect(serviceOf(Labels.of({ job: 'j', service_name: 'n' }))).toBe('n')
  expect(serviceOf(Labels.empty)).toBe('')
})
