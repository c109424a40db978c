import { expect, test } from 'vitest'
import { z } from 'zod'

import { loadConfig } from '#core/config/load.ts'

import { upstreamSchema } from './settings.ts'

const schema = z.strictObject({ upstream: z.record(z.string(), upstreamSchema) })
const loaded = (upstream: string) =>
  loadConfig({
    schema,
    defaults: { upstream: {} },
    overrides: [`upstream.prom=${upstream}`],
    environment: { TOKEN: 'Bearer 123' },
  })
const settings = (upstream: string) => loaded(upstream).value.upstream['prom']!

test('an address suffices: history is fetched, nothing is sent', () => {
  const { history, remote_write, timeout } = settings('{url: "http://prom:9090"}')
  expect([history?.range, history?.wait, remote_write, timeout]).toEqual([15 * 86_400_000, 300_000, null, 30_000])
})

test('history and remote write can be said in a word, or off', () => {
  const short = settings('{url: "http://prom:9090", history: 36h, remote_write: true}')
  expect([
    short.history?.range,
    short.remote_write?.what,
    short.remote_write?.version,
    short.remote_write?.queue.shards,
  ]).toEqual([36 * 3_600_000, 'results', 1, 4])
  const off = settings('{url: "http://prom:9090", history: off, remote_write: {version: 2, queue: {batch: 7}}}')
  expect([
    off.history,
    off.remote_write?.version,
    off.remote_write?.queue.batch,
    off.remote_write?.queue.samples,
  ]).toEqual([null, 2, 7, 10_000_000])
  expect(settings('{url: "http://prom:9090", history: false, remote_write: false}')).toMatchObject({
    history: null,
    remote_write: null,
  })
})

test('what is secret is printed as such: headers, and an address with a password', () => {
  const { raw } = loaded(
    '{url: "http://me:word@prom:9090", headers: {Authorization: "${TOKEN}"}, remote_write: {url: "https://a:b@c/w", headers: {X-Key: k}}}',
  )
  expect(raw).toEqual({
    upstream: {
      prom: {
        url: '<secret>',
        headers: { Authorization: '<secret>' },
        remote_write: { url: '<secret>', headers: { 'X-Key': '<secret>' } },
      },
    },
  })
  expect(loaded('{url: "http://prom:9090"}').raw).toEqual({ upstream: { prom: { url: 'http://prom:9090' } } })
})

test.each([
  ['{}', /upstream\.prom\.url/],
  ['{url: "ftp://prom"}', /upstream\.prom\.url/],
  ['{url: "http://prom", headers: {"bad name": x}}', /upstream\.prom\.headers/],
  ['{url: "http://prom", history: soon}', /upstream\.prom\.history/],
  ['{url: "http://prom", remote_write: {version: 3}}', /upstream\.prom\.remote_write/],
  ['{url: "http://prom", remote_wirte: true}', /remote_write/],
])('%s is refused, with what is wrong', (text, message) => {
  expect(() => loaded(text)).toThrow(message)
})
