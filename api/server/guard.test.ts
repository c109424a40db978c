import { describe, expect, test } from 'vitest'

import { isLoopback } from '#core/net/loopback.ts'

import { fixture } from '../testing/api.fixture.ts'

const status = async (api: ReturnType<typeof fixture>, headers: Record<string, string>): Promise<number> =>
  (await api.ask('/api/v1/findings', { headers })).status

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.3.2.1', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['127.evil.example', false],
])('%s is loopback: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback)
})

describe('on loopback', () => {
  const api = fixture({ external_url: 'https://barograph.example', hosts: ['barograph'] })

  test.each([
    [{ host: 'localhost:7300' }, 200],
    [{ host: '127.0.0.1:7300' }, 200],
    [{ host: '[::1]:7300' }, 200],
    [{ host: 'LOCALHOST' }, 200],
    [{ host: 'barograph:7300' }, 200],
    [{ host: 'barograph.example' }, 200],
    [{ host: 'evil.example' }, 403],
    [{ host: 'localhost.evil.example' }, 403],
    [{ host: 'localhost:7300', origin: 'http://localhost:7300' }, 200],
    [{ host: 'localhost:7300', origin: 'https://barograph.example' }, 200],
    [{ host: 'localhost:7300', origin: 'http://localhost:3000' }, 403],
    [{ host: 'localhost:7300', origin: 'null' }, 403],
    [{ host: 'localhost:7300', origin: 'http://evil.example' }, 403],
  ])('%j answers %i', async (headers, expected) => {
    expect(await status(api, headers)).toBe(expected)
  })

  test('names that are not ours do not reach Prometheus’ API either', async () => {
    expect((await api.ask('/api/v1/query?query=up', { headers: { host: 'evil.example' } })).status).toBe(403)
  })
})

test('elsewhere nothing is checked: whoever opened it said auth: none', async () => {
  const api = fixture({ listen: { host: '0.0.0.0', port: 0 } })
  expect(await status(api, { host: 'anything', origin: 'http://elsewhere' })).toBe(200)
})
