import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'
import { z } from 'zod'

import { loadConfig } from './load.ts'

const schema = z.strictObject({ name: z.string(), labels: z.record(z.string(), z.string()) })
const defaults = { name: 'a', labels: {} }

function load(written: string | Uint8Array) {
  const file = join(mkdtempSync(join(tmpdir(), 'barograph-load-')), 'x.yml')
  writeFileSync(file, written)
  return loadConfig({ schema, defaults, file, environment: {} }).value
}

/** 9 to the power of 9 strings, if anybody counted. */
const NAMES = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
const BOMB = ['a: &a x', ...NAMES.map((to, i) => `${to}: &${to} [${`*${NAMES[i - 1] ?? 'a'},`.repeat(9)}]`)]

test.each<[string, string | Uint8Array, RegExp]>([
  ['aliases that multiply', BOMB.join('\n'), /x\.yml: cannot be read: Excessive alias count/],
  [
    'an alias to what it stands in',
    'name: a\nlabels: &l\n  b: *l\n',
    /x\.yml: cannot be read: line 3: \*l stands in what it stands for/,
  ],
  ['a document that holds itself', '&d\nlabels: *d\n', /line 2: \*d stands in what it stands for/],
  ['__proto__', '__proto__: {name: b}\n', /x\.yml.*: __proto__: unknown key/],
  ['__proto__ below', 'labels: {}\nname: {__proto__: {b: c}}\n', /name: a text is expected/],
  ['another encoding', Buffer.from('b1b1bea9', 'hex'), /x\.yml: cannot be read: is not UTF-8; save it as UTF-8/],
  ['UTF-16', Buffer.from('\ufeffname: a\n', 'utf16le'), /is not UTF-8/],
])('is refused in a line: %s', (_, written, message) => {
  expect(() => load(written)).toThrow(message)
  expect(() => load(written)).toThrow(expect.objectContaining({ code: 'bad_config' }))
})

test('aliases and names of what every object has are well', () => {
  expect(load('\ufeffname: &n b\r\nlabels: {constructor: *n, toString: *n}\r\n')).toEqual({
    name: 'b',
    labels: { constructor: 'b', toString: 'b' },
  })
})
