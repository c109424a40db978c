import { describe, expect, test } from 'vitest'

import { fixture } from '../testing/api.fixture.ts'

const { ask } = fixture()

describe('the page', () => {
  test('is served with its kind and a tag, and not again', async () => {
    const response = await ask('/')
    expect(await response.text()).toContain('<title>page</title>')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
    const again = await ask('/index.html', { headers: { 'if-none-match': response.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  })

  test.each([
    '/../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/.hidden.html',
    '/%00.html',
    '/%',
    '/none.html',
    '/x',
  ])('does not reach %s', async (path) => {
    expect((await ask(path)).status).toBe(404)
  })

  test('shows the expression of an alert where its link leads', async () => {
    const { status, headers } = await ask('/graph?g0.expr=up%7Bjob%3D%22a%22%7D%20%3D%3D%201&g0.tab=1')
    expect([status, headers.get('location')]).toEqual([302, './#/series?q=up%7Bjob%3D%22a%22%7D+%3D%3D+1'])
    expect((await ask('/graph')).headers.get('location')).toBe('./#/series')
  })

  test('tells a sender of OTLP which port takes it', async () => {
    const { status, text } = await ask('/v1/metrics', { method: 'POST', body: '{}' }).then(async (response) => {
      return { status: response.status, text: await response.text() }
    })
    expect([status, text]).toEqual([404, expect.stringContaining('listen.otlp_http')])
  })

  test('draws with uPlot from our own packages', async () => {
    const script = await ask('/vendor/uPlot.iife.min.js')
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect((await script.text()).length).toBeGreaterThan(10_000)
    expect((await ask('/vendor/uPlot.min.css')).status).toBe(200)
    expect((await ask('/vendor/uPlot.esm.js')).status).toBe(200)
  })
})

describe('the process', () => {
  test('is healthy, and ready when it says so', async () => {
    const { house, ask: asked } = fixture()
    expect((await asked('/-/healthy')).status).toBe(200)
    expect((await asked('/-/ready')).status).toBe(200)
    house.notReady = 'the journal is being applied'
    const response = await asked('/-/ready')
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('the journal is being applied')
  })

  test('shows its metrics as text', async () => {
    const response = await ask('/metrics')
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toContain('up 1')
  })

  test('reads its rules again when told by POST', async () => {
    let reloads = 0
    const { ask: asked } = fixture({
      reload: async () => {
        reloads += 1
        return reloads > 1 ? ['language', 'limits'] : []
      },
    })
    expect((await asked('/-/reload')).status).toBe(405)
    expect((await asked('/-/reload', { method: 'POST' })).status).toBe(200)
    expect(reloads).toBe(1)
    expect(await (await asked('/-/reload', { method: 'POST' })).text()).toBe(
      'Rules and scrape jobs are read again.\nChanges of language, limits wait for a restart.\n',
    )
    expect((await ask('/-/reload', { method: 'POST' })).status).toBe(404)
  })
})
