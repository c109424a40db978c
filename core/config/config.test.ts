import { inspect } from 'node:util'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { parseBytes } from './bytes.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { nearest } from './problems.ts'
import { Secret } from './secret.ts'

test.each([
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['2w', 1_209_600_000],
  ['0', 0],
  ['1d', 86_400_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '5', '-5m', '1m1h', '1.5h', 'm', '5 m'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test('a duration reads back as it was written', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1e12 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms)
    }),
  )
})

test.each([
  ['64MiB', 67_108_864],
  ['1.5GB', 1.5e9],
  ['4096', 4096],
  ['10 KiB', 10_240],
  ['1M', undefined],
  ['MiB', undefined],
])('%s is %s bytes', (text, size) => {
  expect(parseBytes(text)).toBe(size)
})

test('the name that was probably meant', () => {
  expect(nearest('retentoin', ['retention', 'rules'])).toBe('retention')
  expect(nearest('x', ['retention', 'rules'])).toBeUndefined()
})

test('a secret prints as <secret>, whoever prints it', () => {
  const secret = new Secret('hunter2')
  expect([String(secret), JSON.stringify({ secret }), inspect({ secret }), ['', secret].join('')].join()).not.toContain(
    'hunter2',
  )
  expect(secret.reveal()).toBe('hunter2')
})
