import { expect, test } from 'vitest'

import { carries, durationOf, isSelector, only, positionOf, quote, selector, stepFor } from './promql.js'

test('labels become a selector whatever is in them', () => {
  expect(selector('up', {})).toBe('up')
  expect(selector('up', { job: 'a"b\\c\nd' })).toBe(String.raw`up{job="a\"b\\c\nd"}`)
  expect(selector('', { job: 'a' })).toBe('{job="a"}')
  expect(selector('http.server', { 'k8s.pod': 'x', __name__: 'y' })).toBe('{"http.server", "k8s.pod"="x"}')
  expect(quote('')).toBe('""')
})

test('of an expression one series is asked for by its labels, whatever is in them', () => {
  expect(only('sum(up)', {})).toBe('sum(up)')
  const one = 'label_replace(label_replace(vector(1), "a", "$$1\\"", "", ""), "b", "", "", "")'
  expect(only('sum by (a, b) (x) # all', { a: '$1"', b: '' })).toBe(`(sum by (a, b) (x) # all\n) and on (a, b) ${one}`)
  expect(only('x', { 'k8s.pod': 'a', __name__: 'x' })).toBe(
    '(x\n) and on ("k8s.pod") label_replace(vector(1), "k8s.pod", "a", "", "")',
  )
})

test('a plain selector is told from an expression', () => {
  expect(isSelector('system_cpu_utilization{state="user"}')).toBe(true)
  expect(isSelector('{__name__=~"a(_b)?",c=~"}|d"}')).toBe(true)
  expect(isSelector('')).toBe(false)
  expect(isSelector('rate(x_total[5m])')).toBe(false)
  expect(isSelector('a / b')).toBe(false)
})

test('a series carries labels when each is the same; an empty one may be absent', () => {
  expect(carries({ a: '1', b: '2' }, { a: '1', __name__: 'x' })).toBe(true)
  expect(carries({ a: '1' }, { a: '1', b: '' })).toBe(true)
  expect(carries({ a: '1' }, { b: '2' })).toBe(false)
})

test('the place of an error is read from its message', () => {
  expect(positionOf('invalid parameter "query": 1:14: parse error: unclosed left bracket')).toEqual({
    line: 1,
    column: 14,
    text: 'parse error: unclosed left bracket',
  })
  expect(positionOf('query timed out after 2m')).toBeNull()
})

test('steps are round and give about as many points as wanted', () => {
  expect(stepFor(3_600_000, 240)).toBe(15_000)
  expect(stepFor(60_000)).toBe(1000)
  expect(stepFor(7 * 86_400_000)).toBe(3_600_000)
})

test('durations are those of Prometheus', () => {
  expect(durationOf('1h30m')).toBe(5_400_000)
  expect(durationOf('250ms')).toBe(250)
  expect(durationOf('soon')).toBeNaN()
})
