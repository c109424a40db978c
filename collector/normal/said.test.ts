import fc from 'fast-check'
import { expect, test } from 'vitest'

import { BODY_MAX, type Level } from '#core/signal.ts'

import { levelShown } from './levels.ts'
import { saidBy } from './said.ts'

const text = (stringValue: string): object => ({ stringValue })
const fields = (values: Readonly<Record<string, object>>): object => {
  return { kvlistValue: { values: Object.entries(values).map(([key, value]) => ({ key, value })) } }
}

test.each<[string, object, string, Level | undefined]>([
  ['plain', text('order 17 placed'), 'order 17 placed', undefined],
  [
    'a structure',
    fields({ msg: text('db is down'), level: text('ERROR'), n: { intValue: '7' } }),
    'db is down',
    'error',
  ],
  ['JSON', text('{"level":"warn","ts":1.5,"msg":"db is down"}\n'), 'db is down', 'warn'],
  ['JSON of pino', text('{"level":50,"time":1,"msg":"db is down"}'), 'db is down', 'error'],
  ['JSON of ECS', text('{"log.level":"info","message":"up"}'), 'up', 'info'],
  ['JSON of Serilog', text('{"@t":"…","@mt":"Order {Id} placed","Id":5}'), 'Order {Id} placed', undefined],
  ['JSON in the JSON of a runtime', text('{"log":"{\\"level\\":\\"fatal\\",\\"msg\\":\\"out\\"}\\n"}'), 'out', 'fatal'],
  ['logfmt', text('ts=1 level=error msg="db \\"a\\" is down" user=x'), 'db \\"a\\" is down', 'error'],
  ['logfmt of one word', text('time=1 lvl=dbg message=up'), 'up', 'debug'],
  ['a pair behind words', text('failed msg="x" code=5'), 'failed msg="x" code=5', undefined],
  ['pairs without a message', text('user=5 took=3s'), 'user=5 took=3s', undefined],
  [
    'fields without a message',
    text('{"b":"two words","a":5,"c":{"d":1},"e":[1]}'),
    'a=5 b="two words" c={} e=[]',
    undefined,
  ],
  ['what only looks like JSON', text('{"msg":"cut of'), '{"msg":"cut of', undefined],
  ['a list', { arrayValue: { values: [text('a')] } }, '["a"]', undefined],
  ['a number', { intValue: '5' }, '5', undefined],
  ['nothing', {}, '', undefined],
  [
    'a traceback',
    text('\nTraceback (most recent call last):\n  File "a.py"\nValueError: no\n'),
    'ValueError: no',
    'error',
  ],
  ['colours', text('\u001B[32mINFO\u001B[0m up'), 'INFO up', undefined],
  ['half a character', text('a\uD800b\u0000'), 'a\uFFFDb\uFFFD', undefined],
])('%s says its message', (_, body, said, level) => {
  expect(saidBy(body)).toEqual({ text: said, level })
})

test.each<[string, Level | undefined]>([
  ['2026-11-28 10:00:00,123 ERROR [main] com.example.Shop: no stock', 'error'],
  ['2026/11/28 10:00:00 [error] 31#31: *1 open() failed', 'error'],
  ['E1128 10:00:00.123456       1 server.go:10] failed', 'error'],
  ['2026-11-28 10:00:00 UTC [17] FATAL:  database "x" does not exist', 'fatal'],
  ['panic: runtime error: index out of range', 'fatal'],
  ['Error: connect ECONNREFUSED', 'error'],
  ['INFO no ERROR was found', 'info'],
  ['there was no error', undefined],
  [`${'x '.repeat(60)}ERROR`, undefined],
])('the level that a line shows: %s', (line, level) => {
  expect(levelShown(line)).toBe(level)
})

test('a long body is cut, and no half of a character stays', () => {
  const { text: said } = saidBy(text('😀'.repeat(5000).slice(1)))
  expect(said.length).toBeLessThanOrEqual(BODY_MAX)
  expect(said.isWellFormed()).toBe(true)
  expect(saidBy(text(JSON.stringify({ pad: 'x'.repeat(10_000), msg: 'behind it' }))).text).toBe('behind it')
})

test('whatever JSON stands in a line, it is text', () => {
  expect(saidBy(text('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000))).text).toBe('a={}')
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { text: said } = saidBy(text(JSON.stringify({ value })))
      expect(said.isWellFormed()).toBe(true)
    }),
  )
})

test('fields in fields are read a few deep, so that no line is read again and again', () => {
  expect(saidBy(text(`${'msg='.repeat(100)}x`)).text).toMatch(/^(msg=){90,}x$/)
})
